# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns readings of replication into events: one for each new problem, and one when it is resolved.

All state is plain data, so it can be written to a file before an event is delivered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

#: Kinds of problems.
FAILED, STUCK, PAUSED, FINDING, OUTAGE = "failed", "stuck", "paused", "finding", "outage"
#: States of a problem in events.
NEW, GONE = "new", "gone"
HEARTBEAT = "heartbeat"
#: How long a resolved problem is remembered, to count how often it came back, and the maximum number of them.
REMEMBERED, MOST_REMEMBERED = timedelta(hours=24), 20_000
#: How long a delivered event is repeated after a restart if its problem no longer exists.
REPEATED, MOST_REPEATED = timedelta(minutes=10), 1_000
SCHEMA = "scality.backbeat.events/1"

Event = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """A problem with replication.

    area: what is read together, such as the versions of one pair. subject: distinguishes it from others of its kind.
    facts: further data of the event, which may change while the problem exists.
    """

    kind: str
    area: str
    subject: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)

    @property
    def name(self) -> str:
        return json.dumps([self.kind, self.area, *self.subject])


@dataclass(frozen=True)
class Reading:
    """The result of reading one area.

    checked: the names of problems that were checked again; None if the whole area was read. note: data for the next
    reading of the area.
    """

    area: str
    problems: tuple[Problem, ...] = ()
    checked: Collection[str] | None = None
    note: Mapping[str, Any] = field(default_factory=dict)


def empty_state() -> dict[str, Any]:
    """The state before the first reading.

    open: the event of each existing problem, by its name. notes: by area. past: how often a problem occurred and when
    it was resolved. outbox: undelivered events. recent: events that were delivered a short time ago.
    """
    return {"schema": SCHEMA, "open": {}, "notes": {}, "past": {}, "outbox": [], "recent": []}


def advance(
    state: Mapping[str, Any], readings: Iterable[Reading], now: datetime
) -> tuple[dict[str, Any], list[Event]]:
    """The state after these readings, and the new events, which are in its outbox too.

    Problems in areas that were not read stay as they are.
    """
    known: dict[str, Event] = dict(state["open"])
    notes = dict(state["notes"])
    past = _not_too_old(state["past"], now)
    at = moment(now)
    events: list[Event] = []
    for reading in readings:
        notes[reading.area] = dict(reading.note)
        problems = {one.name: one for one in reading.problems}
        for name in _gone(known, reading, problems):
            event = known.pop(name)
            past[name] = {"count": event["occurrence"], "at": at}
            events.append({**event, "id": f"{_base(event)}-{GONE}", "state": GONE, "at": at})
        for name, problem in problems.items():
            if name in known:
                continue
            count = past.get(name, {"count": 0})["count"] + 1
            event = {
                **problem.facts,
                "id": f"{_digest(name, at)}-{NEW}",
                "kind": problem.kind,
                "state": NEW,
                "area": problem.area,
                "occurrence": count,
                "since": at,
                "at": at,
            }
            known[name] = event
            events.append(event)
    after = {
        **state,
        "open": known,
        "notes": notes,
        "past": past,
        "outbox": [*state["outbox"], *events],
    }
    return after, events


def mark_delivered(state: Mapping[str, Any], ids: Collection[str], now: datetime) -> dict[str, Any]:
    """The state after the events with these ids were delivered."""
    done = [{**one, "handed_over": moment(now)} for one in state["outbox"] if one["id"] in ids]
    since = moment(now - REPEATED)
    recent = [one for one in [*state["recent"], *done] if one["handed_over"] >= since]
    return {
        **state,
        "outbox": [one for one in state["outbox"] if one["id"] not in ids],
        "recent": recent[-MOST_REPEATED:],
    }


def restarted(state: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The state with all events in the outbox that a crash may have lost.

    The receiver may have stopped before it acted on an event. So events of existing problems, and others of the
    last minutes, are sent again with their ids.
    """
    since = moment(now - REPEATED)
    recent = [one for one in state["recent"] if one["handed_over"] >= since]
    again = [
        {name: value for name, value in one.items() if name != "handed_over"} for one in recent
    ]
    events = {one["id"]: one for one in [*state["open"].values(), *again, *state["outbox"]]}
    outbox = sorted(events.values(), key=lambda one: (one["at"], one["id"]))
    return {**state, "outbox": outbox, "recent": []}


def heartbeat(state: Mapping[str, Any], now: datetime, read_at: str | None) -> Event:
    """A heartbeat: the number of problems of each kind, and when everything was last read."""
    kinds = [one["kind"] for one in state["open"].values()]
    return {
        "id": f"{_digest(HEARTBEAT, moment(now))}-{HEARTBEAT}",
        "kind": HEARTBEAT,
        "state": HEARTBEAT,
        "at": moment(now),
        "read_at": read_at,
        "problems": {kind: kinds.count(kind) for kind in (FAILED, STUCK, PAUSED, FINDING, OUTAGE)},
    }


def is_state(value: Any) -> bool:
    """Whether a file's content is a state of this version."""
    return (
        isinstance(value, Mapping)
        and value.get("schema") == SCHEMA
        and all(isinstance(value.get(name), type(part)) for name, part in empty_state().items())
    )


def moment(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds, so that texts sort as times do."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def version_facts(bucket: str, key: str, version_id: str) -> dict[str, str]:
    """An event's data about a version. The key is URL-encoded, as in S3's notifications: it is untrusted, and a key
    such as `{{ .. }}` would become a template in a playbook.
    """
    return {"bucket": bucket, "key": quote(key, safe="/"), "version_id": version_id}


def harmless(value: Any) -> Any:
    """The value with spaces inside all `{{`, `{%` and `{#`, so that no text in it can be a template."""
    if isinstance(value, str):
        for mark in ("{", "%", "#"):
            # Twice, because three braces in a row have two pairs.
            value = value.replace("{" + mark, "{ " + mark).replace("{" + mark, "{ " + mark)
        return value
    if isinstance(value, Mapping):
        return {harmless(name): harmless(part) for name, part in value.items()}
    return [harmless(part) for part in value] if isinstance(value, (list, tuple)) else value


def paused_for(
    sites: Mapping[str, bool],
    resumes: Mapping[str, datetime | None],
    note: Mapping[str, str],
    now: datetime,
    longest: float,
) -> tuple[list[str], dict[str, str]]:
    """The sites that are paused for too long, and since when each site is known to be paused.

    sites: whether each is enabled. A pause that ends by a schedule is too long only after that time has passed.
    """
    since = {name: note.get(name, moment(now)) for name, enabled in sites.items() if not enabled}
    limit = moment(now - timedelta(seconds=longest))
    return [
        name
        for name in sorted(since)
        if since[name] <= limit and not _later(resumes.get(name), now)
    ], since


def _later(at: datetime | None, now: datetime) -> bool:
    return at is not None and at > now


def _gone(
    known: Mapping[str, Event], reading: Reading, problems: Mapping[str, Problem]
) -> Sequence[str]:
    return [
        name
        for name, event in known.items()
        if event["area"] == reading.area
        and name not in problems
        and (reading.checked is None or name in reading.checked)
    ]


def _not_too_old(past: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    since = moment(now - REMEMBERED)
    kept = [(name, one) for name, one in past.items() if one["at"] >= since]
    return dict(kept[-MOST_REMEMBERED:])


def _base(event: Event) -> str:
    return str(event["id"]).rsplit("-", 1)[0]


def _digest(*parts: str) -> str:
    return hashlib.blake2b(
        "\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10
    ).hexdigest()
