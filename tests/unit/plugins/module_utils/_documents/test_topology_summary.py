# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a run: the texts for proofs, and linear time for many pairs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.topology_summary import (
    Summary,
)

CANARY = "s0/key-canary-12345678-1234-1234-1234-123456789abc"


def plan(pairs: int) -> dict[str, Any]:
    return {
        "outgoing": [
            {"source_bucket": f"s{n}", "target_bucket": f"t{n}", "target_host": "there"}
            for n in range(pairs)
        ],
        "source_role": {"name": "Source", "arn": ""},
        "target_roles": {"there": {"name": "Target", "arn": ""}},
    }


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"proof": "new"}, "new"),
        ({"proof": "valid"}, "valid"),
        ({"proof": "unverified"}, "valid, roles unverified"),
        ({"proof": "withheld"}, "none, because of a default retention"),
        ({"proof": "none", "object": None}, "none"),
        ({"proof": "none", "object": {"replication_status": "PENDING"}}, "PENDING"),
        ({"proof": "new", "failed": True}, "none"),
        ({}, "none"),
    ],
)
def test_a_proof_in_words(result: dict[str, Any], words: str) -> None:
    summary = Summary(plan(1), {"proofs": {"results": [result]}}).describe()
    assert summary["pairs"][0]["proof"] == words


def test_a_run_has_a_table_of_its_pairs() -> None:
    replications = [{"replication": {"rules": [{}, {}]}}, {}]
    proofs = [{"proof": "new", "elapsed": 2.04}, {"proof": "none", "elapsed": None}]
    results = {"replication": {"results": replications}, "proofs": {"results": proofs}}
    assert Summary(plan(2), results).describe()["lines"] == [
        "Pair            Rules  Roles           Proof  Seconds",
        "s0 -> there:t0  2      Source, Target  new    2.0",
        "s1 -> there:t1  0      Source, Target  none",
        "Done: 0 added; 0 changed; 0 removed.",
    ]


@pytest.mark.parametrize(("step", "rules"), [("roles", ""), ("replication", "1"), ("removed", "1")])
def test_configurations_that_were_not_read_are_not_shown_as_missing(step: str, rules: str) -> None:
    """With --tags, and after a teardown that left other rules."""
    results = {step: {"results": [{"replication": {"rules": [{}]}}]}}
    summary = Summary(plan(1), results).describe()
    words = f"s0 -> there:t0 {rules} Source, Target not run"
    assert summary["lines"][1].split() == words.split()
    assert summary["pairs"][0]["rules"] == (int(rules) if rules else None)


def test_without_pairs_and_in_check_mode_there_is_no_table() -> None:
    assert Summary(plan(0)).describe()["lines"] == ["Done: 0 added; 0 changed; 0 removed."]
    assert Summary(plan(1), check_mode=True).describe()["lines"] == [
        "Plan: 0 to add; 0 to change; 0 to remove."
    ]


def test_numbers_of_resources_in_words() -> None:
    changes = ["CreateRole a", "CreatePolicy p", "CreatePolicy q", "CreateBucket s0"]
    results = {"roles": {"results": [{"changes": changes}]}}
    assert Summary(plan(0), results).describe()["lines"] == [
        "Done: 1 role, 2 policies, 1 bucket added; 0 changed; 0 removed."
    ]


def test_canaries_do_not_count() -> None:
    changes = ["PutObjectTagging s0/key", f"PutObject {CANARY}", f"DeleteObject {CANARY}"]
    summary = Summary(plan(1), {"proofs": {"results": [{"changes": changes}]}}).describe()
    assert (summary["add"], summary["change"], summary["remove"]) == ({}, {"object": 1}, {})


def test_thousands_of_pairs() -> None:
    """Quadratic time took 5 s of CPU time."""
    pairs = 2000
    results = {
        "buckets": {"results": [{"changes": [f"CreateBucket s{n}"]} for n in range(pairs)]},
        "replication": {
            "results": [
                {"changes": [f"PutBucketReplication s{n}"], "rule_counts": {"add": 1, "change": 0}}
                for n in range(pairs)
            ]
        },
    }
    began = time.process_time()
    summary = Summary(plan(pairs), results).describe()
    assert summary["add"] == {"bucket": pairs, "rule": pairs}
    assert time.process_time() - began < 1
