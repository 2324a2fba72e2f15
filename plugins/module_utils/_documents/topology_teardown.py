# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a host's plan that teardown removes: rules, and unused policies, roles and buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .topology import Items
from .topology_steps import Steps


def removals(steps: Steps, options: Mapping[str, Any]) -> Items:
    """The rules that teardown removes: those of set-up, from configurations with set-up's roles and target."""
    return [
        {
            "bucket": pair["source_bucket"],
            "target_bucket": pair["target_bucket"],
            **(
                {"role": pair["role"]}
                if pair.get("role")
                else dict(
                    zip(("source_role", "target_role"), steps.expected_roles(pair), strict=True)
                )
            ),
            "rules": pair.get("rules") or [{"prefix": ""}],
            **options,
            "state": "absent",
        }
        for pair in steps.plan["outgoing"]
    ]


def users(steps: Steps) -> dict[str, list[str]]:
    """By the name of a role of this environment, the buckets whose configurations use it."""
    still = _still_configured(steps)
    others = [one["replication"] for one in steps.found.configurations if one.get("replication")]
    sources = [one for one in still.values() if one]
    sources += [one for one in others if one["bucket"] not in still]
    used: dict[str, list[str]] = {}
    for place, replications in enumerate((sources, steps.found.received)):
        for one in replications:
            for arn in one["roles"][place : place + 1]:
                used.setdefault(arn.rsplit("/", 1)[-1], []).append(one["bucket"])
    return used


def _still_configured(steps: Steps) -> dict[str, Any]:
    """The remaining configuration of each bucket that this host replicates, None if there is none."""
    buckets = [pair["source_bucket"] for pair in steps.plan["outgoing"]]
    results = [one.get("replication") for one in steps.found.removed]
    return dict(zip(buckets, results, strict=False))


def absent_policies(steps: Steps) -> Items:
    """The policies without buckets that are no longer replicated; those of roles in use stay."""
    used = users(steps)
    items = []
    for one in steps.plan["policies"]:
        (role,) = one["roles"]
        still = used.get(role, ())
        source = [name for name in one.get("source_buckets", ()) if name not in still]
        kept = {left["target_bucket"] for left in steps.found.received if left["bucket"] in still}
        target = [name for name in one.get("target_buckets", ()) if name not in kept]
        # The guide's document cannot be written for one side only, so it stays as it is.
        if (source or target) and (one["permissions"] != "guide" or (source and target)):
            items.append(
                {
                    "name": one["name"],
                    "side": one["side"],
                    "permissions": one["permissions"],
                    "source_buckets": source,
                    "target_buckets": target,
                    "roles": [] if still else [role],
                    "max_size": one["max_size"],
                    **({"cloud_targets": True} if one.get("cloud_targets") else {}),
                }
            )
    return [{**item, "state": "absent"} for item in items]


def absent_roles(steps: Steps) -> Items:
    """The roles that no configuration uses; roles with other policies than the removed ones stay."""
    used = users(steps)
    policies = zip(absent_policies(steps), steps.found.policies, strict=False)
    removed = [one["name"] for one, result in policies if result.get("policy") is None]
    return [
        {"name": one["name"], "managed_policies": removed, "state": "absent"}
        for one in steps.plan["roles"]
        if one["name"] not in used
    ]


def absent_buckets(steps: Steps) -> Items:
    """The plan's buckets, to remove."""
    return [{"name": one["name"], "state": "absent"} for one in steps.plan["buckets"]]
