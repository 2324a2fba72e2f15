# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's message about a failed proof: observations, preflight's findings, and Backbeat's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .replication import NOT_COMPLETED

Result = Mapping[str, Any]


def causes(proofs: Result, preflight: Result, service: Result) -> list[str]:
    """The lines of the message.

    proofs, preflight, service: results of backbeat_proof, backbeat_preflight and backbeat_service_info. The last two
    may have failed; service is empty if Backbeat was not queried. After a preflight, the checks that a proof suggests
    are left out, because preflight has made them.
    """
    results = preflight.get("results") or ()
    findings = [one for result in results for one in result.get("findings") or ()]
    found = [line for result in results for line in result.get("lines") or ()]
    if not results:
        found = [str(preflight["msg"])] if preflight.get("msg") else []
    errors = any(one["severity"] == "error" for one in findings)
    explained = errors or not results or not _is_waiting(proofs)
    return list(
        dict.fromkeys(
            [
                *_seen(proofs, checked=bool(results)),
                *found,
                *_of_backbeat(service, explained=explained),
            ]
        )
    )


def _seen(proofs: Result, *, checked: bool) -> Iterator[str]:
    failed = [one for one in proofs.get("results") or () if one.get("failed")]
    for result in failed or [proofs]:
        yield str((checked and result.get("what")) or result.get("msg") or "")


def _is_waiting(proofs: Result) -> bool:
    """Whether an object was put that Backbeat has not replicated; Backbeat does not cause other failures."""
    failed = (one for one in proofs.get("results") or () if one.get("failed"))
    last = ((one.get("canary") or one).get("object") or {} for one in failed)
    return any(one.get("replication_status") in NOT_COMPLETED for one in last)


def _of_backbeat(result: Result, *, explained: bool) -> Iterator[str]:
    service = result.get("service") or {}
    url = service.get("backbeat_url")
    if not service and result.get("msg"):
        yield f"Backbeat could not be asked: {result['msg']}"
    elif not service.get("asked"):
        if not explained:
            yield (
                "Preflight found no error on either side, so Backbeat may be down, paused or slow. Set "
                "replication_backbeat_url to read its state, or raise replication_verify_timeout to wait longer."
            )
    else:
        wrong = [*_of_health(service), *_of_sites(service)]
        yield from wrong
        if not wrong and not explained:
            yield (
                f"Preflight found no error on either side, and Backbeat at {url} reports none{_backlog(service)}. "
                "Raise replication_verify_timeout to wait longer, or read Backbeat's log."
            )


def _of_health(service: Result) -> Iterator[str]:
    if service.get("healthy") is False:
        health = service.get("health") or {}
        parts = ("isr_health", "zookeeper", "kafka_producer")
        stated = ", ".join(f"{part} is {health.get(part)}" for part in parts)
        yield " ".join(
            [
                f"Backbeat at {service['backbeat_url']} is not healthy: {stated}.",
                *health.get("notes", ()),
            ]
        )


def _of_sites(service: Result) -> Iterator[str]:
    for site in service.get("sites") or ():
        if site["state"] == "paused":
            until = f"until {site['resume_at']}" if site.get("resume_at") else "until it is resumed"
            yield (
                f"Replication to the site {site['name']} is paused at {service['backbeat_url']} {until}: objects stay "
                "PENDING. Resume it with the module backbeat_site and state: running."
            )


def _backlog(service: Result) -> str:
    metrics = service.get("metrics") or {}
    count = (metrics.get("backlog") or {}).get("count")
    return f"; {count:,} operations are pending" if count else ""
