# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which versions of a key may be replicated again, and in which order, for backfills and retries.

The rules follow from measurements on CloudServer 8.8.35 with Backbeat 8.6.49:

- Versions keep their ids, and the target orders them by these. Sent oldest first, they end up in the source's order.
- Delete markers cannot be sent again. If a key is deleted at the source and its marker is not at the target, older
  versions would make the key exist there. Below a replicated marker they stay noncurrent.
- A `null` version that is replicated after a newer version of its key becomes current at the target: a GET returns old
  content, although all statuses are correct. The order is correct if it is sent before the newer ones, each after the
  previous one was replicated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NULL = "null"
#: The states (ids of verify_states.STATES) that are sent by default.
DEFAULT_STATES = frozenset(("never_replicated", "failed", "stuck"))
AT_TARGET = frozenset(("in_sync", "different", "not_comparable"))
ARRIVING = frozenset(("pending", "processing"))


@dataclass(frozen=True)
class KeyVersion:
    """A version or delete marker of a key at the source.

    state: an id of verify_states.STATES; status: the ReplicationStatus at the source, None for none.
    """

    version_id: str
    state: str
    delete_marker: bool = False
    status: str | None = None

    @property
    def arrived(self) -> bool:
        return self.state in AT_TARGET


@dataclass(frozen=True)
class Selection:
    """Which versions to send: those in one of the states, and those that are named by their version id.

    excluded: version ids that are not sent although their state is selected, such as those that are too new.
    delete_again: for keys that are deleted at the source, whether a new delete marker may be created there first.
    markers: whether delete markers can be sent again: with Backbeat's API, not with tags.
    """

    states: frozenset[str] = DEFAULT_STATES
    version_ids: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    delete_again: bool = False
    markers: bool = False

    def includes(self, version: KeyVersion) -> bool:
        if version.version_id in self.version_ids:
            return True
        return version.state in self.states and version.version_id not in self.excluded


@dataclass(frozen=True)
class Refusal:
    """A selected version that is not sent. reason: a keyword, one of REASONS."""

    version_id: str
    reason: str

    @property
    def detail(self) -> str:
        """The reason and the remedy as sentences."""
        return REASONS[self.reason]


REASONS = {
    "delete-marker": "Delete markers cannot be sent again: delete the key at the source once more, and the new marker "
    "is replicated.",
    "old-delete-marker": "Delete markers cannot be sent again. A newer version of the key is current on both sides, so "
    "the marker does not affect readers.",
    "replica": "The version is itself a replica, and may have been deleted on purpose on the other side: name it by "
    "its version id to send it anyway.",
    "no-rule": "No enabled rule selects the version: add a rule for its prefix.",
    "already-there": "The target has the version.",
    "deleted-key": "The key is deleted at the source, and its delete marker is not at the target, so older versions "
    "would make the key readable there. Set the option that deletes such keys at the source once more: the older "
    "versions are then sent below the new marker.",
    "after-marker": "The key is deleted at the source, and its delete marker is sent first: run again once the marker "
    "is at the target, and the older versions are sent below it.",
    "newest-not-sent": "The newest version of the key is neither at the target nor sent now, so an older one would "
    "become current there: send the newest version too.",
    "null-after-newer": "The version id is null, and a newer version of the key is at the target or about to "
    "arrive. A null version that arrives later becomes current there, and a GET would return old content. "
    "Copy it to another key manually if you need it.",
    "null-order": "The key has a null version that is at the target or about to arrive, and not all newer versions "
    "can be sent after it in their order, which could damage the null version. Copy the missing versions manually.",
}


#: Why delete markers are not sent.
MARKER_REASONS = ("delete-marker", "old-delete-marker")


@dataclass(frozen=True)
class KeyPlan:
    """The versions of one key that may be sent.

    send: version ids, oldest first. delete_first: delete the key at the source and wait until that marker is at the
    target before sending any version. one_by_one: send each version after the previous one is COMPLETED, and at the end
    compare the current versions of both sides; stop if they differ.
    """

    send: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    delete_first: bool = False
    one_by_one: bool = False


