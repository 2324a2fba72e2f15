# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the environments of an inventory, in its own words: names of hosts and variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from .topology import SOURCE, TARGET, Environment, Topology

CONNECTION = (
    "a connection is a dictionary with endpoint_url, and profile or access_key and secret_key"
)


def refusals(topology: Topology, host: str, known_hosts: Collection[str]) -> list[str]:
    """Sentences that say why this host's part cannot be set up, taken down or validated; empty if it can.

    known_hosts: all hosts of the inventory.
    """
    here = topology.environments[host]
    if not any(one.target_host or one.pairs for one in topology.environments.values()):
        return [
            "No host of the inventory has replication_pairs, so there is nothing to replicate: name the buckets "
            "there, and in replication_target_host the host to replicate to."
        ]
    return [
        *_of_pairs(here, known_hosts),
        *_of_connections(topology, here),
    ]


def _of_pairs(here: Environment, known_hosts: Collection[str]) -> Iterator[str]:
    if here.target_host and not here.pairs:
        yield (
            f"{here.name} has replication_target_host, but no pair of buckets in replication_pairs: name the "
            "buckets to replicate, or remove replication_target_host."
        )
    for pair in here.pairs:
        if not pair.target_host:
            yield (
                f"The pair with source_bucket {pair.source_bucket} in replication_pairs of {here.name} has no target: "
                f"set replication_target_host of {here.name}, or target_host of the pair."
            )
    for target in dict.fromkeys(pair.target_host for pair in here.pairs if pair.target_host):
        if target not in known_hosts:
            yield (
                f"{here.name} replicates to the host {target}, which is not in the inventory: correct "
                "replication_target_host or target_host of the pair, or add the host."
            )
    counted = Counter(pair.source_bucket for pair in here.pairs)
    for bucket in [name for name, times in counted.items() if times > 1]:
        yield (
            f"The source bucket {bucket} is in several pairs of replication_pairs of {here.name}, but a bucket has one "
            "replication configuration: name it once, with all its rules."
        )


def _of_connections(topology: Topology, here: Environment) -> Iterator[str]:
    outgoing = topology.outgoing(here.name)
    incoming = topology.incoming(here.name)
    if (outgoing or incoming) and not here.s3:
        yield _lacks(here.name, "replication_s3")
    for side, directions in ((SOURCE, outgoing), (TARGET, incoming)):
        uses_role = any(not pair.role for direction in directions for pair in direction.pairs)
        if uses_role and not here.roles[side].arn and not here.iam:
            yield _lacks(here.name, "replication_iam")
            break
    for direction in outgoing:
        there = topology.environments.get(direction.target)
        if there is None:
            continue
        if not there.s3:
            yield _lacks(there.name, "replication_s3")
        uses_role = any(not pair.role for pair in direction.pairs)
        if uses_role and not there.roles[TARGET].arn and not there.iam:
            yield _lacks(there.name, "replication_iam")


def _lacks(host: str, variable: str) -> str:
    return f"The inventory lacks {variable} of {host}: {CONNECTION}."
