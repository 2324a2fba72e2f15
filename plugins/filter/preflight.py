# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a host has to do in a replication to what preflight has to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .pairs import Items, Pair

Connection = Mapping[str, Any]


def plan_to_preflights(
    plan: Mapping[str, Any],
    s3: Connection,
    iam: Connection,
    there: Mapping[str, Any],
    known_sites: Mapping[str, str] | None = None,
) -> Items:
    """A pair of sides for each pair of buckets that a host replicates, with what the role would set up.

    plan: of the filter replication_plan; s3, iam: the host's own connections; there: the variables of the target host.
    """
    return [
        {
            "source": _side(pair["source_bucket"], source_role, s3, iam),
            "target": _side(
                pair["target_bucket"],
                target_role,
                there["replication_s3"],
                there.get("replication_iam") or {},
            ),
            "rules": pair.get("rules") or [{"prefix": ""}],
            "known_sites": known_sites or None,
        }
        for pair in plan["outgoing"]
        for source_role, target_role in [_roles(pair, plan)]
    ]


def _roles(pair: Pair, plan: Mapping[str, Any]) -> tuple[str, str | None]:
    """The roles of the pair itself, as its configuration has them, or those of the plan."""
    if pair.get("role"):
        source, _comma, target = str(pair["role"]).partition(",")
        return source, target or None
    source_role, target_role = plan["source_role"], plan["target_role"]
    return source_role["arn"] or source_role["name"], target_role["arn"] or target_role["name"]


def _side(bucket: str, role: str | None, s3: Connection, iam: Connection) -> dict[str, Any]:
    return {"bucket": bucket, "role": role, "s3": dict(s3), "iam": dict(iam) or None}


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"plan_to_preflights": plan_to_preflights}
