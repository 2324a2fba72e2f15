# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a repair as JSON, and as the page shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.repair_report import (
    SCHEMA,
    RepairAction,
    RepairReport,
    SkippedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_page import (
    PageInput,
    page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from ...reports import repair_report, report

PAIR = ("node1", "source-bucket", "node6", "target-bucket")


def shown(repair: RepairReport, **given: Any) -> dict[str, Any]:
    (pair,) = page(PageInput("t", repairs=[repair], **given))["pairs"]
    found: dict[str, Any] = pair["repair"]
    return found


def test_it_survives_json() -> None:
    made = repair_report()
    assert RepairReport.from_dict(json.loads(json.dumps(made.as_dict()))) == replace(
        made, skipped_count=made.skipped_total
    )


def test_little_is_needed() -> None:
    names = ("source", "source_bucket", "target", "target_bucket")
    given = {"schema": SCHEMA, **dict(zip(names, PAIR, strict=True))}
    assert RepairReport.from_dict(given) == RepairReport(*PAIR)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schema": "other"}, "not the result of a repair"),
        ({"done": [{"what": 1}]}, "damaged"),
        ({"skipped": [{"key": "k"}]}, "damaged"),
    ],
)
def test_other_data_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        RepairReport.from_dict({**repair_report().as_dict(), **changed})


def test_problems_actions_and_remaining_problems() -> None:
    found = shown(repair_report())
    assert [(one["title"], one["before"], one["after"]) for one in found["classes"]] == [
        ("failed", "12", "1"),
        ("never replicated", "1\u202f480", "2"),
        ("stuck", "3", "0"),
        ("a new state", "1", "0"),
    ]
    assert found["sentence"] == (
        "1\u202f496 versions were to be fixed, 3 still are; 2 were skipped."
    )
    retry, tags = found["done"]
    assert (retry["title"], retry["completed"], retry["failed"]) == (
        "Retried with Backbeat's API",
        "10",
        "1",
    )
    assert (tags["asked"], tags["pending"]) == ("1\u202f483", "1")


def test_skipped_versions_are_shown_by_their_reason() -> None:
    versions = [SkippedVersion(f"k{n}", "1", "Deleted.", "Set it.") for n in range(2)]
    versions.append(SkippedVersion("k9", "null", "Old content.", "Copy it."))
    found = shown(RepairReport(*PAIR, skipped=tuple(versions), skipped_count=7))
    assert [
        (one["reason"], one["next_step"], len(one["versions"])) for one in found["skipped"]
    ] == [
        ("Deleted.", "Set it.", 2),
        ("Old content.", "Copy it.", 1),
    ]
    assert found["more"] == "4"


def test_without_a_last_verification_nothing_counts_as_fixed() -> None:
    found = shown(RepairReport(*PAIR, before={"failed": 2}, done=(RepairAction("tags", 2, 2, 2),)))
    assert found["classes"][0]["after"] is None
    assert found["sentence"] == "2 versions were to be fixed; it was not verified what is left."


@pytest.mark.parametrize(
    ("repair", "verdict"),
    [
        (RepairReport(*PAIR, before={"failed": 2}, after={}), "ok"),
        (RepairReport(*PAIR, before={"failed": 2}, after={"pending": 2}), "waiting"),
        (RepairReport(*PAIR, before={"failed": 2}, after={"failed": 1}), "failed"),
        (RepairReport(*PAIR, before={"failed": 2}, after={}, stopped="It stopped."), "incomplete"),
        (RepairReport(*PAIR, before={"failed": 2}), "unverified"),
    ],
)
def test_verdicts_of_repairs(repair: RepairReport, verdict: str) -> None:
    assert shown(repair)["verdict"] == verdict


def test_a_repair_belongs_to_its_pair() -> None:
    made = repair_report()
    assert shown(made, reports=[report(in_sync=1)])["done"]
    pairs = page(PageInput("t", reports=[report("node3", in_sync=1)], repairs=[made]))["pairs"]
    assert [(one["source"], bool(one["repair"])) for one in pairs] == [
        ("node3", False),
        ("node1", True),
    ]
