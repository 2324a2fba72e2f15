# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data for the page of a run: texts, numbers and positions. The template computes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .repair_report import RepairReport
from .report_drawing import Arrow, drawing
from .report_formats import WAITING, age, last_complete, oldest_pending
from .report_repair import repair_data
from .report_words import VERDICTS, WORDS, duration, group_of, moment, number, printable, size
from .verify_entries import Problem
from .verify_report import Report
from .verify_states import STATES

# The axis of ages: from half a minute to thirty days, in steps that look equal.
AGES = ((60.0, "1 min"), (3600.0, "1 h"), (86400.0, "1 day"), (7 * 86400.0, "1 week"))
LONGEST = 30 * 86400.0


@dataclass(frozen=True)
class PagePair:
    """One pair of the inventory, with the names of hosts and buckets.

    rules: what it replicates, as text; sites: the names of the sites that it replicates to, if known; proof: the result
    of the proof, as text.
    """

    source: str
    source_bucket: str
    target: str
    target_bucket: str
    rules: str = ""
    sites: tuple[str, ...] = ()
    proof: str = ""

    @property
    def id(self) -> tuple[str, str, str, str]:
        return self.source, self.source_bucket, self.target, self.target_bucket


@dataclass(frozen=True)
class PageInput:
    """The data of a run.

    last: reports of an earlier run, for pairs without a report of this run. pairs: to show in addition to those of the
    reports. findings: of backbeat_preflight, by pair. services and failures: the results of backbeat_service_info and
    backbeat_failed_info by host; a failed query of a service is {"error": why}. repairs: of this run.
    """

    title: str
    reports: Sequence[Report] = ()
    pairs: Sequence[PagePair] = ()
    findings: Mapping[tuple[str, str, str, str], Sequence[Mapping[str, Any]]] = field(
        default_factory=dict
    )
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    last: Sequence[Report] = ()
    repairs: Sequence[RepairReport] = ()


def page(given: PageInput) -> dict[str, Any]:
    """The data for the template roles/replication/templates/report.html.j2, where it is documented."""
    repairs = {repair.pair: repair for repair in given.repairs}
    repaired = [PagePair(*id) for id in repairs]
    pairs = {pair.id: pair for pair in [*map(_pair_of, given.reports), *repaired, *given.pairs]}
    known = {_pair_of(report).id: report for report in [*given.last, *given.reports]}
    reports = [known[id] for id in pairs if id in known]
    shown = [
        {
            **_pair(place, pair, known.get(id), given.findings.get(id, ()), repairs.get(id)),
            "status": _status(pair, known.get(id), given),
        }
        for place, (id, pair) in enumerate(pairs.items(), 1)
    ]
    verdict = worst(one["verdict"] for one in shown)
    moments = [report.finished for report in reports if report.finished]
    ages = [one for one in map(oldest_pending, reports) if one is not None]
    return {
        "title": given.title,
        "verdict": verdict,
        "word": WORDS[verdict],
        "sentence": _sentence(shown),
        "finished": moment(max(moments, default=None)),
        "totals": {
            "pairs": number(len(shown)),
            "versions": number(sum(report.listed["source"].count for report in reports)),
            "bytes": size(sum(report.listed["source"].bytes for report in reports)),
            "problems": number(sum(one["bad"] for one in shown)),
            "waiting": number(sum(one["waiting"] for one in shown)),
            "oldest": duration(max(ages)) if ages else None,
        },
        "drawing": drawing(
            [
                Arrow(*pair.id, state=one["verdict"], note=one["word"])
                for pair, one in zip(pairs.values(), shown, strict=True)
            ]
        ),
        "verdicts": [{"id": id, "word": WORDS[id]} for id in VERDICTS],
        "pairs": shown,
        "services": [_service(name, one) for name, one in sorted(given.services.items())],
    }


