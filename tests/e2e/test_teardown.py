# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teardown: what it removes, what it keeps, and when it refuses."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.replication import Replication

NewReplication = Callable[[str], Replication]


def test_teardown_removes_everything_but_objects_and_their_buckets(
    new_replication: NewReplication,
) -> None:
    replication = new_replication("teardown")
    replication.setup().ok()
    predicted = replication.teardown("--check").ok()
    assert all(replication.existing().values())
    done = replication.teardown().ok()
    # In check mode the policies are still attached when the roles are read, so their detachment is predicted twice.
    twice = [one for one in predicted.changes() if one.startswith("DetachRolePolicy arn:")]
    assert sorted([*done.changes(), *twice]) == predicted.changes()

    assert replication.configuration() is None
    remaining = {name for name, exists in replication.existing().items() if exists}
    assert remaining == {
        f"bucket {replication.source_bucket}",
        f"bucket {replication.target_bucket}",
    }
    replication.source.s3_client.head_object(Bucket=replication.source_bucket, Key=replication.key)

    again = replication.teardown(replication_remove_buckets=True)
    assert again.code != 0
    assert again.changed() == {}
    assert "is not empty: delete its objects first" in again.output
    replication.empty()
    replication.teardown(replication_remove_buckets=True).ok()
    assert not any(replication.existing().values())


def test_unlisted_rule_keeps_roles_and_policies(new_replication: NewReplication) -> None:
    replication = new_replication("shared")
    pairs = [{**replication.pair, "rules": [{"id": "ours", "prefix": "ours/"}]}]
    replication.setup(replication_pairs=pairs).ok()
    replication.source.do(
        "bucket_replication",
        bucket=replication.source_bucket,
        rules=[{"id": "theirs", "prefix": "theirs/"}],
    )
    policies = [
        replication.policy(side) for side in ("source", "target") if replication.manages(side)
    ]
    replication.teardown(replication_pairs=pairs).ok()
    configuration = replication.configuration()
    assert configuration is not None
    assert [rule["ID"] for rule in configuration["Rules"]] == ["theirs"]
    assert all(replication.existing().values())
    # The permissions are those of the bucket, and the remaining rule needs them.
    assert [
        replication.policy(side) for side in ("source", "target") if replication.manages(side)
    ] == policies
