# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents import events
from ansible_collections.scality.backbeat.plugins.module_utils._documents.events import (
    FAILED,
    GONE,
    NEW,
    STUCK,
    Problem,
    Reading,
    advance,
    empty_state,
    harmless,
    heartbeat,
    is_state,
    mark_delivered,
    paused_for,
    restarted,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
AREA = "versions"


def problem(key: str, kind: str = FAILED, area: str = AREA) -> Problem:
    return Problem(kind, area, (key, "1"), {"key": key})


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def states(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["state"], one["key"]) for one in found]


def test_one_event_for_a_new_problem_and_one_when_it_is_resolved() -> None:
    state, found = advance(empty_state(), [Reading(AREA, (problem("a"), problem("b")))], NOW)
    assert states(found) == [(NEW, "a"), (NEW, "b")]
    state, found = advance(state, [Reading(AREA, (problem("a"),))], after(60))
    assert states(found) == [(GONE, "b")]
    assert found[0]["since"] < found[0]["at"]
    state, found = advance(state, [Reading(AREA, (problem("a"),))], after(120))
    assert found == []
    assert state["open"].keys() == {problem("a").name}


def test_an_area_that_was_not_read_keeps_its_problems() -> None:
    state, _ = advance(empty_state(), [Reading(AREA, (problem("a"),))], NOW)
    state, found = advance(state, [Reading("other")], after(60))
    assert (len(state["open"]), found) == (1, [])


def test_problems_that_were_not_checked_again_are_not_resolved() -> None:
    state, _ = advance(empty_state(), [Reading(AREA, (problem("a"), problem("b")))], NOW)
    checked = {problem("a").name}
    _, found = advance(state, [Reading(AREA, (), checked)], after(60))
    assert states(found) == [(GONE, "a")]


def test_each_kind_is_a_separate_problem() -> None:
    state, _ = advance(empty_state(), [Reading(AREA, (problem("a"),))], NOW)
    _, found = advance(state, [Reading(AREA, (problem("a", STUCK),))], after(60))
    assert [(one["kind"], one["state"]) for one in found] == [(FAILED, GONE), (STUCK, NEW)]


def test_each_return_of_a_problem_has_its_number_and_its_id() -> None:
    state, ids, numbers = empty_state(), [], []
    for turn in range(3):
        state, found = advance(state, [Reading(AREA, (problem("a"),))], after(2 * turn))
        ids.append(found[0]["id"])
        numbers.append(found[0]["occurrence"])
        state, found = advance(state, [Reading(AREA)], after(2 * turn + 1))
        ids.append(found[0]["id"])
    assert numbers == [1, 2, 3]
    assert len(set(ids)) == 6
    assert ids[0].removesuffix(NEW) == ids[1].removesuffix(GONE)


def test_a_return_after_a_day_is_the_first_again() -> None:
    state, _ = advance(empty_state(), [Reading(AREA, (problem("a"),))], NOW)
    state, _ = advance(state, [Reading(AREA)], after(1))
    _, found = advance(state, [Reading(AREA, (problem("a"),))], after(25 * 3600))
    assert found[0]["occurrence"] == 1


def test_the_note_of_a_reading_is_kept_for_the_next() -> None:
    state, _ = advance(empty_state(), [Reading(AREA, note={"after": "k"})], NOW)
    state, _ = advance(state, [Reading("other")], after(1))
    assert state["notes"][AREA] == {"after": "k"}


def test_an_event_leaves_the_outbox_when_it_is_delivered() -> None:
    state, found = advance(empty_state(), [Reading(AREA, (problem("a"), problem("b")))], NOW)
    state = mark_delivered(state, {found[0]["id"]}, after(1))
    assert [one["id"] for one in state["outbox"]] == [found[1]["id"]]


