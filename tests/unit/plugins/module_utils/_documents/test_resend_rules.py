# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for sending again: single rules, and all small histories with a target that behaves as measured."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.resend_rules import (
    ARRIVING,
    NULL,
    REASONS,
    KeyPlan,
    KeyVersion,
    Selection,
    plan_key,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_states import STATE

FAILED, THERE, GONE, WAITS = "failed", "in_sync", "missing", "pending"
NEW_MARKER = "new-marker"


def version(name: str, state: str = FAILED, **more: object) -> KeyVersion:
    return KeyVersion(name, state, **more)  # type: ignore[arg-type]


def marker(name: str, state: str) -> KeyVersion:
    return KeyVersion(name, state, delete_marker=True)


def plan(*versions: KeyVersion, **selection: object) -> KeyPlan:
    return plan_key(versions, Selection(**selection))  # type: ignore[arg-type]


def reasons(found: KeyPlan) -> dict[str, str]:
    return {one.version_id: one.reason for one in found.refused}


def test_the_oldest_version_is_sent_first() -> None:
    assert plan(version("3"), version("2", THERE), version("1")) == KeyPlan(("1", "3"))


def test_the_default_states_exist_and_others_are_not_sent() -> None:
    assert set(STATE) >= Selection().states | ARRIVING
    assert plan(version("1", GONE), version("0", WAITS)) == KeyPlan()


@pytest.mark.parametrize(
    ("one", "named", "reason"),
    [
        (version("1", status="REPLICA"), False, "replica"),
        (version("1", status="REPLICA"), True, ""),
        (version("1", GONE), True, ""),
        (version("1", THERE), True, "already-there"),
        (version("1", "not_selected"), True, "no-rule"),
        (marker("1", "delete_marker_missing"), True, "delete-marker"),
    ],
)
def test_versions_that_are_refused_independently_of_others(
    one: KeyVersion, named: bool, reason: str
) -> None:
    found = plan(one, version_ids=frozenset({"1"} if named else ()))
    assert reasons(found) == ({"1": reason} if reason else {})
    assert found.send == (() if reason else ("1",))


def test_a_deleted_key_is_refused_unless_it_is_deleted_again() -> None:
    key = (marker("2", "delete_marker_missing"), version("1"))
    assert reasons(plan(*key)) == {"1": "deleted-key"}
    assert plan(*key, delete_again=True) == KeyPlan(("1",), delete_first=True)
    assert plan(marker("2", THERE), version("1")) == KeyPlan(("1",))


def test_a_marker_that_can_be_sent_goes_first_and_alone() -> None:
    found = plan(marker("2", FAILED), version("1"), markers=True)
    assert found.send == ("2",)
    assert reasons(found) == {"1": "after-marker"}
    assert plan(version("3"), marker("2", FAILED), version("1"), markers=True).send == (
        "1",
        "2",
        "3",
    )


def test_an_older_version_is_not_sent_without_the_newest() -> None:
    assert reasons(plan(version("2", GONE), version("1"))) == {"1": "newest-not-sent"}
    assert plan(version("2", WAITS), version("1")).send == ("1",)


def test_null_versions() -> None:
    null = version(NULL)
    assert plan(null) == KeyPlan((NULL,))
    assert plan(version("1"), null) == KeyPlan((NULL, "1"), one_by_one=True)
    assert reasons(plan(version("1", THERE), null)) == {NULL: "null-after-newer"}
    assert reasons(plan(version("1", WAITS), null)) == {NULL: "null-after-newer"}
    assert plan(version("2"), version("1", THERE), null).send == ("2",)
    lost = marker("1", "delete_marker_covered")
    assert plan(version("2"), lost, null).send == (NULL, "2")
    assert plan(version("2"), marker("1", THERE), null).send == ("2",)
    there = version(NULL, THERE)
    assert plan(version("1"), there) == KeyPlan(("1",), one_by_one=True)
    assert reasons(plan(version("2", THERE), version("1"), there)) == {"1": "null-order"}
    assert plan(version("2"), version("1", THERE), there).send == ("2",)


def test_a_null_version_is_never_sent_below_a_marker() -> None:
    for state in (THERE, "delete_marker_missing"):
        found = plan(marker("1", state), version(NULL), delete_again=True)
        assert found.send == ()
        assert not found.delete_first


def test_every_refusal_is_explained() -> None:
    assert all(text[0].isupper() and text.endswith(".") for text in REASONS.values())


