# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarises the findings about all pairs of a host, separates drift from errors, and decides whether a validation
fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: The severities that fail, by the value of replication_preflight_fail_on.
FAILING = {"error": ("error",), "warning": ("error", "warning"), "never": ()}
WELL = "Nothing keeps these buckets from being replicated."
#: The maximum number of pairs in a line.
SHOWN = 10
DRIFT = (
    "Drift, which set-up repairs (unlisted rules and permissions only with purging, disabled rules only with enabled: "
    "true): run set-up with --check to see its plan."
)
HEADINGS = {
    "errors": "Errors, which set-up does not repair:",
    "drift": DRIFT,
    "others": "Also found:",
}


def validation(
    pairs: Sequence[Mapping[str, Any]],
    results: Sequence[Mapping[str, Any]],
    *,
    fail_on: str,
    fail_on_drift: bool,
) -> dict[str, Any]:
    """The findings of backbeat_preflight for these pairs.

    {"errors", "drift", "others": findings with their "line", each once; "failed"; "lines"; "statistic"}. The statistic
    has no text from servers, because older versions of Ansible evaluate statistics as templates.
    """
    groups: dict[str, dict[str, Mapping[str, Any]]] = {name: {} for name in HEADINGS}
    shown = []
    for pair, result in zip(pairs, results, strict=False):
        findings, lines = result.get("findings") or (), result.get("lines") or ()
        for finding, line in zip(findings, lines, strict=False):
            groups[_group(finding)].setdefault(line, {**finding, "line": line})
            shown.append(
                {
                    "source_bucket": pair["source_bucket"],
                    "target_host": pair["target_host"],
                    "target_bucket": pair["target_bucket"],
                    **{name: finding[name] for name in ("id", "severity", "drift")},
                }
            )
    found = {name: list(group.values()) for name, group in groups.items()}
    counts = Counter({name: len(group) for name, group in found.items()})
    failing = [one for name in found if name != "drift" or fail_on_drift for one in found[name]]
    failed = any(one["severity"] in FAILING[fail_on] for one in failing)
    return {
        **found,
        "failed": failed,
        "lines": [*(list(_lines(found)) or [WELL]), *([] if failed else _checked(pairs, results))],
        "statistic": {**counts, "failed": failed, "findings": shown},
    }


def _group(finding: Mapping[str, Any]) -> str:
    if finding["drift"]:
        return "drift"
    return "errors" if finding["severity"] == "error" else "others"


def _checked(
    pairs: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Lines about the checks, one for all pairs with the same checks."""
    groups: dict[str, list[str]] = {}
    for pair, result in zip(pairs, results, strict=False):
        checks = (result.get("checked") or {}).get("checks") or ()
        name = f"{pair['source_bucket']} -> {pair['target_host']}:{pair['target_bucket']}"
        groups.setdefault(f"{', '.join(checks)}; {_canary(result)}", []).append(name)
    for checked, names in groups.items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"Checked of {', '.join(names[:SHOWN])}{more}: {checked}."


def _canary(result: Mapping[str, Any]) -> str:
    if "canary" not in result:
        return "without a canary (replication_preflight_canary)"
    return "a canary was replicated" if result["canary"] else "no canary was put"


def _lines(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    for name, heading in HEADINGS.items():
        if found[name]:
            yield heading
            yield from (one["line"] for one in found[name])
