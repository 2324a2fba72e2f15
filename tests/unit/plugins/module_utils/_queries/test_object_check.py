# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether an object is replicated, and explains why it is not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Forbidden,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.object_check import (
    ObjectCheck,
    ObjectCheckRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Progress
from ansible_collections.scality.backbeat.plugins.module_utils._work import (
    InvalidDocument,
    Unsatisfied,
)

from ...fake_client import Time, lost, refusal
from ...fake_s3 import FakeS3

HERE, THERE = "http://node1", "http://node6"
RULE = {"ID": "one", "Prefix": "", "Status": "Enabled", "Destination": {"Bucket": "x"}}


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source() -> FakeS3:
    server = FakeS3()
    server._add("source", versioning="Enabled", replication={"Role": "r", "Rules": [RULE]})
    return server


@pytest.fixture
def target() -> FakeS3:
    server = FakeS3()
    server._add("target", versioning="Enabled")
    return server


class Pair:
    """The two servers and the clock; events at certain seconds are prepared."""

    def __init__(self, source: FakeS3, target: FakeS3, time: Time) -> None:
        self.source, self.target, self.time = source, target, time

    def put(self, status: str | None = None, body: bytes = b"body", **differences: Any) -> None:
        self.source._put("source", "key", body, **_status(status), **differences)

    def copy(
        self, status: str | None = "REPLICA", body: bytes = b"body", **differences: Any
    ) -> None:
        self.target._put("target", "key", body, **_status(status), **differences)

    def now(self, status: str) -> None:
        self.source.buckets["source"]["objects"]["key"][-1]["ReplicationStatus"] = status

    def check(
        self,
        both: bool = True,
        retry: float = 60.0,
        progress: Progress | None = None,
        just_put: bool = False,
        **options: Any,
    ) -> dict[str, Any]:
        defaults = {
            "bucket": "source",
            "key": "key",
            "version_id": None,
            "status": ["COMPLETED"],
            "target": {"bucket": "target", "key": None, "s3": {}} if both else None,
            "wait": True,
            "wait_timeout": 30.0,
            "wait_max_delay": 5.0,
        }
        query = ObjectCheck(
            replace(ObjectCheckRequest.from_options({**defaults, **options}), just_put=just_put),
            self.source.api(retry, self.time, HERE),
            self.target.api(retry, self.time, THERE) if both else None,
            progress=progress,
            clock=self.time.clock,
            sleep=self.time.sleep,
        )
        return query.run()

    def explains(self, *texts: str, **options: Any) -> dict[str, Any]:
        """Assert that the check fails with these texts. Returns the observed state."""
        with pytest.raises(Unsatisfied) as caught:
            self.check(**options)
        for text in texts:
            assert text in str(caught.value)
        return caught.value.seen


def _status(status: str | None) -> dict[str, Any]:
    return {} if status is None else {"ReplicationStatus": status}


@pytest.fixture
def pair(source: FakeS3, target: FakeS3, time: Time) -> Pair:
    return Pair(source, target, time)