class Target:
    """The versions at the target, current one first; it behaves as measured."""

    def __init__(self, source: tuple[KeyVersion, ...]) -> None:
        self.rank = {one.version_id: place for place, one in enumerate(source)}
        self.rank[NEW_MARKER] = -1
        self.markers = {one.version_id for one in source if one.delete_marker} | {NEW_MARKER}
        self.versions = [one.version_id for one in source if one.arrived]

    def receive(self, name: str) -> None:
        if name == NULL and self.versions:
            self.versions.insert(0, NULL)
            return
        self.versions = sorted([*self.versions, name], key=self.rank.__getitem__)

    @property
    def current(self) -> str | None:
        """The version that a GET returns; None for a missing or deleted key."""
        if not self.versions or self.versions[0] in self.markers:
            return None
        return self.versions[0]


def histories() -> Iterator[tuple[KeyVersion, ...]]:
    """All keys with up to four versions, newest first, with markers and a null version at any place."""
    states = (FAILED, THERE, GONE, WAITS)
    kinds = [(state, deleted) for state in states for deleted in (False, True)]
    for length in range(1, 5):
        for chosen in itertools.product(kinds, repeat=length):
            for null in (-1, *range(length)):
                yield tuple(
                    KeyVersion(NULL if place == null else str(length - place), state, deleted)
                    for place, (state, deleted) in enumerate(chosen)
                    if not (place == null and deleted)
                )


def rightly_ordered(history: tuple[KeyVersion, ...]) -> bool:
    """Whether the target's order is correct. A damaged one with a null version above newer ones proves nothing."""
    arrived = [one for one in history if one.arrived]
    return NULL not in [one.version_id for one in arrived[:-1]]


@pytest.mark.parametrize(
    ("delete_again", "markers"), [(False, False), (True, False), (False, True)]
)
def test_all_small_histories(delete_again: bool, markers: bool) -> None:
    sent = 0
    for history in histories():
        if not history or not rightly_ordered(history):
            continue
        found = plan_key(history, Selection(delete_again=delete_again, markers=markers))
        if not found.send:
            # A selected marker that the target lacks is created again, even if no version follows it.
            newest = history[0]
            lost = newest.delete_marker and Selection().includes(newest)
            assert found.delete_first == (delete_again and lost)
            continue
        sent += 1
        deleted = history[0].delete_marker
        target = Target(history)
        if found.delete_first:
            assert delete_again
            target.receive(NEW_MARKER)
        for name in found.send:
            target.receive(name)
            assert not (deleted and target.current), (history, found)
        for late in (one for one in reversed(history) if one.state in ARRIVING):
            target.receive(late.version_id)
        newest = None if deleted else history[0].version_id
        assert target.current == newest, (history, found)
    assert sent > 1000


def test_keys_without_null_versions_and_markers_are_sent_whole() -> None:
    for states in itertools.product((FAILED, THERE, WAITS), repeat=4):
        history = [version(str(4 - place), state) for place, state in enumerate(states)]
        wanted = [one.version_id for one in reversed(history) if one.state == FAILED]
        assert plan(*history) == KeyPlan(tuple(wanted))


def test_excluded_versions_are_not_sent_unless_they_are_named() -> None:
    key = (version("2"), version("1"))
    assert plan(*key, excluded=frozenset({"1"})).send == ("2",)
    named = plan(*key, excluded=frozenset({"1"}), version_ids=frozenset({"1"}))
    assert named.send == ("1", "2")
    # Without the newest, an older one would become current.
    assert reasons(plan(*key, excluded=frozenset({"2"}))) == {"1": "newest-not-sent"}


LOST = "delete_marker_missing"
WITH_MARKERS = frozenset({FAILED, LOST})


def test_an_old_delete_marker_has_its_own_reason() -> None:
    found = plan(version("3"), marker("2", LOST), version("1", THERE), states=WITH_MARKERS)
    assert (found.send, reasons(found)) == (("3",), {"2": "old-delete-marker"})


@pytest.mark.parametrize("older", [version("1"), version("1", THERE), None])
def test_a_new_delete_marker_covers_the_lost_ones(older: KeyVersion | None) -> None:
    rest = [one for one in (older,) if one is not None]
    key = (marker("3", LOST), marker("2", LOST), *rest)
    found = plan(*key, states=WITH_MARKERS, delete_again=True)
    assert found.delete_first
    assert reasons(found) == {}
    assert found.send == (("1",) if older == version("1") else ())
    left = plan(*key, states=WITH_MARKERS)
    assert not left.delete_first
    assert reasons(left)["3"] == "delete-marker"


def test_a_delete_marker_that_is_not_selected_is_not_created_again() -> None:
    assert plan(marker("2", LOST), version("1", THERE), delete_again=True) == KeyPlan()
