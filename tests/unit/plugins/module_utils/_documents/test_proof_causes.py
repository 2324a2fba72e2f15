# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message after a failed proof: the cause if it is known, without guesses that were already checked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.proof_causes import causes

GUESS = "The role may be missing."
PENDING = "b/k is still PENDING after 5 s."
OBJECT = {"replication_status": "PENDING"}
PROOFS = {
    "msg": f"1 of 2 proofs failed. {PENDING} {GUESS}",
    "results": [
        {"proof": "valid"},
        {
            "failed": True,
            "msg": f"{PENDING} {GUESS}",
            "what": PENDING,
            "remedy": GUESS,
            "canary": None,
            "object": OBJECT,
        },
    ],
}
WELL = {"results": [{"findings": [{"severity": "info"}], "lines": ["info x"]}]}
WRONG = {"results": [{"findings": [{"severity": "error"}], "lines": ["error y"]}]}
URL = "http://node1"


def service(**more: Any) -> dict[str, Any]:
    return {"service": {"asked": True, "backbeat_url": URL, "healthy": True, "sites": [], **more}}


def lines(preflight: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    first, *others = causes(PROOFS, preflight, asked)
    assert first == PENDING
    return others


def test_an_error_is_the_cause() -> None:
    assert lines(WRONG, {}) == ["error y"]
    assert lines(WRONG, service()) == ["error y"]


def test_without_an_error_the_other_facts_are_reported() -> None:
    info, closing = lines(WELL, {})
    assert info == "info x"
    assert closing.startswith("Preflight found no error on either side, so Backbeat may be down")
    assert "replication_backbeat_url" in closing


def test_a_backbeat_without_errors() -> None:
    backlog = {"backlog": {"count": 4000, "size": 0}}
    (_info, closing) = lines(WELL, service(metrics=backlog))
    assert f"Backbeat at {URL} reports none; 4,000 operations are pending." in closing


@pytest.mark.parametrize("preflight", [WELL, WRONG])
def test_backbeats_state_is_always_reported(preflight: dict[str, Any]) -> None:
    sites = [
        {"name": "a", "state": "running"},
        {"name": "b", "state": "paused", "resume_at": None},
        {"name": "c", "state": "paused", "resume_at": "2026-11-23T06:00:00Z"},
    ]
    health = {"isr_health": "ok", "zookeeper": "down", "kafka_producer": "ok", "notes": ["Note."]}
    _found, unhealthy, until_resumed, until = lines(
        preflight, service(sites=sites, healthy=False, health=health)
    )
    assert "zookeeper is down, kafka_producer is ok. Note." in unhealthy
    assert f"the site b is paused at {URL} until it is resumed" in until_resumed
    assert "the site c is paused" in until
    assert "until 2026-11-23T06:00:00Z" in until


def test_a_backbeat_that_does_not_respond() -> None:
    assert lines(WELL, {"msg": "No answer."})[1:] == ["Backbeat could not be asked: No answer."]


@pytest.mark.parametrize("status", [None, "COMPLETED"])
def test_backbeat_is_not_blamed_for_other_failures(status: str | None) -> None:
    canary = {"object": {"replication_status": status}}
    proofs = {"results": [{"failed": True, "msg": "No.", "canary": canary, "object": OBJECT}]}
    assert causes(proofs, WELL, {}) == ["No.", "info x"]
    assert causes({"msg": "No."}, WELL, {}) == ["No.", "info x"]


def test_a_preflight_that_failed_leaves_the_guesses() -> None:
    found = causes(PROOFS, {"msg": "Refused."}, {})
    assert found == [f"{PENDING} {GUESS}", "Refused."]


def test_a_proof_that_failed_as_a_whole() -> None:
    assert causes({"msg": "Bad option."}, WRONG, {}) == ["Bad option.", "error y"]
