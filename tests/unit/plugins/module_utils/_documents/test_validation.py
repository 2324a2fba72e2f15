# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift and errors are distinguished, and when a validation fails."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.validation import (
    DRIFT,
    HEADINGS,
    WELL,
    validation,
)

PAIR = {"source_bucket": "a", "target_host": "there", "target_bucket": "b"}


def found(*findings: tuple[str, bool]) -> dict[str, Any]:
    return {
        "findings": [
            {"id": f"id-{severity}", "severity": severity, "drift": drift, "what": "{{ server }}"}
            for severity, drift in findings
        ],
        "lines": [f"{severity} id-{severity} drift={drift}" for severity, drift in findings],
        "checked": {"checks": ["endpoints", "buckets"]},
    }


def judge(*findings: tuple[str, bool], **options: Any) -> dict[str, Any]:
    options = {"fail_on": "error", "fail_on_drift": True, **options}
    return validation([PAIR], [found(*findings)], **options)


@pytest.mark.parametrize(
    ("findings", "options", "failed"),
    [
        ([], {}, False),
        ([("info", False), ("warning", False), ("warning", True)], {}, False),
        ([("error", True)], {}, True),
        ([("error", True)], {"fail_on_drift": False}, False),
        ([("error", False)], {"fail_on_drift": False}, True),
        ([("warning", False)], {"fail_on": "warning", "fail_on_drift": False}, True),
        ([("warning", True)], {"fail_on": "warning"}, True),
        ([("warning", True)], {"fail_on": "warning", "fail_on_drift": False}, False),
        ([("error", False), ("error", True)], {"fail_on": "never"}, False),
    ],
)
def test_when_it_fails(
    findings: list[tuple[str, bool]], options: dict[str, Any], failed: bool
) -> None:
    judged = judge(*findings, **options)
    assert judged["failed"] is judged["statistic"]["failed"] is failed


def test_groups_and_lines() -> None:
    judged = judge(("error", False), ("error", True), ("warning", False), ("info", True))
    assert [one["severity"] for one in judged["errors"]] == ["error"]
    assert [one["severity"] for one in judged["drift"]] == ["error", "info"]
    assert [one["severity"] for one in judged["others"]] == ["warning"]
    assert judged["lines"] == [
        HEADINGS["errors"],
        "error id-error drift=False",
        DRIFT,
        "error id-error drift=True",
        "info id-info drift=True",
        HEADINGS["others"],
        "warning id-warning drift=False",
    ]
    nothing, checked = judge()["lines"]
    assert nothing == WELL
    assert checked == (
        "Checked of a -> there:b: endpoints, buckets; without a canary (replication_preflight_canary)."
    )


@pytest.mark.parametrize(
    ("canary", "words"), [({"object": {}}, "a canary was replicated"), (None, "no canary was put")]
)
def test_checks_are_listed_once_for_many_pairs(canary: Any, words: str) -> None:
    pairs = [{**PAIR, "source_bucket": f"s{number}"} for number in range(12)]
    results = [{**found(("info", False)), "canary": canary}] * 12
    judged = validation(pairs, results, fail_on="error", fail_on_drift=True)
    line = judged["lines"][-1]
    assert line.startswith("Checked of s0 -> there:b, s1 -> there:b, ")
    assert line.endswith(f", s9 -> there:b and 2 more: endpoints, buckets; {words}.")
    failed = validation(pairs, [found(("error", False))] * 12, fail_on="error", fail_on_drift=True)
    assert "Checked" not in str(failed["lines"])


def test_pairs_that_share_something_report_it_once() -> None:
    both = validation(
        [PAIR, PAIR], [found(("error", False))] * 2, fail_on="error", fail_on_drift=True
    )
    assert len(both["errors"]) == 1
    assert both["statistic"]["errors"] == 1
    assert len(both["statistic"]["findings"]) == 2


def test_the_statistic_has_no_text_from_a_server() -> None:
    assert "{{" not in str(judge(("error", True))["statistic"])
