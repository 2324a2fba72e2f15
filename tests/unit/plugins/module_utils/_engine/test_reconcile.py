# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconciling a resource in spite of failures and conflicts; the resource is a set of letters."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Call,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import (
    CONFLICTS,
    exclusive,
)
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Backoff, Deadline
from ansible_collections.scality.backbeat.plugins.module_utils._work import Change, Plan, Refused

from ...fake_client import Time
from ...runs import run

Kind = type[ApiError]


def error(kind: Kind) -> ApiError:
    return kind(Call("Write", "http://node1", "write"), "trouble")


class Letters:
    """A resource of letters on a server. Missing letters are added one by one, then others are removed."""

    def __init__(self, there: str, wanted: str) -> None:
        self.there = set(there)
        self.wanted = set(wanted)
        self.reads = 0
        self.writes: list[str] = []
        self.faults: dict[str, list[Callable[[], object]]] = {}
        self.refuses: Callable[[set[str]], bool] = lambda _current: False
        self.looked = 0

    def before(self, letter: str, does: ApiError | Callable[[], object]) -> Letters:
        """Set what happens before the next write of this letter."""
        self.faults.setdefault(letter, []).append(_doing(does))
        return self

    def after(self, letter: str, does: ApiError | Callable[[], object]) -> Letters:
        """Set what happens after the server acted; with an error, the response is lost."""

        def act_and_fail() -> None:
            self._toggle(letter)
            _doing(does)()

        self.faults.setdefault(letter, []).append(act_and_fail)
        return self

    def read(self) -> frozenset[str] | None:
        self.reads += 1
        if self.faults.get("read"):
            self.faults["read"].pop(0)()
        return frozenset(self.there) or None

    def plan(self, current: frozenset[str] | None) -> Plan[frozenset[str]]:
        there = current or frozenset()
        if self.refuses(set(there)):
            raise Refused("no")
        changes = [self._change("Add", letter) for letter in sorted(self.wanted - there)]
        changes += [self._change("Remove", letter) for letter in sorted(there - self.wanted)]
        return Plan(frozenset(self.wanted) or None, tuple(changes), ("careful",), self._look)

    def describe(self, state: frozenset[str] | None) -> dict[str, Any] | None:
        return None if state is None else {"letters": "".join(sorted(state))}

    def compared(self, state: frozenset[str] | None) -> dict[str, Any]:
        return self.describe(state) or {}

    def _look(self) -> tuple[str, ...]:
        self.looked += 1
        return ("looked",)

    def _change(self, verb: str, letter: str) -> Change[frozenset[str]]:
        def apply(_state: frozenset[str] | None) -> frozenset[str] | None:
            self.writes.append(letter)
            if self.faults.get(letter):
                self.faults[letter].pop(0)()
            if (verb == "Add") != (letter in self.there):
                self._toggle(letter)
            return frozenset(self.there) or None

        return Change(verb, letter, apply, removes=verb == "Remove")

    def _toggle(self, letter: str) -> None:
        self.there ^= {letter}


def _doing(does: ApiError | Callable[[], object]) -> Callable[[], object]:
    if not isinstance(does, ApiError):
        return does

    def fail() -> None:
        raise does

    return fail


def fails(letters: Letters, kind: Kind, timeout: float = 60.0) -> list[str]:
    """The changes that are known if the work ends with this error."""
    changes: list[str] = []
    with pytest.raises(kind) as caught:
        run(letters, timeout=timeout, changes=changes)
    assert type(caught.value) is kind
    return changes


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("there", "wanted", "changes"),
    [
        ("", "", []),
        ("ab", "ab", []),
        ("", "ab", ["Add a", "Add b"]),
        ("ab", "", ["Remove a", "Remove b"]),
        ("ab", "bc", ["Add c", "Remove a"]),
    ],
)
def test_the_result(there: str, wanted: str, changes: list[str], check_mode: bool) -> None:
    letters = Letters(there, wanted)
    assert run(letters, check_mode=check_mode) == {
        "changed": bool(changes),
        "it": {"letters": wanted} if wanted else None,
        "changes": changes,
        "diff": {
            "before_header": "label",
            "after_header": "label",
            "before": {"letters": there} if there else {},
            "after": {"letters": wanted} if wanted else {},
        },
        "warnings": ["careful", "looked"],
    }
    assert letters.writes == ([] if check_mode else [change[-1] for change in changes])
    assert letters.there == set(there if check_mode else wanted)
    assert (letters.reads, letters.looked) == (1, 1)


