# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host of the inventory has to do in a replication. Computed once a host, since every task needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.utils.display import Display

from ..plugin_utils._unknown_variables import unknown_variables
from .pairs import Items, Pair, pairs_to_buckets, role_arns

HostVars = Mapping[str, Mapping[str, Any]]


def replication_plan(
    hostvars: HostVars,
    host: str,
    *,
    hosts: Sequence[str],
    pairs: Sequence[Pair],
    target_host: str,
    s3: Mapping[str, Any],
    iam: Mapping[str, Any],
    names: Mapping[str, str],
    arns: Mapping[str, str],
    location: str,
    verify_key: str,
    policy: Mapping[str, Any],
) -> dict[str, Any]:
    """This host's part, from the role's variables on it and from what the inventory says of all `hosts`.

    names: of the "source_role", "target_role", "source_policy" and "target_policy"; arns: of roles that exist already,
    as "source" and "target", or empty; policy: options for all policies.

    Result: {"source", "target": whether it is one, "outgoing": the pairs to replicate, "uses_roles": whether one of
    them has no role of its own, "source_role", "target_role": {"name", "arn"} of the roles that they use, the ARN
    empty where it is still to be found, "roles", "policies", "buckets": what the modules take,
    "verify_key": the key of the proving object, this host's own where the bucket also receives another's,
    "missing": what the inventory lacks for this, in words}.
    """
    for name, meant in unknown_variables(hostvars[host]).items():
        Display().warning(f"{host}: the role has no variable {name}. Is {meant} meant?")
    outgoing = list(pairs) if target_host else []
    incoming = _incoming(hostvars, host, hosts)
    ours, theirs = _without_role(outgoing), _without_role(incoming)
    there = hostvars[target_host] if target_host and target_host in hostvars else {}
    target_name = there.get("replication_target_role_name") or names["target_role"]
    target_arn = there.get("replication_target_role_arn") or role_arns(
        there.get("replication_roles_made") or {}
    ).get(target_name, "")
    managed = [
        side for side, used in (("source", ours), ("target", theirs)) if used and not arns[side]
    ]
    a_source = bool(target_host) or any(hostvars[n].get("replication_target_host") for n in hosts)
    lacks = {
        "replication_target_host of any host, without which nothing is replicated": not (
            a_source or pairs
        ),
        f"replication_target_host of {host}, to which its pairs go": pairs and not target_host,
        f"replication_pairs of {host}, the buckets to replicate": target_host
        and not pairs
        and "replication_pairs" not in hostvars[host],
        f"replication_s3 of {host}": (outgoing or incoming) and not s3,
        f"replication_iam of {host}": managed and not iam,
        f"the host {target_host} itself": outgoing and target_host not in hostvars,
        f"replication_s3 of {target_host}": outgoing and not there.get("replication_s3"),
        f"replication_iam of {target_host}": ours
        and not target_arn
        and not there.get("replication_iam"),
    }
    return {
        "missing": [what for what, is_missing in lacks.items() if is_missing],
        "source": bool(outgoing),
        "target": bool(incoming),
        "outgoing": outgoing,
        "uses_roles": bool(ours),
        "verify_key": f"{verify_key}-from-{host}" if _both_ways(outgoing, incoming) else verify_key,
        "source_role": {"name": names["source_role"], "arn": arns["source"]},
        "target_role": {"name": target_name, "arn": target_arn},
        "roles": _each_once([{"name": names[f"{side}_role"]} for side in managed]),
        "policies": [
            {
                "name": names[f"{side}_policy"],
                "side": side,
                # The guide's document speaks of both sides, ours only of its own.
                **{
                    f"{named}_buckets": _buckets(used, f"{named}_bucket")
                    for named in ("source", "target")
                    if named == side or policy.get("permissions") == "guide"
                },
                "roles": [names[f"{side}_role"]],
                **policy,
            }
            for side, used in (("source", ours), ("target", theirs))
            if side in managed
        ],
        "buckets": _each_once(
            pairs_to_buckets(outgoing, "source", location)
            + pairs_to_buckets(incoming, "target", location)
        ),
    }


def with_role_arns(policies: Sequence[Mapping[str, Any]], made: Mapping[str, Any]) -> Items:
    """The policies with the ARNs of their roles where `made`, the result of backbeat_iam_role, has them.

    A policy is found with fewer calls where the ARN of a role is known.
    """
    arns = role_arns(made)
    return [{**one, "roles": [arns.get(name, name) for name in one["roles"]]} for one in policies]


def role_arn(role: Mapping[str, str], *results: Mapping[str, Any]) -> str:
    """The ARN of the plan's role, from results of backbeat_iam_role or of its info module; empty where none has it."""
    if role["arn"]:
        return role["arn"]
    for result in results:
        known = role_arns(result if "results" in result else {"results": [result]})
        if role["name"] in known:
            return known[role["name"]]
    return ""


def _incoming(hostvars: HostVars, host: str, hosts: Sequence[str]) -> list[Pair]:
    return [
        pair
        for name in hosts
        if hostvars[name].get("replication_target_host") == host
        for pair in hostvars[name].get("replication_pairs") or ()
    ]


def _both_ways(outgoing: Sequence[Pair], incoming: Sequence[Pair]) -> bool:
    """Whether a bucket is replicated from and to: the other side's proof would pass for this side's."""
    received = {pair["target_bucket"] for pair in incoming}
    return any(pair["source_bucket"] in received for pair in outgoing)


def _without_role(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs that name roles of their own need none of this host's."""
    return [pair for pair in pairs if "role" not in pair]


def _each_once(items: Items) -> Items:
    """One of each name: what both directions of a replication use is made once, and not by two threads at a time."""
    return list({item["name"]: item for item in items}.values())


def _buckets(pairs: Sequence[Pair], name: str) -> list[str]:
    return list(dict.fromkeys(pair[name] for pair in pairs))


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "replication_plan": replication_plan,
            "with_role_arns": with_role_arns,
            "role_arn": role_arn,
        }
