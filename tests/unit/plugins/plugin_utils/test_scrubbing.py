# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are found in results wherever they are, and results without any are left alone."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.plugin_utils._scrubbing import scrubbed


@pytest.mark.parametrize(
    "secret",
    [
        "hunter2",
        'with "quotes"',
        "back\\slash",
        "line\nbreak",
        "tail\r",
        "umläut",
        "\udcff",
        "€\x00",
    ],
)
def test_a_secret_is_masked_at_any_depth(secret: str) -> None:
    result = {"changed": True, "results": [{"msg": f"see {secret}!", "ok": [None, {"a": secret}]}]}
    shown = scrubbed(result, {"absent", secret})
    assert shown["results"][0]["msg"] == "see ********!"
    assert shown["results"][0]["ok"] == [None, {"a": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}]
    assert shown["changed"] is True


def test_numbers_that_are_secrets_are_masked_but_no_booleans() -> None:
    shown = scrubbed({"changed": True, "failed": False, "size": 3.25, "count": 1}, {"1", "3.25"})
    assert shown["changed"] is True
    assert shown["failed"] is False
    assert shown["size"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_what_is_no_json_is_searched_too() -> None:
    day = datetime.date(2026, 1, 1)
    result: dict[str, Any] = {"msg": "the hunter2", "when": day, "set": {"hunter2"}}
    shown = scrubbed(result, {"hunter2"})
    assert "hunter2" not in str(shown)


def test_without_a_secret_the_result_is_not_copied() -> None:
    result = {"changed": False, "results": [{"bucket": "a"}]}
    assert scrubbed(result, {"hunter2"}) is result
