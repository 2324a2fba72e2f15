# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of verifications as text for other programs: rclone, JUnit, and Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .verify_entries import Problem
from .verify_report import Report
from .verify_states import STATES

#: States of versions that are pending or stuck.
WAITING = ("pending", "processing", "stuck")


def rclone_line(problem: Problem) -> str:
    """One line in the format of `rclone check --combined`: sign, blank, path; without the line end.

    The path is `<key>?versionId=<id>`, escaped as in JSON strings, so that it stays on one line.
    """
    path = json.dumps(f"{problem.key}?versionId={problem.version_id}", ensure_ascii=False)[1:-1]
    sign = problem.as_dict()["sign"]
    # A lone surrogate cannot be encoded as UTF-8.
    return f"{sign} " + re.sub("[\ud800-\udfff]", lambda one: f"\\u{ord(one[0]):04x}", path)


def junit(reports: Sequence[Report]) -> str:
    """JUnit's XML: a suite for each pair, with a case for each state, and one for completeness."""
    root = Element("testsuites", name="scality.backbeat.verify")
    for report in reports:
        root.append(_suite(report))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    root.set("time", f"{sum(report.seconds for report in reports):.3f}")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(report: Report) -> Element:
    suite = Element(
        "testsuite",
        name=_xml(pair_name(report)),
        timestamp=report.finished[:19],
        time=f"{report.seconds:.3f}",
    )
    rest = list(report.failures)
    for state in STATES:
        tally = report.states[state.id]
        case = SubElement(suite, "testcase", classname=suite.get("name", ""), name=state.title)
        # The words of Report.judge.
        ends = (f": {state.title}.", f": {state.title} (")
        sentences = [one for one in report.failures if any(end in one for end in ends)]
        rest = [one for one in rest if one not in sentences]
        if sentences:
            failure = SubElement(case, "failure", message=_xml(sentences[0]), type=state.id)
            failure.text = _xml("\n".join(_details(report, state.id)))
        elif tally.count:
            SubElement(case, "system-out").text = f"{tally.count} {state.of}"
    case = SubElement(suite, "testcase", classname=suite.get("name", ""), name="complete")
    if rest or not report.complete:
        SubElement(case, "error", message=_xml(" ".join(rest) or "incomplete"), type="incomplete")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("*/failure"))))
    suite.set("errors", str(len(suite.findall("*/error"))))
    return suite


def _details(report: Report, state_id: str) -> Iterator[str]:
    (state,) = (one for one in STATES if one.id == state_id)
    yield state.meaning
    if state.remedy:
        yield state.remedy
    for problem in report.first.get(state_id, ()):
        yield rclone_line(problem)


def pair_name(report: Report) -> str:
    """Such as "node1 source-bucket to node6 target-bucket"."""
    source, target = report.source, report.target
    return f"{source.name} {source.bucket} to {target.name} {target.bucket}"


def _xml(text: str) -> str:
    """The text with characters that XML cannot represent escaped as in JSON strings."""
    return re.sub(
        "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]",
        lambda one: f"\\u{ord(one[0]):04x}",
        text,
    )


#: The labels of all metrics; sources and targets are the inventory's hosts.
LABELS = ("source", "target", "source_bucket", "target_bucket", "site")
_METRICS = {
    "versions": "Versions (or keys) of a pair in each state.",
    "bytes": "Bytes of the versions of a pair in each state.",
    "oldest_pending_seconds": "Age of the oldest version that is pending, processing or stuck; 0 for none.",
    "last_run_timestamp_seconds": "When the last verification of the pair ended.",
    "last_complete_timestamp_seconds": "When the last complete verification of the pair ended; 0 for never.",
    "complete": "Whether the last verification compared everything in its scope.",
}


@dataclass(frozen=True)
class Metric:
    """A gauge with its samples by labels."""

    name: str
    help: str
    samples: Mapping[tuple[tuple[str, str], ...], float]


def prometheus(reports: Sequence[Report]) -> str:
    """The text for node_exporter's textfile collector, by prometheus_client if that is installed."""
    metrics = metrics_of(reports)
    try:
        from prometheus_client import CollectorRegistry, Gauge, generate_latest
    except ImportError:
        return exposition(metrics)
    registry = CollectorRegistry()
    for metric in metrics:
        gauge = Gauge(metric.name, metric.help, [*LABELS, *_more(metric)], registry=registry)
        for labels, value in metric.samples.items():
            gauge.labels(**dict(labels)).set(value)
    return str(generate_latest(registry).decode())


def metrics_of(reports: Sequence[Report]) -> list[Metric]:
    """The metrics. If several reports have the same labels, the last one counts: a series has one value."""
    samples: dict[str, dict[tuple[tuple[str, str], ...], float]] = {name: {} for name in _METRICS}
    for report in reports:
        ends = (report.source, report.target)
        values = (*(end.name for end in ends), *(end.bucket for end in ends), report.site)
        labels = tuple(zip(LABELS, values, strict=True))
        for state in STATES:
            tally = report.states[state.id]
            of_state = (*labels, ("state", state.id))
            samples["versions"][of_state] = tally.count
            samples["bytes"][of_state] = tally.bytes
        samples["oldest_pending_seconds"][labels] = oldest_pending(report) or 0.0
        samples["last_run_timestamp_seconds"][labels] = seconds_of(report.finished) or 0.0
        samples["last_complete_timestamp_seconds"][labels] = (
            seconds_of(last_complete(report)) or 0.0
        )
        samples["complete"][labels] = int(report.complete)
    return [
        Metric(f"backbeat_verify_{name}", text, samples[name]) for name, text in _METRICS.items()
    ]


def _more(metric: Metric) -> list[str]:
    return ["state"] if metric.name.endswith(("_versions", "_bytes")) else []


def exposition(metrics: Iterable[Metric]) -> str:
    """The text format of Prometheus, version 0.0.4."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} gauge"]
        for labels, value in metric.samples.items():
            text = ",".join(f'{name}="{_label(one)}"' for name, one in labels)
            lines.append(f"{metric.name}{{{text}}} {_value(value)}")
    return "\n".join(lines) + "\n"


def last_complete(report: Report) -> str | None:
    """The end of the pair's last complete verification, which may be this one; ISO 8601."""
    return report.finished if report.complete else report.last_complete


def oldest_pending(report: Report, states: Iterable[str] = WAITING) -> float | None:
    """Seconds from the oldest version in these states to the end of the run, None if there is none."""
    ages = [age(report, report.states[name].oldest) for name in states if report.states[name].count]
    return max((one for one in ages if one is not None), default=None)


def age(report: Report, moment: str | None) -> float | None:
    """Seconds from a moment to the end of the run, never negative; None if one of them is unknown."""
    then, now = seconds_of(moment), seconds_of(report.finished)
    return None if then is None or now is None else max(0.0, now - then)


def seconds_of(moment: str | None) -> float | None:
    """A moment in ISO 8601 as seconds since the epoch; None for None."""
    if not moment:
        return None
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def _value(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
