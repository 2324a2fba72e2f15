# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teardown: what it removes, what it leaves, and when it refuses."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.story import Story

Begin = Callable[[str], Story]


def test_from_all_to_nothing(story: Begin) -> None:
    own = story("teardown")
    own.setup().ok()
    predicted = own.teardown("--check").ok()
    assert all(own.there().values())
    done = own.teardown().ok()
    # In check mode the roles still have their policies when they are looked at, and so would lose them a second time.
    twice = [one for one in predicted.changes() if one.startswith("DetachRolePolicy arn:")]
    assert sorted([*done.changes(), *twice]) == predicted.changes()

    assert own.configuration() is None
    left = {name for name, is_there in own.there().items() if is_there}
    assert left == {f"bucket {own.source_bucket}", f"bucket {own.target_bucket}"}
    own.source.s3_client.head_object(Bucket=own.source_bucket, Key=own.key)

    again = own.teardown(replication_remove_buckets=True)
    assert again.code != 0
    assert again.changed() == {}
    assert "is not empty: delete its objects first" in again.output
    own.empty()
    own.teardown(replication_remove_buckets=True).ok()
    assert not any(own.there().values())


def test_rules_that_others_added_keep_the_roles(story: Begin) -> None:
    own = story("shared")
    pairs = [{**own.pair, "rules": [{"id": "ours", "prefix": "ours/"}]}]
    own.setup(replication_pairs=pairs).ok()
    own.source.do(
        "bucket_replication",
        bucket=own.source_bucket,
        rules=[{"id": "theirs", "prefix": "theirs/"}],
    )
    policies = [own.policy(side) for side in ("source", "target") if own.manages(side)]
    own.teardown(replication_pairs=pairs).ok()
    configuration = own.configuration()
    assert configuration is not None
    assert [rule["ID"] for rule in configuration["Rules"]] == ["theirs"]
    assert all(own.there().values())
    # The permissions are those of the bucket, and the rules that stay need them.
    assert [own.policy(side) for side in ("source", "target") if own.manages(side)] == policies
