# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diff of each module that can change something: only the changed lines, and none without a change."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest

from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    set_up,
)

RULES = [{"prefix": f"{name}/", "enabled": True} for name in ("a", "b", "c")]
#: By module: the options of the first run, those of the second one, and the expected lines of the diff.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "iam_role": (
        {"name": SOURCE_ROLE, "managed_policies": ["ACCOUNT:policy/P"]},
        {"name": SOURCE_ROLE, "managed_policies": ["ACCOUNT:policy/P", "ACCOUNT:policy/Q"]},
        ["+ACCOUNT:policy/Q"],
    ),
    "policy": (
        {"name": SOURCE_POLICY, "side": "source", "source_buckets": ["one-bucket"]},
        {"name": SOURCE_POLICY, "side": "source", "source_buckets": ["one-bucket", "two-bucket"]},
        ["+arn:aws:s3:::two-bucket", "+arn:aws:s3:::two-bucket/*"],
    ),
    "bucket": (
        {"name": "new-bucket"},
        {"name": "new-bucket", "versioning": "enabled"},
        ["-versioning: unversioned", "+versioning: enabled"],
    ),
    "bucket_replication": (
        {"bucket": SOURCE_BUCKET, "rules": RULES},
        {"bucket": SOURCE_BUCKET, "rules": [{"prefix": "b/", "enabled": False}]},
        ["-enabled: true", "+enabled: false"],
    ),
    "object": (
        {"bucket": SOURCE_BUCKET, "key": KEY, "content": "x", "tags": {"a": "1", "b": "2"}},
        {"bucket": SOURCE_BUCKET, "key": KEY, "content": "x", "tags": {"a": "1", "b": "3"}},
        ["-b: 2", "+b: 3"],
    ),
}


def lines(value: Any) -> list[str]:
    """The lines of the value as Ansible shows it, without indentation and punctuation."""
    text = json.dumps(value, indent=1, sort_keys=True)
    return [line.strip().rstrip(",").replace('"', "") for line in text.splitlines()]


def changed_lines(result: Result) -> list[str]:
    """The lines of the diff that were removed or added."""
    diff = result["diff"]
    found = difflib.ndiff(lines(diff["before"]), lines(diff["after"]))
    return [line[0] + line[2:] for line in found if line[0] in "+-"]


@pytest.mark.parametrize("module", CHANGES)
def test_diff_shows_only_the_changed_lines(source: Side, target: Side, module: str) -> None:
    set_up(source, target, rules=RULES)
    if module == "iam_role":
        for name in "PQ":
            source.do("policy", name=name, side="source", source_buckets=["one-bucket"])
    account = f"arn:aws:iam::{source.account}"
    options, change, expected = json.loads(json.dumps(CHANGES[module]).replace("ACCOUNT", account))
    source.do(module, **options)
    assert changed_lines(source.do(module, **options)) == []
    for check_mode in (True, False):
        result = source.do(module, check_mode=check_mode, **change)
        assert result["changed"]
        assert sorted(changed_lines(result)) == sorted(expected)
    assert changed_lines(source.do(module, **change)) == []


def test_diff_of_a_paused_site_shows_its_state(source: Side, target: Side) -> None:
    set_up(source, target)
    options = {"backbeat_url": source.side.backbeat_url, "site": "node6"}
    result = source.do("site", **options, state="paused")
    assert changed_lines(result) == ["-state: running", "+state: paused"]
