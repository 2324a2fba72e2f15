# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fragment documents a part of the argument specs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._engine import options

from ..documented import COLLECTION, documented, fragment_of, specified

PIECES = {
    "connection": options.CONNECTION,
    "wait": options.WAIT,
    "concurrency": options.CONCURRENCY,
    "attributes": {},
    "attributes.read_only": {},
    "attributes.iam": {},
    "attributes.s3": {},
}


@pytest.mark.parametrize(("name", "spec"), PIECES.items())
def test_a_fragment_is_its_argument_spec(name: str, spec: Any) -> None:
    document = fragment_of(f"scality.backbeat.{name}")
    assert documented(document["options"]) == specified(spec)


def test_every_fragment_is_compared() -> None:
    files = (COLLECTION / "plugins" / "doc_fragments").glob("*.py")
    assert {path.stem for path in files} == {name.split(".")[0] for name in PIECES}


def test_a_connection_inside_another_option_has_the_same_options_and_rules() -> None:
    nested = options.nested_connection()
    assert specified(nested["options"]) == specified(options.CONNECTION)
    assert {name: nested[name] for name in options.CONNECTION_RULES} == options.CONNECTION_RULES


def test_secrets_are_not_logged() -> None:
    secret = {name for name, option in options.CONNECTION.items() if option.get("no_log")}
    assert secret == {"secret_key", "session_token"}


def test_secrets_are_found_at_any_depth() -> None:
    side = options.nested_connection()
    spec = {
        **options.CONNECTION,
        "sides": {"type": "list", "elements": "dict", "options": {"s3": side}},
    }
    given = {
        "access_key": "shown",
        "secret_key": "one",
        "session_token": None,
        "sides": [{"s3": {"secret_key": "two"}}, {"s3": None}, {"s3": {"session_token": "three"}}],
    }
    assert options.secrets(spec, given) == {"one", "two", "three"}
