# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of verifications, backfills and retries of a host's plan, and their distribution among machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from .topology import SOURCE, TARGET, Items
from .topology_comparisons import (
    backfill_files,
    comparisons,
    part_files,
    unsent,
    verify_files,
)
from .topology_steps import Steps


def verifications(steps: Steps, options: Mapping[str, Any]) -> Items:
    """Both sides of each comparison, with its files in the verification's folder, if there is one."""
    url = options["backbeat_url"]
    return [
        {
            SOURCE: _compared(steps, steps.plan["host"], one["source_bucket"]),
            TARGET: _compared(steps, one["target_host"], one["target_bucket"]),
            # Unset options are left out: with thousands of pairs, each option counts.
            **{name: one[name] for name in ("site", "cloud", "target_prefix") if one.get(name)},
            **({"backbeat_url": url} if url else {}),
            **verify_files(options["verify_folder"], steps.plan["host"], one),
        }
        for one in comparisons(steps.plan["outgoing"])
    ]


def backfills(steps: Steps, options: Mapping[str, Any]) -> Items:
    """Both sides of each comparison for a backfill, with its files in the verification's folder.

    Clouds are left out, because the module cannot determine which versions they lack.
    """
    folder = options["verify_folder"]
    found: Items = []
    pairs = comparisons(steps.plan["outgoing"])
    for pair, compared in zip(pairs, verifications(steps, options), strict=True):
        if pair.get("cloud"):
            continue
        kept = (SOURCE, TARGET, "site", "backbeat_url")
        one = {name: compared[name] for name in kept if name in compared}
        if folder:
            one |= backfill_files(folder, steps.plan["host"], pair)
            if options["backfill_from_verification"]:
                one["verify_problems_file"] = compared["problems_file"]
        found.append(one)
    return found


def repaired(steps: Steps, options: Mapping[str, Any]) -> Items:
    """The backfills of a repair, limited to the keys that the verification before it found, if it wrote files."""
    return backfills(steps, {**options, "backfill_from_verification": True})


def resends(steps: Steps, options: Mapping[str, Any]) -> Items:
    """The pairs with stuck versions from the event source, for a backfill of only these versions.

    The event source's events have URL-encoded keys.
    """
    found: Items = []
    for pair in backfills(steps, {**options, "verify_folder": ""}):
        versions = [
            {"key": unquote(one["key"]), "version_id": one["version_id"]}
            for one in steps.stuck
            if one["host"] == steps.plan["host"] and one["bucket"] == pair[SOURCE]["bucket"]
        ]
        if versions:
            found.append({**pair, "versions": versions})
    return found


def retries(steps: Steps, options: Mapping[str, Any]) -> Items:
    """The source bucket of each comparison, its sites and its target, for a retry of failed versions.

    Clouds are not used as targets here. Without a target, the module skips versions for which it would have to read it.
    """
    known = list(options["known_sites"]) or None
    return [
        {
            "name": one["name"],
            "bucket": one["source_bucket"],
            "sites": [one["site"]] if one.get("site") else known,
            TARGET: None
            if one.get("cloud")
            else {
                "s3": steps.connection(one["target_host"], "s3"),
                "bucket": one["target_bucket"],
            },
        }
        for one in comparisons(steps.plan["outgoing"])
    ]


def left_out(steps: Steps) -> list[str]:
    """Texts about the comparisons that a backfill skips."""
    return list(filter(None, map(unsent, comparisons(steps.plan["outgoing"]))))


def divisions(steps: Steps, options: Mapping[str, Any]) -> Items:
    """The source bucket of each pair, for dividing it among machines, and the file of its plan."""
    machines, shared = _machines(options), bool(options["verify_folder"])
    return [
        {
            "s3": one[SOURCE]["s3"],
            "bucket": one[SOURCE]["bucket"],
            "parts": machines * options["verify_ranges_per_worker"],
            "least_versions": options["verify_least_versions"],
            "plan_file": f"{one['report_file']}.{options['verify_run']}.plan",
            "store": steps.store,
        }
        for one in (verifications(steps, options) if shared and machines else [])
    ]


def ranges(steps: Steps, options: Mapping[str, Any]) -> Items:
    """The ranges of all pairs, each with its worker, its host name, and the files of its part.

    For a slice, which has no workers, only the ranges with its own number.
    """
    workers, slices = options["verify_workers"], options["verify_slices"]
    found: Items = []
    number = 0
    for place, pair in enumerate(verifications(steps, options)):
        for one in steps.plans[place]["ranges"]:
            number += 1
            if slices and (number - 1) % slices != options["verify_slice"] - 1:
                continue
            files = part_files(pair, options["verify_run"], one["number"])
            found.append(
                {
                    "name": f"verify-{steps.plan['host']}-{place}-{one['number']}",
                    "worker": "localhost" if slices else workers[(number - 1) % len(workers)],
                    SOURCE: pair[SOURCE],
                    TARGET: pair[TARGET],
                    "range": {"after": one["after"], "until": one["until"]},
                    "run": options["verify_run"],
                    "sent_file": pair["sent_file"],
                    "site": pair.get("site"),
                    "cloud": pair.get("cloud", False),
                    "target_prefix": pair.get("target_prefix", ""),
                    "backbeat_url": pair.get("backbeat_url"),
                    "store": steps.store,
                    "objects": [
                        {"bucket": steps.store["bucket"], "key": _key(steps, file), "src": file}
                        for file in (files["problems_file"], files["report_file"])
                    ]
                    if steps.store
                    else [],
                    **files,
                }
            )
    return found


def parts(steps: Steps, options: Mapping[str, Any]) -> Items:
    """The parts of each pair's verification, for merging them, and the files of the merged report."""
    return [
        {
            "bucket": pair[SOURCE]["bucket"],
            "report_file": pair["report_file"],
            "problems_file": pair["problems_file"],
            "store": steps.store,
            "parts": [
                {
                    "after": one["after"],
                    "until": one["until"],
                    **{name: files[name] for name in ("report_file", "problems_file")},
                }
                for one in steps.plans[place]["ranges"]
                for files in [part_files(pair, options["verify_run"], one["number"])]
            ],
        }
        for place, pair in enumerate(verifications(steps, options))
    ]


def _key(steps: Steps, file: str) -> str:
    """The key of a file in the shared bucket, as modules build it."""
    prefix = (steps.store or {}).get("prefix") or ""
    return f"{prefix}{file.rpartition('/')[2]}"


def _compared(steps: Steps, host: str, bucket: str) -> dict[str, Any]:
    return {"bucket": bucket, "name": host, "s3": steps.connection(host, "s3")}


def _machines(options: Mapping[str, Any]) -> int:
    """The number of machines that share the work."""
    return options["verify_slices"] or len(options["verify_workers"])
