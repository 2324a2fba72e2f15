# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of role runs: they name the pairs that failed, why, and the role's variables."""

from __future__ import annotations

import re

from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays
from tests.integration.support.procedure import TARGET_BUCKET, set_up


def of_pairs(play: Plays, *pairs: dict[str, object]) -> Inventory:
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"] = list(pairs)
    return inventory


def test_several_of_a_list(play: Plays, source: Side, target: Side) -> None:
    pairs = [
        {"source_bucket": f"{name}-bucket", "target_bucket": TARGET_BUCKET, "rules": [rule]}
        for name in ("one", "two", "three")
        for rule in [{"prefix": f"{name}/"}]
    ]
    for bucket in ("one-bucket", "two-bucket"):
        play.sandbox.fail(
            operation="PutBucketReplication",
            bucket=bucket,
            status=403,
            code="AccessDenied",
            times=0,
        )
    message = play(inventory=of_pairs(play, *pairs)).failure()
    first, one, two = message.splitlines()
    assert first == "2 of 3 replications failed."
    assert one.startswith("one-bucket: Failed to ")
    assert two.startswith("two-bucket: Failed to ")


def test_variables_in_place_of_options(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, rules=[{"prefix": "a/"}, {"prefix": "b/"}])
    pair = {
        "source_bucket": "source-bucket",
        "target_bucket": "another-bucket",
        "rules": [{"prefix": "a/"}],
    }
    message = play(inventory=of_pairs(play, pair)).failure()
    assert "list all rules that are to change, or set `replication_purge_rules`" in message
    assert not re.search(r"(?<!replication_)purge_rules", message)
