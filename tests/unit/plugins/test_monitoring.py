# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics, alert rules and the dashboard, checked by Prometheus's promtool from Debian's package prometheus."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_formats import (
    exposition,
    metrics_of,
    prometheus,
)

from .debian import debian_program
from .documented import COLLECTION
from .reports import incomplete_report, odd_report, report

FILES = COLLECTION / "roles" / "replication" / "files"
ALERTS = FILES / "prometheus-alerts.yml"
DASHBOARD = json.loads((FILES / "grafana-dashboard.json").read_text())
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
LABELS = 'source="node1",source_bucket="source-bucket",target="node6",target_bucket="target-bucket",site="node6"'


def promtool(*arguments: str, text: str = "") -> str:
    program = debian_program("promtool", "prometheus")
    done = subprocess.run(
        [program, *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def test_metrics_are_well_formed() -> None:
    reports = [odd_report(), incomplete_report(), report('a"b\\c', in_sync=1)]
    # With prometheus_client if it is installed, and without it.
    for text in (prometheus(reports), exposition(metrics_of(reports))):
        assert promtool("check", "metrics", text=text) == ""


def test_alert_rules_are_valid() -> None:
    assert f"SUCCESS: {len(RULES)} rules found" in promtool("check", "rules", str(ALERTS))


def test_queries_of_the_dashboard_are_valid(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:query:{number}", "expr": expr}
        for number, expr in enumerate(expressions())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(file))


def test_rules_and_dashboard_use_metrics_that_are_written() -> None:
    written = set(re.findall(r"^# TYPE (\w+)", prometheus([]), re.M))
    used = {
        name
        for text in [*expressions(), *(rule["expr"] for rule in RULES)]
        for name in re.findall(r"backbeat_verify_\w+", text)
    }
    assert used == written


def test_panels_have_unique_titles_ids_and_places() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] for panel in panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def series(metric: str, values: str, **more: str) -> dict[str, str]:
    labels = ",".join([LABELS, *(f'{name}="{value}"' for name, value in more.items())])
    return {"series": f"backbeat_verify_{metric}{{{labels}}}", "values": values}


QUIET = [
    series("versions", "0x60", state="stuck"),
    series("versions", "0x60", state="missing"),
    series("versions", "9x60", state="pending"),
    series("oldest_pending_seconds", "600x60"),
    series("complete", "1x60"),
    series("last_complete_timestamp_seconds", "0x60"),
]


@pytest.mark.parametrize(
    ("alert", "changed", "at"),
    [
        (None, None, 60),
        ("BackbeatVersionsStuck", series("versions", "3x60", state="stuck"), 60),
        ("BackbeatVersionsLost", series("versions", "3x60", state="missing"), 60),
        ("BackbeatVersionsPendingTooLong", series("oldest_pending_seconds", "7200x60"), 60),
        ("BackbeatVerificationIncomplete", series("complete", "0x60"), 60),
        ("BackbeatNotVerified", series("last_complete_timestamp_seconds", "0x60"), 27 * 60),
    ],
)
def test_alerts_fire_for_what_they_are_named_after(
    tmp_path: Path, alert: str | None, changed: dict[str, str] | None, at: int
) -> None:
    name = changed["series"] if changed else ""
    values = [one for one in QUIET if one["series"] != name] + ([changed] if changed else [])
    long = [{**one, "values": one["values"].replace("x60", "x2000")} for one in values]
    checks: list[dict[str, Any]] = []
    for rule in RULES:
        found: dict[str, Any] = {"eval_time": f"{at}m", "alertname": rule["alert"]}
        if rule["alert"] == alert:
            # Only check that it fires: promtool would have to compare all labels and texts.
            continue
        checks.append({**found, "exp_alerts": []})
    exprs = [
        {
            "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
            "eval_time": f"{at}m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
    ]
    test = {
        "interval": "1m",
        "input_series": long,
        "alert_rule_test": checks,
        "promql_expr_test": exprs if alert else [],
    }
    file = tmp_path / "alerts.json"
    file.write_text(
        json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": [test]})
    )
    promtool("test", "rules", str(file))
