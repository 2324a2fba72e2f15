# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports for other programs: one line per problem whatever the key, well-formed XML, and metrics."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_formats import (
    exposition,
    junit,
    metrics_of,
    prometheus,
    rclone_line,
)

from ...reports import incomplete_report, odd_report, problem, report


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a b", "a b?versionId=98765"),
        ("line\nbreak", r"line\nbreak?versionId=98765"),
        ('"q" \\', r"\"q\" \\?versionId=98765"),
        ("\u00e9", "\u00e9?versionId=98765"),
        ("\ud800", r"\ud800?versionId=98765"),
    ],
)
def test_rclone_paths_stay_on_one_line(key: str, path: str) -> None:
    line = rclone_line(problem(key))
    assert line == f"+ {path}"
    assert "\n" not in line
    line.encode()


@pytest.mark.parametrize(
    ("state", "sign"),
    [("failed", "+"), ("written_at_target", "-"), ("different", "*"), ("uninspected", "!")],
)
def test_rclone_signs(state: str, sign: str) -> None:
    assert rclone_line(problem("k", state)).startswith(f"{sign} k?")


def suites(*reports: object) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(junit(reports)))  # type: ignore[arg-type]  # noqa: S314


def test_junit_has_a_suite_for_each_pair() -> None:
    first, second = suites(odd_report(), report("node2", in_sync=1))
    assert first.get("name") == "node1 source-bucket to node6 target-bucket"
    assert (first.get("failures"), first.get("errors")) == ("2", "0")
    assert (second.get("failures"), second.get("errors")) == ("0", "0")
    assert int(second.get("tests") or 0) == len(second)


#: JUnit's XML in the schemas of Ant and Jenkins: elements with their attributes and children.
JUNIT: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "timestamp", "time", "tests", "failures", "errors"},
        {"testcase"},
    ),
    "testcase": ({"classname", "name"}, {"failure", "error", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}


def test_junit_has_the_elements_and_attributes_that_readers_know() -> None:
    reports = [odd_report(), incomplete_report(), report("node2", in_sync=1)]
    root = ElementTree.fromstring(junit(reports))  # noqa: S314
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) == attributes
        assert {child.tag for child in element} <= children
    for name in ("tests", "failures", "errors"):
        assert int(root.get(name) or 0) == sum(int(suite.get(name) or 0) for suite in root)
        assert int(root.get(name) or 0) > 0
    for suite in root:
        # ISO 8601 without a zone, as Ant writes it.
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp") or "")


def test_junit_failures_are_those_of_the_report() -> None:
    (suite,) = suites(odd_report())
    failures = {case.get("name"): case.find("failure") for case in suite if len(case)}
    found = {name: one.get("message") for name, one in failures.items() if one is not None}
    assert sorted(map(str, found.values())) == sorted(odd_report().failures)
    assert set(found) == {"failed", "stuck"}
    text = failures["failed"].text if failures["failed"] is not None else ""
    assert "<script>" in str(text)


def test_junit_has_a_failure_for_an_incomplete_report() -> None:
    (suite,) = suites(incomplete_report())
    assert suite.get("errors") == "1"
    (error,) = suite.findall("*/error")
    assert "the listing broke off" in str(error.get("message"))


def test_junit_with_characters_that_xml_lacks() -> None:
    made = report(in_sync=1)
    made.add(problem("a\x00b\ud800c\x1b"))
    made.judge({}, allow_empty=False)
    assert r"a\u0000b\ud800c\u001b" in junit([made])


def samples(*reports: object) -> dict[str, float]:
    lines = exposition(metrics_of(reports)).splitlines()  # type: ignore[arg-type]
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    }


LABELS = 'source="node1",target="node6",source_bucket="source-bucket",target_bucket="target-bucket",site="node6"'


def test_metrics() -> None:
    found = samples(odd_report())
    assert found[f'backbeat_verify_versions{{{LABELS},state="failed"}}'] == 5
    assert found[f'backbeat_verify_versions{{{LABELS},state="processing"}}'] == 0
    assert found[f'backbeat_verify_bytes{{{LABELS},state="stuck"}}'] == 2000
    assert found[f"backbeat_verify_oldest_pending_seconds{{{LABELS}}}"] == 86400
    assert found[f"backbeat_verify_complete{{{LABELS}}}"] == 1
    last = found[f"backbeat_verify_last_run_timestamp_seconds{{{LABELS}}}"]
    assert (
        last == found[f"backbeat_verify_last_complete_timestamp_seconds{{{LABELS}}}"] == 1795486449
    )


def test_metrics_of_an_incomplete_run_keep_the_last_complete_one() -> None:
    found = samples(incomplete_report())
    values = {name.partition("{")[0]: value for name, value in found.items()}
    assert values["backbeat_verify_complete"] == 0
    assert values["backbeat_verify_last_complete_timestamp_seconds"] == 1795312800


def test_each_metric_is_explained_once_before_its_samples() -> None:
    text = exposition(metrics_of([odd_report(), incomplete_report()]))
    assert text.count("# TYPE") == text.count("# HELP") == 6
    assert text.endswith("\n")


def test_labels_are_escaped() -> None:
    text = exposition(metrics_of([report('a"b\\c\nd', in_sync=1)]))
    assert r'source="a\"b\\c\nd"' in text


def test_a_series_has_one_value() -> None:
    found = samples(report(failed=1), report(failed=2))
    assert found[f'backbeat_verify_versions{{{LABELS},state="failed"}}'] == 2
    text = exposition(metrics_of([report(failed=1), report(failed=2)]))
    assert text.count('state="failed"') == 2


def test_prometheus_client_writes_the_same() -> None:
    """Its parser reads its output, which is equivalent to the text that is written without it."""
    client = pytest.importorskip("prometheus_client", reason="prometheus_client is not installed")
    parser = pytest.importorskip("prometheus_client.parser")
    reports = [odd_report(), incomplete_report(), report('a"b\\c\nd', in_sync=10**15 + 1)]
    texts = [prometheus(reports), exposition(metrics_of(reports))]
    # The library has another format for numbers.
    assert client.__name__ in sys.modules
    assert texts[0] != texts[1]

    def meaning(text: str) -> dict[str, object]:
        return {
            family.name: (
                family.type,
                family.documentation,
                {(tuple(sorted(one.labels.items())), float(one.value)) for one in family.samples},
            )
            for family in parser.text_string_to_metric_families(text)
        }

    assert meaning(texts[0]) == meaning(texts[1])
    assert len(meaning(texts[0])) == 6


def test_the_text_is_written_without_prometheus_client_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert prometheus([odd_report()]) == exposition(metrics_of([odd_report()]))