def _status(pair: PagePair, report: Report | None, given: PageInput) -> list[dict[str, str]]:
    """The current facts about the pair: [{"name", "value"}], without facts that were not read."""
    service = given.services.get(pair.source) or {}
    sites: Sequence[Mapping[str, Any]] = service.get("sites") or []
    only = tuple(one["name"] for one in sites) if len(sites) == 1 else ()
    named = pair.sites or ((report.site,) if report and report.site else only)
    rows = []
    for site in sites:
        if site["name"] in named:
            resumes = moment(site["resume_at"])
            backlog = _amount((site.get("metrics") or {}).get("backlog"))
            value = f"{site['state']} until {resumes}" if resumes else site["state"]
            behind = f", backlog {backlog['count']} ({backlog['size']})" if backlog else ""
            rows.append((f"site {site['name']}", value + behind))
    failures = given.failures.get(pair.source) or {}
    by_bucket = failures.get("by_bucket")
    if by_bucket is not None:
        rows.append(("failed in 24 h", number(by_bucket.get(pair.source_bucket, 0))))
    if report is not None:
        oldest = oldest_pending(report)
        rows.append(("oldest pending", "none" if oldest is None else duration(oldest)))
    if pair.proof:
        rows.append(("proof with an object", pair.proof))
    verified = report and f"{moment(report.finished)}, {report.verdict}"
    rows.append(("verified", verified or "never"))
    return [{"name": name, "value": value} for name, value in rows]


def worst(verdicts: Iterable[str]) -> str:
    """The most severe verdict; "unverified" if there is none."""
    found = set(verdicts)
    return next((one for one in VERDICTS if one in found), "unverified")


def _pair_of(report: Report) -> PagePair:
    source, target = report.source, report.target
    return PagePair(source.name, source.bucket, target.name, target.bucket)


def _pair(
    place: int,
    pair: PagePair,
    report: Report | None,
    findings: Sequence[Mapping[str, Any]],
    repair: RepairReport | None,
) -> dict[str, Any]:
    errors = [one for one in findings if one["severity"] == "error"]
    states = _states(report) if report else []
    waiting = sum(one["count"] for one in states if one["group"] == "waiting")
    bad = sum(one["count"] for one in states if one["group"] == "bad")
    repaired = repair and repair_data(repair)
    verdict = _verdict(report, waiting, bool(errors))
    if report is None and repaired and not errors:
        verdict = repaired["verdict"]
    return {
        "anchor": f"pair-{place}",
        "source": pair.source,
        "source_bucket": pair.source_bucket,
        "target": pair.target,
        "target_bucket": pair.target_bucket,
        "rules": pair.rules,
        "verdict": verdict,
        "word": WORDS[verdict],
        "waiting": waiting,
        "bad": bad,
        "findings": [dict(one) for one in findings],
        "states": states,
        "whole": _whole(states),
        "report": report and _facts(report),
        "repair": repaired,
    }


def _verdict(report: Report | None, waiting: int, errors: bool) -> str:
    if errors:
        return "failed"
    if report is None:
        return "unverified"
    if report.verdict != "ok":
        return report.verdict
    return "waiting" if waiting else "ok"


def _sentence(shown: Sequence[Mapping[str, Any]]) -> str:
    counts = {id: sum(one["verdict"] == id for one in shown) for id in VERDICTS}
    parts = []
    for id, words in (
        ("failed", ("has problems", "have problems")),
        ("incomplete", ("was not compared completely", "were not compared completely")),
        ("waiting", ("waits for replication", "wait for replication")),
        ("unverified", ("was not verified", "were not verified")),
        ("ok", ("is in sync", "are in sync")),
    ):
        count = counts[id]
        if count:
            parts.append(f"{number(count)} {'pair' if count == 1 else 'pairs'} {words[count > 1]}")
    return f"{', '.join(parts)}." if parts else "There are no pairs."


def _facts(report: Report) -> dict[str, Any]:
    scope = {name: value for name, value in report.scope.items() if value not in (None, "", [], {})}
    return {
        "finished": moment(report.finished),
        "seconds": duration(report.seconds),
        "complete": report.complete,
        "last_complete": moment(last_complete(report)),
        "both_ways": report.both_ways,
        "source": _side(report, "source"),
        "target": _side(report, "target"),
        "scope": [{"name": name, "value": str(value)} for name, value in scope.items()],
        "failures": list(report.failures),
        "notes": list(report.notes),
        "gaps": [gap.message for gap in report.gaps],
        "problems_file": report.problems_file,
    }


def _side(report: Report, side: str) -> dict[str, str]:
    tally = report.listed[side]
    return {
        "versions": number(tally.count),
        "bytes": size(tally.bytes),
        "markers": number(report.delete_markers[side]),
    }