def plan_key(versions: Sequence[KeyVersion], selection: Selection) -> KeyPlan:
    """The plan for one key. `versions`: all its versions and delete markers at the source, newest first."""
    refused: dict[str, str] = {}
    candidates: list[KeyVersion] = []
    for version in versions:
        if not selection.includes(version):
            continue
        reason = _own_reason(version, selection)
        if reason == "delete-marker" and version is not versions[0]:
            reason = "old-delete-marker"
        if reason:
            refused[version.version_id] = reason
        else:
            candidates.append(version)
    newest = versions[0] if versions else None
    if newest is not None and _deletes_again(newest, selection):
        # A newer marker covers all of these.
        refused = {name: why for name, why in refused.items() if why not in MARKER_REASONS}
        if not candidates:
            return _plan(versions, [], refused, delete_first=True)
    if newest is None or not candidates:
        return _plan(versions, [], refused)
    if newest.delete_marker and newest in candidates:
        older = [one for one in candidates if one is not newest]
        if any(one.version_id == NULL and one.state in ARRIVING for one in versions):
            return _plan(versions, [], {**refused, **_all(candidates, "null-order")})
        return _plan(versions, [newest], {**refused, **_all(older, "after-marker")})
    delete_first = newest.delete_marker and not newest.arrived
    if delete_first and not selection.delete_again:
        return _plan(versions, [], {**refused, **_all(candidates, "deleted-key")})
    newest_comes = newest in candidates or newest.state in AT_TARGET | ARRIVING
    if not newest.delete_marker and not newest_comes:
        return _plan(versions, [], {**refused, **_all(candidates, "newest-not-sent")})
    keeps_null, bad = _null_rule(versions, candidates)
    refused.update(bad)
    sent = [one for one in candidates if one.version_id not in bad]
    first = delete_first and (bool(sent) or _deletes_again(newest, selection))
    return _plan(versions, sent, refused, first, keeps_null and bool(sent))


def _deletes_again(newest: KeyVersion, selection: Selection) -> bool:
    """Whether the key's newest entry is a selected delete marker that has to be replaced by a new one."""
    return (
        selection.delete_again
        and newest.delete_marker
        and not newest.arrived
        and selection.includes(newest)
    )


def _own_reason(version: KeyVersion, selection: Selection) -> str:
    """Why the version must not be sent, independently of its key's other versions; "" if it may be."""
    if version.delete_marker and not selection.markers:
        return "delete-marker"
    if version.status == "REPLICA" and version.version_id not in selection.version_ids:
        return "replica"
    if version.state == "not_selected":
        return "no-rule"
    return "already-there" if version.arrived else ""


def _null_rule(
    versions: Sequence[KeyVersion], candidates: Sequence[KeyVersion]
) -> tuple[bool, dict[str, str]]:
    """Whether a null version below others makes the order matter, and what must not be sent because of it."""
    place = next((i for i, one in enumerate(versions) if one.version_id == NULL), 0)
    null = versions[place]
    # An older delete marker that is never replicated does not affect the order.
    newer = [one for one in versions[:place] if one is versions[0] or not _is_lost_marker(one)]
    if not newer or null.delete_marker:
        return False, {}
    if null in candidates:
        if all(one in candidates for one in newer):
            return True, {}
        return False, {NULL: "null-after-newer"}
    if not (null.arrived or null.state in ARRIVING):
        return False, {}
    # All versions newer than the oldest one to send are sent too, and none of them is at the target yet.
    oldest = max(versions.index(one) for one in candidates)
    in_order = [one for one in newer if versions.index(one) <= oldest] == list(candidates)
    if in_order and oldest < place and null.arrived:
        return True, {}
    return True, _all(candidates, "null-order")


def _is_lost_marker(version: KeyVersion) -> bool:
    return version.delete_marker and version.state not in AT_TARGET | ARRIVING


def _all(versions: Sequence[KeyVersion], reason: str) -> dict[str, str]:
    return {one.version_id: reason for one in versions}


def _plan(
    versions: Sequence[KeyVersion],
    sent: Sequence[KeyVersion],
    refused: dict[str, str],
    delete_first: bool = False,
    one_by_one: bool = False,
) -> KeyPlan:
    order = [one.version_id for one in reversed(versions)]
    return KeyPlan(
        tuple(one.version_id for one in reversed(sent)),
        tuple(Refusal(one, refused[one]) for one in order if one in refused),
        delete_first,
        one_by_one,
    )