class TestSatisfied:
    def test_both_sides_prove_it(self, pair: Pair) -> None:
        pair.put("COMPLETED", Metadata={"a": "1"})
        pair.copy()
        shared = {
            "key": "key",
            "version_id": "key-1",
            "etag": "841a2d689ad86bd1611447453c22c6fc",
            "size": 4,
            "last_modified": "2026-11-22T17:21:14+00:00",
        }
        assert pair.check() == {
            "object": {
                **shared,
                "bucket": "source",
                "metadata": {"a": "1"},
                "replication_status": "COMPLETED",
            },
            "replica": {
                **shared,
                "bucket": "target",
                "metadata": {},
                "replication_status": "REPLICA",
            },
            "polls": 1,
            "elapsed": 0.0,
        }

    @pytest.mark.parametrize(
        ("status", "wanted"),
        [
            ("COMPLETED", ["COMPLETED"]),
            ("PENDING", ["PENDING", "COMPLETED"]),
            ("FAILED", ["FAILED"]),
            ("REPLICA", ["REPLICA"]),
            (None, ["NONE"]),
        ],
    )
    def test_one_side_alone(self, pair: Pair, status: str | None, wanted: list[str]) -> None:
        pair.put(status)
        seen = pair.check(both=False, status=wanted)
        assert seen["object"]["replication_status"] == status
        assert "replica" not in seen

    @pytest.mark.parametrize(
        "metadata", [{"scal-replica": "true"}, {"scal-replication-status": "REPLICA"}]
    )
    def test_a_replica_may_say_so_in_its_metadata(self, pair: Pair, metadata: Any) -> None:
        pair.put("COMPLETED")
        pair.copy("PENDING", Metadata=metadata)
        assert pair.check()["replica"]["replication_status"] == "REPLICA"

    def test_the_copy_may_have_another_key(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        pair.target._put("target", "other", b"body", VersionId="key-1", ReplicationStatus="REPLICA")
        assert (
            pair.check(target={"bucket": "target", "key": "other", "s3": {}})["replica"]["key"]
            == "other"
        )

    def test_an_older_version_can_be_meant(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        pair.put("PENDING")
        assert pair.check(both=False, version_id="key-1")["polls"] == 1


class TestWaiting:
    def test_polls_with_growing_pauses(self, pair: Pair, time: Time) -> None:
        pair.put("PENDING")
        for number, status in enumerate(("PENDING", "PROCESSING", "COMPLETED", "COMPLETED")):
            pair.source.before("head_object", lambda status=status: pair.now(status))
            pair.target.before("head_object", pair.copy if number == 3 else lambda: None)
        seen = pair.check()
        assert seen["polls"] == 4
        assert seen["elapsed"] == round(sum(time.slept), 3)
        steps = (0.2, 0.4, 0.8)
        assert all(s / 2 <= slept <= s for s, slept in zip(steps, time.slept, strict=True))

    def test_ends_with_a_poll_at_the_deadline(self, pair: Pair, time: Time) -> None:
        pair.put("PENDING")
        seen = pair.explains("still PENDING after 30 s, COMPLETED was expected", both=False)
        assert seen["elapsed"] == 30.0
        assert seen["polls"] == len(time.slept) + 1

    def test_can_be_left_out(self, pair: Pair, time: Time) -> None:
        pair.put("PENDING")
        assert pair.explains("PENDING after 0 s", both=False, wait=False)["polls"] == 1
        assert time.slept == []

    def test_the_longest_pause_can_be_set(self, pair: Pair, time: Time) -> None:
        pair.put("PENDING")
        pair.explains(both=False, wait_max_delay=0.5)
        assert 0.25 <= max(time.slept) <= 0.5

    def test_stops_early_when_replication_failed(self, pair: Pair, time: Time) -> None:
        pair.put("FAILED")
        assert pair.explains("FAILED")["polls"] == 1
        assert time.slept == []

    def test_an_object_may_come_later(self, pair: Pair) -> None:
        pair.source.before("head_object", lambda: None)
        pair.source.before("head_object", lambda: pair.put("COMPLETED"))
        assert pair.check(both=False)["polls"] == 2

    def test_a_version_that_is_put_during_the_wait_is_not_compared(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        pair.target.before("head_object", lambda: pair.put("PENDING", body=b"newer"))
        pair.target.before("head_object", pair.copy)
        assert pair.check()["object"]["version_id"] == "key-1"

    def test_an_object_without_versions_is_compared_by_its_properties(self, pair: Pair) -> None:
        pair.put("COMPLETED", VersionId=None)
        pair.copy(VersionId=None)
        assert pair.check()["polls"] == 1

    def test_short_failures_are_retried_at_any_time(self, pair: Pair, time: Time) -> None:
        pair.put("PENDING")
        for _ in range(20):
            pair.source.before("head_object", lambda: None)
        for _ in range(3):
            pair.source.before("head_object", lost())
        pair.source.before("head_object", lambda: pair.now("COMPLETED"))
        seen = pair.check(both=False, retry=10.0, wait_timeout=300.0)
        assert seen["elapsed"] > 2 * 10.0

    def test_a_server_that_stays_unreachable_is_an_error(self, pair: Pair, time: Time) -> None:
        for _ in range(100):
            pair.source.before("head_object", lost())
        with pytest.raises(Unreachable):
            pair.check(retry=10.0, wait_timeout=300.0)
        assert sum(time.slept) == pytest.approx(10.0)


class TestExplanations:
    """The explanations for the user, and what to check."""

    def test_no_such_object(self, pair: Pair) -> None:
        seen = pair.explains(
            f"object source/key at {HERE} does not exist after 30 s", "check bucket and key"
        )
        assert (seen["object"], seen["replica"]) == (None, None)

    def test_no_configuration(self, pair: Pair) -> None:
        pair.source.buckets["source"]["replication"] = None
        pair.put()
        pair.explains(
            f"version key-1 of source/key at {HERE} has no replication status",
            "bucket source has no replication configuration: set it with backbeat_bucket_replication",
        )

    @pytest.mark.parametrize(
        ("rule", "texts"),
        [
            (
                {"Prefix": "other/"},
                ["No rule covers its key: the prefixes of the rules are 'other/'."],
            ),
            ({"Prefix": "k", "Status": "Disabled"}, ["rule 'one' that covers its key is disabled"]),
            ({"Prefix": "k"}, ["put before the rule existed", "2026-11-22T17:21:14"]),
            (
                {"Prefix": None, "Filter": {"Prefix": "other/"}},
                ["prefixes of the rules are 'other/'"],
            ),
            (
                {"Prefix": None, "Filter": {"And": {"Prefix": "other/"}}},
                ["prefixes of the rules are 'other/'"],
            ),
            ({"Prefix": None, "Filter": {"Prefix": "ke"}}, ["put its own tags back on it"]),
        ],
    )
    def test_no_status(self, pair: Pair, rule: dict[str, Any], texts: list[str]) -> None:
        pair.source.buckets["source"]["replication"] = {"Role": "r", "Rules": [{**RULE, **rule}]}
        pair.put()
        pair.explains("has no replication status", *texts)

    def test_a_configuration_that_cannot_be_read(self, pair: Pair) -> None:
        pair.put()
        pair.source.before("get_bucket_replication", refusal("AccessDenied", "Denied", 403))
        pair.explains(
            "The reason is unknown, because the configuration cannot be read: Failed to read"
        )

    def test_no_replica_although_one_was_expected(self, pair: Pair) -> None:
        pair.put()
        pair.explains(
            "no replication status", "it was put here directly", both=False, status=["REPLICA"]
        )
        assert "GetBucketReplication" not in pair.source.calls

    @pytest.mark.parametrize("status", ["PENDING", "PROCESSING"])
    def test_pending(self, pair: Pair, status: str) -> None:
        pair.put(status)
        pair.explains(
            f"is still {status} after 30 s",
            "wait longer (wait_timeout)",
            "Backbeat may be down or paused",
            "s3:ReplicateObject",
            "roles of the configuration were changed",
        )

    @pytest.mark.parametrize(
        ("bucket", "text"),
        [
            (None, f"target bucket target at {THERE} does not exist: create it"),
            ({"versioning": ""}, f"target bucket target at {THERE} has no versioning enabled"),
            ({"versioning": "Suspended"}, "has no versioning enabled: enable it"),
        ],
    )
    def test_failed_because_of_the_target(
        self, pair: Pair, bucket: dict[str, Any] | None, text: str
    ) -> None:
        pair.put("FAILED")
        pair.target.buckets.clear()
        if bucket is not None:
            pair.target._add("target", **bucket)
        pair.explains(text)

    def test_failed_and_the_target_bucket_cannot_be_read(self, pair: Pair) -> None:
        pair.put("FAILED")
        pair.target.before("get_bucket_versioning", refusal("AccessDenied", "Denied", 403))
        pair.explains("The target bucket cannot be read: Failed to read the versioning")

    def test_failed_for_another_reason(self, pair: Pair) -> None:
        pair.put("FAILED")
        pair.explains("FAILED. Check that the target role exists", "crr/failed")
        pair.explains("FAILED. Check that the target role exists", both=False)

    def test_another_status(self, pair: Pair) -> None:
        pair.put("REPLICA")
        pair.explains(
            "has the status REPLICA after 30 s, COMPLETED or FAILED was expected",
            both=False,
            status=["COMPLETED", "FAILED"],
        )

    def test_completed_without_a_copy(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        seen = pair.explains(
            "is COMPLETED, but target/key at http://node6 has no such version after 30 s",
            "Check that the rule's destination is this bucket",
        )
        assert seen["replica"] is None

    def test_completed_without_a_bucket_for_the_copy(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        pair.target.buckets.clear()
        pair.explains("has no such version", "target bucket target at http://node6 does not exist")

    @pytest.mark.parametrize(
        ("differences", "text"),
        [
            ({"ETag": '"other"'}, "ETag 841a2d689ad86bd1611447453c22c6fc here, other there"),
            ({"ContentLength": 9}, "size 4 here, 9 there"),
        ],
    )
    def test_a_copy_that_differs(self, pair: Pair, differences: Any, text: str) -> None:
        pair.put("COMPLETED")
        pair.copy(**differences)
        pair.explains("its copy target/key at http://node6 differs after 30 s", text)

    def test_a_response_without_the_size_is_not_a_difference(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        pair.copy(ContentLength=None)
        assert pair.check()["replica"]["size"] is None

    def test_a_version_that_differs(self, pair: Pair) -> None:
        pair.put("COMPLETED", VersionId=None)
        pair.copy()
        pair.explains("version id None here, key-1 there")

    def test_a_copy_that_is_not_a_replica(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        pair.copy(None)
        pair.explains("has the status None, not REPLICA, after 30 s: it was put there directly")

    def test_no_status_was_expected_and_there_is_no_copy(self, pair: Pair) -> None:
        pair.put()
        pair.explains("is without replication status, but target/key", status=["NONE"])


def test_a_forbidden_object_is_a_separate_error(pair: Pair) -> None:
    pair.source.buckets["source"]["foreign"] = True
    with pytest.raises(Forbidden):
        pair.check()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bucket": "BAD"}, "bucket name 'BAD'"),
        ({"key": ""}, "key is empty"),
        ({"target": {"bucket": "BAD", "key": None, "s3": {}}}, "bucket name 'BAD'"),
    ],
)
def test_bad_names_are_refused_before_any_call(pair: Pair, options: Any, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        pair.check(**options)
    assert pair.source.calls == []


@pytest.mark.parametrize("both", [True, False])
def test_the_other_side_has_its_own_connection(pair: Pair, both: bool) -> None:
    class Connections:
        main = pair.source.api()
        progress = Progress()
        opened: ClassVar[list[Any]] = []

        def open(self, service: Any, options: Any) -> Any:
            self.opened.append((service.name, options))
            return pair.target.api()

    connections = Connections()
    options = {
        "bucket": "source",
        "key": "key",
        "version_id": None,
        "status": ["COMPLETED"],
        "wait": False,
        "wait_timeout": 1.0,
        "wait_max_delay": 1.0,
        "target": {"s3": {"endpoint_url": THERE}, "bucket": "target", "key": None}
        if both
        else None,
    }
    query = ObjectCheck.build(ObjectCheckRequest.from_options(options), connections)
    assert (query.there is not None) == both
    assert connections.opened == ([("s3", {"endpoint_url": THERE})] if both else [])


class TestWhatIsToldMeanwhile:
    def told(self, pair: Pair, **options: Any) -> list[str]:
        lines: list[str] = []
        progress = Progress(lines.append, clock=pair.time.clock)
        with pytest.raises(Unsatisfied):
            pair.check(progress=progress, wait_timeout=12.0, **options)
        return lines

    def test_object_status_and_seconds_every_few_seconds(self, pair: Pair) -> None:
        pair.put("PENDING")
        lines = self.told(pair)
        assert 2 <= len(lines) <= 4
        for line in lines:
            assert re.fullmatch(r"source/key is PENDING after \d+ s", line)
        assert len(set(lines)) == len(lines)

    def test_the_copy_if_the_check_waits_for_it(self, pair: Pair) -> None:
        pair.put("COMPLETED")
        assert self.told(pair)[0].startswith("source/key is COMPLETED, target/key is missing after")

    @pytest.mark.parametrize(
        ("status", "told"),
        [(None, "source/key is without replication status after"), ("absent", "is not there")],
    )
    def test_missing_objects(self, pair: Pair, status: str | None, told: str) -> None:
        if status is None:
            pair.put(None)
        assert told in self.told(pair)[0]


def test_a_missing_bucket_is_not_a_missing_object(pair: Pair) -> None:
    del pair.source.buckets["source"]
    pair.explains("The bucket source does not exist at http://node1: create it (backbeat_bucket)")


@pytest.mark.parametrize("newer", [True, False])
def test_a_null_version_must_not_hide_a_newer_one(pair: Pair, newer: bool) -> None:
    """Sent after a newer version of its key, a `null` version becomes the target's current one (measured)."""
    pair.put("COMPLETED", VersionId="null")
    if newer:
        pair.put("COMPLETED", b"newer", VersionId="key-2")
        pair.copy("REPLICA", b"newer", VersionId="key-2")
    pair.copy(VersionId="null")
    if newer:
        pair.explains("its copy", "current version key-2 here, null there", version_id="null")
    else:
        pair.check(version_id="null")


@pytest.mark.parametrize(("just_put", "longest"), [(True, 5.0), (False, 30.0)])
def test_an_object_that_was_put_without_a_status_gets_none(
    pair: Pair, just_put: bool, longest: float
) -> None:
    """An older object may be sent later by putting its tags back, but the object of this run is never sent."""
    pair.put()
    seen = pair.explains("has no replication status", just_put=just_put)
    # A pause, whose length varies, may end after the moment from which waiting is useless.
    assert longest / 3 <= seen["elapsed"] <= longest + 2


def test_a_late_status_is_waited_for(pair: Pair) -> None:
    pair.put()
    pair.copy()
    for _number in range(2):
        pair.source.before("head_object", lambda: None)
    pair.source.before("head_object", lambda: pair.now("COMPLETED"))
    assert pair.check(just_put=True)["polls"] == 3