def _states(report: Report) -> list[dict[str, Any]]:
    """The states that occur, as bars on a logarithmic scale, so that three stuck versions among millions are
    visible."""
    found = [(state, report.states[state.id]) for state in STATES if report.states[state.id].count]
    largest = max((tally.count for state, tally in found), default=1)
    return [
        {
            "id": state.id,
            "title": state.title,
            "group": group_of(state.id),
            "count": tally.count,
            "number": number(tally.count),
            "bytes": size(tally.bytes),
            "share": round(100 * math.log(tally.count + 1) / math.log(largest + 1), 2),
            "meaning": state.meaning,
            "remedy": state.remedy,
            "ages": _ages(report, tally.oldest, tally.newest) if state.id in _AGED else None,
            "problems": [_problem(one) for one in report.first.get(state.id, ())],
            "more": number(more) if (more := _more(report, state.id)) else "",
        }
        for state, tally in found
    ]


_AGED = (*WAITING, "failed")


def _more(report: Report, state: str) -> int:
    shown = len(report.first.get(state, ()))
    return report.states[state].count - shown if shown else 0


_GROUP_WORDS = {
    "ok": "in sync",
    "waiting": "pending",
    "bad": "to be fixed",
    "unknown": "not examined",
    "quiet": "accepted",
}


def _whole(states: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The bar of all versions by group, in percent, with a minimum width for each group that occurs."""
    total = sum(one["count"] for one in states)
    parts = []
    for group in _GROUP_WORDS:
        count = sum(one["count"] for one in states if one["group"] == group)
        if count:
            parts.append(
                {
                    "group": group,
                    "word": _GROUP_WORDS[group],
                    "count": number(count),
                    "share": max(0.8, round(100 * count / total, 2)),
                }
            )
    return parts


def _ages(report: Report, oldest: str | None, newest: str | None) -> dict[str, Any] | None:
    longest, shortest = age(report, oldest), age(report, newest)
    if longest is None or shortest is None:
        return None
    start, end = _position(shortest), _position(longest)
    return {
        "oldest": duration(longest),
        "newest": duration(shortest),
        "start": start,
        "width": round(max(2.0, end - start), 2),
        "ticks": [{"position": _position(seconds), "label": label} for seconds, label in AGES],
    }


def _position(seconds: float) -> float:
    """The position of an age on its axis, in percent."""
    shortest = AGES[0][0] / 2
    within = min(max(seconds, shortest), LONGEST)
    return round(96 * math.log(within / shortest) / math.log(LONGEST / shortest), 2)


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "key": printable(problem.key),
        "version_id": problem.version_id,
        "side": problem.side,
        "size": "" if problem.size is None else size(problem.size),
        "modified": moment(problem.modified) or "",
        "status": problem.status or "",
        "detail": problem.detail,
        "delete_marker": problem.delete_marker,
    }


def _service(name: str, service: Mapping[str, Any]) -> dict[str, Any]:
    metrics = service.get("metrics") or {}
    error = service.get("error") or ""
    healthy = False if error else service.get("healthy")
    return {
        "name": name,
        "error": error,
        "url": service.get("backbeat_url"),
        "reason": service.get("reason"),
        "verdict": "unverified" if healthy is None else "ok" if healthy else "failed",
        "word": "not known" if healthy is None else "healthy" if healthy else "not healthy",
        "notes": list((service.get("health") or {}).get("notes") or ()),
        "backlog": _amount(metrics.get("backlog")),
        "failures": _amount(metrics.get("failures")),
        "completions": _amount(metrics.get("completions")),
        "sites": [
            {
                "name": site["name"],
                "state": site["state"],
                "verdict": "ok" if site["state"] == "running" else "waiting",
                "resume_at": moment(site["resume_at"]),
                "backlog": _amount((site.get("metrics") or {}).get("backlog")),
                "failures": _amount((site.get("metrics") or {}).get("failures")),
            }
            for site in service.get("sites") or ()
        ],
        "unsupported": [one["reason"] for one in service.get("unsupported") or ()],
    }


def _amount(amount: Mapping[str, Any] | None) -> dict[str, str] | None:
    if amount is None:
        return None
    return {"count": number(int(amount["count"])), "size": size(int(amount["size"]))}
