# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From pairs of buckets, as an inventory describes them, to the lists that the modules take.

A pair is {"source_bucket", "target_bucket", "rules": list of rules as backbeat_bucket_replication takes them, "role"}.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

Pair = Mapping[str, Any]
Items = list[dict[str, Any]]


def pairs_to_buckets(pairs: Sequence[Pair], side: str, location: str = "") -> Items:
    """The buckets of one side ("source" or "target"), each once, with versioning."""
    names = dict.fromkeys(_of(pair, f"{side}_bucket") for pair in pairs)
    place = {"location": location} if location else {}
    return [{"name": name, "versioning": "enabled", **place} for name in names]


def pairs_to_replications(
    pairs: Sequence[Pair],
    source_role: str,
    target_role: str,
    purge_rules: bool = False,
    known_sites: Mapping[str, str] | None = None,
    allow_pending_loss: bool = False,
) -> Items:
    """The replication configurations of the source buckets.

    Roles are ARNs; the target's is empty for clouds. A pair may have a "role" of its own, as the configuration has it.
    """
    usual = (
        {"source_role": source_role, "target_role": target_role}
        if target_role
        else {"role": source_role}
    )
    # What is left at its default is left out: with thousands of pairs each option counts.
    options = {
        "purge_rules": purge_rules,
        "known_sites": known_sites,
        "allow_pending_loss": allow_pending_loss,
    }
    asked = {name: value for name, value in options.items() if value}
    counted = Counter(_of(pair, "source_bucket") for pair in pairs)
    for name, times in counted.items():
        if times > 1:
            raise AnsibleFilterError(
                f"The source bucket {name} is in several pairs; a bucket has one replication configuration: "
                "name it once, with all its rules."
            )
    return [
        {
            "bucket": _of(pair, "source_bucket"),
            "target_bucket": _of(pair, "target_bucket"),
            **({"role": pair["role"]} if pair.get("role") else usual),
            "rules": pair.get("rules") or [{"prefix": ""}],
            **asked,
        }
        for pair in pairs
    ]


def pairs_to_removals(pairs: Sequence[Pair], allow_pending_loss: bool = False) -> Items:
    """What teardown removes: the rules that a pair names, or where it names none the whole configuration."""
    return [
        {
            "bucket": _of(pair, "source_bucket"),
            "rules": pair.get("rules"),
            "allow_pending_loss": allow_pending_loss,
            "state": "absent",
        }
        for pair in pairs
    ]


def absent(items: Sequence[Mapping[str, Any]]) -> Items:
    """The same things, by name, for a module to remove."""
    return [{"name": item["name"], "state": "absent"} for item in items]


def pairs_to_objects(pairs: Sequence[Pair], key: str) -> Items:
    """An object for each pair, under the prefix of its first rule in force."""
    return [
        {"bucket": _of(pair, "source_bucket"), "key": prefix + key}
        for pair in pairs
        for prefix in _prefixes(pair)[:1]
    ]


def pairs_to_checks(pairs: Sequence[Pair], key: str, target_s3: Mapping[str, Any]) -> Items:
    """The check of that object on both sides; `target_s3` is the connection to the target."""
    return [
        {
            "bucket": _of(pair, "source_bucket"),
            "key": prefix + key,
            "target": {"s3": dict(target_s3), "bucket": _of(pair, "target_bucket")},
        }
        for pair in pairs
        for prefix in _prefixes(pair)[:1]
    ]


def role_arns(result: Mapping[str, Any]) -> dict[str, str]:
    """ARNs by name, from the result of backbeat_iam_role with a list of roles; empty where it did not run."""
    roles = [one.get("iam_role") for one in result.get("results") or ()]
    return {role["role_name"]: role["arn"] for role in roles if role}


def _of(pair: Pair, name: str) -> str:
    if not isinstance(pair, Mapping) or not pair.get(name):
        raise AnsibleFilterError(f"A pair of buckets needs {name}: {pair!r}")
    return str(pair[name])


def _prefixes(pair: Pair) -> list[str]:
    rules: Sequence[Mapping[str, Any]] = pair.get("rules") or [{}]
    return [str(rule.get("prefix") or "") for rule in rules if rule.get("enabled", True)]


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "pairs_to_buckets": pairs_to_buckets,
            "pairs_to_replications": pairs_to_replications,
            "pairs_to_removals": pairs_to_removals,
            "absent": absent,
            "pairs_to_objects": pairs_to_objects,
            "pairs_to_checks": pairs_to_checks,
            "role_arns": role_arns,
        }
