# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several changes of one configuration at a time: no rule is lost, in one list or from several processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, set_up

PREFIXES = [f"prefix-{number}/" for number in range(4)]


def wanted(prefix: str) -> dict[str, Any]:
    return {"bucket": SOURCE_BUCKET, "rules": [{"id": prefix, "prefix": prefix}]}


def prefixes(side: Side) -> list[str]:
    stored = side.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    return sorted(rule["Prefix"] for rule in stored["Rules"])


def prepare(source: Side, target: Side) -> None:
    for result in set_up(source, target, but=["object"], rules=[{"prefix": "first/"}]):
        assert not result.get("failed"), result


def slowly(side: Side) -> None:
    """Answers take a quarter of a second to arrive, so that what was read is old when it is written."""
    side.sandbox.fail("GetBucketReplication", side="source", how="drip", pause=0.0003, times=0)


def test_a_list_that_names_a_bucket_several_times(source: Side, target: Side) -> None:
    prepare(source, target)
    slowly(source)
    items = [wanted(prefix) for prefix in PREFIXES]
    result = source.run("bucket_replication", replications=items, concurrency=8)
    assert not result.get("failed"), result
    assert prefixes(source) == ["first/", *PREFIXES]


def test_runs_of_several_processes(source: Side, target: Side) -> None:
    prepare(source, target)
    slowly(source)
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(
                lambda prefix: source.run_process("bucket_replication", **wanted(prefix)),
                PREFIXES,
            )
        )
    assert not [one for one in results if one.get("failed")]
    assert prefixes(source) == ["first/", *PREFIXES]