def test_a_restart_repeats_possibly_lost_events_with_the_same_ids() -> None:
    state, found = advance(empty_state(), [Reading(AREA, (problem("a"), problem("b")))], NOW)
    state = mark_delivered(state, {one["id"] for one in found}, NOW)
    state, gone = advance(state, [Reading(AREA, (problem("a"),))], after(60))
    state = mark_delivered(state, {gone[0]["id"]}, after(60))
    again = restarted(state, after(90))["outbox"]
    assert {one["id"] for one in again} == {one["id"] for one in [*found, *gone]}
    assert again[-1] == gone[0]
    late = restarted(state, after(3600))["outbox"]
    assert states(late) == [(NEW, "a")]


names = st.sets(st.sampled_from("abcde"))


@given(st.lists(names, max_size=8), st.data())
def test_no_event_is_lost_in_a_crash(turns: list[set[str]], data: st.DataObject) -> None:
    """After each step, the file has the state, and the process may die; in the end all events were delivered."""
    state, seen, expected = empty_state(), [], []
    for turn, keys in enumerate(turns):
        at = after(turn)
        state, found = advance(state, [Reading(AREA, tuple(map(problem, sorted(keys))))], at)
        expected += [one["id"] for one in found]
        if data.draw(st.booleans()):
            state = restarted(json.loads(json.dumps(state)), at)
        for event in list(state["outbox"]):
            if data.draw(st.booleans()):
                # The crash is between the delivery and its record.
                seen.append(event["id"])
                state = restarted(json.loads(json.dumps(state)), at)
                break
            seen.append(event["id"])
            state = mark_delivered(state, {event["id"]}, at)
    seen += [one["id"] for one in state["outbox"]]
    assert set(seen) == set(expected)


def test_a_heartbeat_counts_problems() -> None:
    state, _ = advance(
        empty_state(), [Reading(AREA, (problem("a"), problem("b"), problem("c", STUCK)))], NOW
    )
    beat = heartbeat(state, NOW, None)
    assert beat["problems"] == {"failed": 2, "stuck": 1, "paused": 0, "finding": 0, "outage": 0}
    assert heartbeat(state, after(1), None)["id"] != beat["id"]


@pytest.mark.parametrize(
    "text", ["{{ 1 }}", "{{{{ 1 }}}}", "{%- set x %}", "{# c #}", "{{% x", "{{{", "a {{#}"]
)
def test_no_text_stays_a_template(text: str) -> None:
    cleaned = harmless({"a": [text], text: text})
    for found in (cleaned["a"][0], *cleaned):
        assert not any(mark in found for mark in ("{{", "{%", "{#"))
    assert harmless({"n": 1, "t": "{a}"}) == {"n": 1, "t": "{a}"}


def test_keys_are_encoded() -> None:
    facts = events.version_facts("b", "a/{{ 1 }} \u00fc", "v")
    assert facts == {"bucket": "b", "key": "a/%7B%7B%201%20%7D%7D%20%C3%BC", "version_id": "v"}


def test_a_pause_is_too_long_after_a_while() -> None:
    sites = {"a": True, "b": False}
    found, note = paused_for(sites, {}, {}, NOW, 60)
    assert (found, set(note)) == ([], {"b"})
    assert paused_for(sites, {}, note, after(59), 60)[0] == []
    assert paused_for(sites, {}, note, after(60), 60)[0] == ["b"]
    assert paused_for({"b": True}, {}, note, after(60), 60) == ([], {})


def test_a_pause_that_ends_by_a_schedule_is_not_too_long() -> None:
    _, note = paused_for({"b": False}, {}, {}, NOW, 60)
    for seconds, found in ((7200, []), (100, ["b"])):
        resumes = {"b": after(seconds)}
        assert paused_for({"b": False}, resumes, note, after(120), 60)[0] == found


def test_other_data_is_not_a_state() -> None:
    assert is_state(json.loads(json.dumps(empty_state())))
    for bad in (None, [], {}, {**empty_state(), "schema": "x"}, {**empty_state(), "open": []}):
        assert not is_state(bad)