class TestALostAnswer:
    def test_to_a_write_that_happened_does_not_repeat_it(self) -> None:
        letters = Letters("", "abc").after("b", error(Unreachable))
        result = run(letters, timeout=60)
        assert result["changes"] == ["Add a", "Add b", "Add c"]
        assert letters.writes == ["a", "b", "c"]
        assert result["it"] == {"letters": "abc"}

    def test_to_the_last_write_still_counts_it(self) -> None:
        letters = Letters("", "a").after("a", error(Unreachable))
        result = run(letters, timeout=60)
        assert (result["changed"], result["changes"]) == (True, ["Add a"])
        assert letters.writes == ["a"]

    def test_to_a_removal_that_happened_counts_it(self) -> None:
        letters = Letters("a", "").after("a", error(Unreachable))
        result = run(letters, timeout=60)
        assert (result["changes"], result["it"]) == (["Remove a"], None)

    def test_to_a_write_that_never_arrived_repeats_it(self) -> None:
        letters = Letters("", "ab").before("a", error(Unreachable)).before("a", error(Unreachable))
        result = run(letters, timeout=60)
        assert result["changes"] == ["Add a", "Add b"]
        assert letters.writes == ["a", "a", "a", "b"]

    def test_ends_the_work_at_the_deadline(self) -> None:
        letters = Letters("", "ab")
        for _ in range(1000):
            letters.before("b", error(Unreachable))
        time = Time()
        with pytest.raises(Unreachable):
            run(letters, timeout=30, time=time, changes=(changes := []))
        assert changes == ["Add a"]
        assert sum(time.slept) == pytest.approx(30.0)

    def test_is_not_followed_by_anything_without_time(self) -> None:
        letters = Letters("", "a").before("a", error(Unreachable))
        assert fails(letters, Unreachable, timeout=0) == []
        assert (letters.writes, letters.reads) == (["a"], 1)


class TestAConflict:
    def test_is_read_and_planned_again(self) -> None:
        letters = Letters("", "ab")

        def another_run() -> None:
            letters.there |= {"a", "x"}
            raise error(Conflict)

        letters.before("a", another_run)
        result = run(letters, timeout=60)
        assert result["changes"] == ["Add b", "Remove x"]
        assert letters.there == {"a", "b"}
        assert letters.looked == 2, "the new plan may be dangerous where the first was not"

    def test_that_does_not_end_is_an_error(self) -> None:
        letters = Letters("", "a")
        for _ in range(100):
            letters.before("a", error(Conflict))
        assert fails(letters, Conflict) == []
        assert len(letters.writes) == CONFLICTS + 1

    def test_after_the_write_counts_the_write(self) -> None:
        overwritten = error(Conflict)
        overwritten.happened = True
        letters = Letters("", "a").after("a", overwritten)
        assert run(letters, timeout=60)["changes"] == ["Add a"]
        letters = Letters("", "a").after("a", overwritten)
        assert fails(letters, Conflict, timeout=0) == ["Add a"]

    @pytest.mark.parametrize("kind", [Forbidden, Invalid, NotFound])
    def test_does_not_make_other_errors_worth_a_retry(self, kind: Kind) -> None:
        letters = Letters("", "a").before("a", error(Conflict)).before("a", error(kind))
        fails(letters, kind)
        assert letters.writes == ["a", "a"]


@pytest.mark.parametrize("kind", [Forbidden, Invalid, NotFound])
def test_a_failure_in_the_middle_keeps_the_changes(kind: Kind) -> None:
    letters = Letters("", "abc").before("b", error(kind))
    assert fails(letters, kind) == ["Add a"]
    assert letters.writes == ["a", "b"]


@pytest.mark.parametrize("kind", [Forbidden, Unreachable])
def test_a_failure_of_the_second_read_keeps_the_changes(kind: Kind) -> None:
    letters = Letters("", "ab").before("b", error(Unreachable))
    letters.before("read", lambda: None).before("read", error(kind))
    assert fails(letters, kind) == ["Add a"]


def test_a_refusal_after_the_second_read_keeps_the_changes() -> None:
    letters = Letters("", "ab").before("b", error(Unreachable))
    letters.refuses = lambda current: "a" in current
    changes: list[str] = []
    with pytest.raises(Refused):
        run(letters, timeout=60, changes=changes)
    assert changes == ["Add a"]


def test_a_missing_resource_was_removed_by_another_run() -> None:
    letters = Letters("ab", "")

    def gone() -> None:
        letters.there.clear()
        raise error(NotFound)

    letters.before("a", gone)
    result = run(letters)
    assert (result["it"], result["diff"]["after"]) == (None, {})
    assert letters.reads == 2


@pytest.mark.parametrize("kind", [Forbidden, Unreachable, Invalid])
def test_a_failure_of_the_first_read_is_not_repaired(kind: Kind) -> None:
    letters = Letters("", "a").before("read", error(kind))
    assert fails(letters, kind) == []
    assert letters.writes == []


def test_a_lock_keeps_other_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    order: list[str] = []

    def second() -> None:
        with exclusive("the same", Backoff(10.0)):
            order.append("second")

    with exclusive("the same", Backoff(10.0)):
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.15)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_a_lock_is_waited_for_until_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    late = Backoff(10.0, deadline=Deadline(0.1))
    with (
        exclusive("the same", Backoff(10.0)),
        pytest.raises(Refused, match="Another run on this machine is still changing the same"),
        exclusive("the same", late),
    ):
        pass


def test_without_a_folder_for_locks_the_work_continues_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with exclusive("the same", Backoff(10.0)) as warnings:
        assert "could change the same at the same time" in warnings[0]
    (tmp_path / f"ansible-scality-backbeat-{os.getuid()}").symlink_to("/")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with exclusive("the same", Backoff(10.0)) as warnings:
        assert "belongs to another user" in warnings[0]
