# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which failed versions are sent to Backbeat, in which batches, and their outcome."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    FailedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Forbidden,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.resend_rules import (
    KeyVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import (
    failed_keys,
    retry,
    stamps,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.failed_keys import (
    SIDE_BY_SIDE,
    Spool,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.retry import (
    BATCH,
    SHOWN,
    Retry,
    RetryRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied
from devtools.places import CACHE

from ...fake_client import Time
from ...fake_s3 import FakeS3

ROLES = "arn:aws:iam::123456789012:role/One,arn:aws:iam::210987654321:role/Two"
words = st.text(max_size=3)


@given(st.lists(st.tuples(words, words, words, words), max_size=20))
def test_the_versions_of_a_key_come_together(rows: list[tuple[str, str, str, str]]) -> None:
    spool = Spool()
    for row in rows:
        spool.add(FailedVersion(*row, 5, "2026-11-22T17:21:14Z"))
        spool.accept(*row)
    groups = list(spool.keys())
    names = [(group[0].bucket, group[0].key) for group in groups]
    assert len(set(names)) == len(names)
    for group, name in zip(groups, names, strict=True):
        assert {(one.bucket, one.key) for one in group} == {name}
        assert [(one.version_id, one.site) for one in group] == [
            row[2:] for row in rows if row[:2] == name
        ]
    assert list(spool.accepted()) == rows
    assert sum(map(len, groups)) == len(rows)
    spool.close()


def test_memory_does_not_grow_with_the_number_of_failures() -> None:
    """Compares the peaks of two processes, with few failures and with many, which would take 100 MB as objects."""
    peaks = []
    for count in (1_000, 200_000):
        program = (
            "import resource\n"
            "from ansible_collections.scality.backbeat.plugins.module_utils._jobs.failed_keys import Spool\n"
            "from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import FailedVersion\n"
            "spool = Spool()\n"
            f"for number in range({count}):\n"
            "    spool.add(FailedVersion('bucket', f'key-{number:050}', f'{number:030}', 'site', 0, None))\n"
            f"assert sum(len(group) for group in spool.keys()) == {count}\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": str(CACHE)},
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    few, many = peaks
    # In KiB.
    assert many - few < 30_000


class Scene:
    """Failed versions of a bucket, each key with its versions at the source, and a Backbeat that accepts all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = Time()
        self.s3 = FakeS3()
        self.s3._add("a-bucket")
        self.known: dict[str, list[KeyVersion]] = {}
        self.failed: list[FailedVersion] = []
        self.drops: set[str] = set()
        self.sent: list[list[tuple[str, str]]] = []
        monkeypatch.setattr(
            failed_keys, "read_key", lambda _api, _bucket, key, _target: self.known[key]
        )
        monkeypatch.setattr(retry.backbeat, "retry", self.take)

    def fails(self, key: str, *ids: str, status: str = "FAILED") -> None:
        """Add versions of a key at the source, oldest first, and to Backbeat's list."""
        self.known[key] = [KeyVersion(name, "failed", status="FAILED") for name in reversed(ids)]
        for name in ids:
            self.s3._put("a-bucket", key, VersionId=name, ReplicationStatus=status)
            self.failed.append(FailedVersion("a-bucket", key, name, "node6", 0, None))

    def take(self, _api: Any, batch: list[FailedVersion], *, force: bool) -> list[Any]:
        self.sent.append([(one.key, one.version_id) for one in batch])
        return [
            (one.bucket, one.key, one.version_id, one.site)
            for one in batch
            if one.version_id not in self.drops
        ]

    def job(self, **options: Any) -> Retry:
        given_ = {"versions": tuple(self.failed), "wait": False, **options}
        api = self.s3.api(time=self.time)
        return Retry(RetryRequest("http://node1:8900", **given_), api, api)

    def run(self, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.job(**options).run(Control())
        return found

    @property
    def names(self) -> list[tuple[str, str]]:
        return [one for batch in self.sent for one in batch]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


@pytest.mark.parametrize("count", [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH + 5])
def test_versions_are_sent_in_portions(scene: Scene, count: int) -> None:
    for number in range(count):
        scene.fails(f"{number:04}", "v1")
    found = scene.run()
    assert [len(batch) for batch in scene.sent[:-1]] == [BATCH] * (len(scene.sent) - 1)
    assert 0 < len(scene.sent[-1]) <= BATCH
    assert scene.names == [(f"{number:04}", "v1") for number in range(count)]
    assert (found["retry"]["asked"], found["retry"]["accepted"]) == (count, count)
    assert found["changes"] == [f"RetryFailedObjects {count} versions"]


def test_the_versions_of_a_key_are_sent_from_the_oldest_on(scene: Scene) -> None:
    scene.fails("k", "v1", "v2", "v3")
    scene.failed.reverse()
    scene.run()
    assert scene.names == [("k", "v1"), ("k", "v2"), ("k", "v3")]


def test_a_dry_run_sends_nothing_and_has_the_same_result(scene: Scene) -> None:
    scene.fails("k", "v1", "v2")
    predicted = scene.job().predict(Control())
    assert scene.sent == []
    assert predicted["changes"] == scene.run()["changes"]


def test_given_versions_are_limited_to_the_bucket_and_the_prefix(scene: Scene) -> None:
    scene.fails("a/k", "v1")
    scene.fails("b/k", "v1")
    assert scene.run(prefix="a/")["retry"]["asked"] == 1
    assert scene.names == [("a/k", "v1")]
    assert scene.run(bucket="other-bucket")["retry"]["asked"] == 0
    assert scene.run(bucket="other-bucket")["changes"] == []
    assert scene.run(bucket="a-bucket")["retry"]["asked"] == 2


def test_missing_versions_and_unsupported_keys_are_refused_with_a_reason(scene: Scene) -> None:
    scene.fails("k", "v1", "v2")
    scene.known["k"] = [one for one in scene.known["k"] if one.version_id == "v2"]
    scene.fails("with:colon", "v1")
    found = scene.run()["retry"]
    assert scene.names == [("k", "v2")]
    assert (found["refused"], found["refused_by_reason"]) == (2, {"gone": 1, "colon": 1})
    assert [(one["key"], one["version_id"]) for one in found["first_refused"]] == [
        ("k", "v1"),
        ("with:colon", "v1"),
    ]


def test_a_result_names_the_first_refused_ones(scene: Scene) -> None:
    scene.fails("k", *(f"v{number:03}" for number in range(SHOWN + 5)))
    scene.known["k"] = []
    found = scene.run()["retry"]
    assert (found["refused"], len(found["first_refused"])) == (SHOWN + 5, SHOWN)


def test_versions_that_backbeat_does_not_accept_are_reported(scene: Scene) -> None:
    scene.fails("k", "v1", "v2")
    scene.drops = {"v1"}
    found = scene.run()
    counts = {name: found["retry"][name] for name in ("asked", "accepted", "dropped")}
    assert counts == {"asked": 2, "accepted": 1, "dropped": 1}
    assert found["changes"] == ["RetryFailedObjects 1 versions"]


def test_the_outcome_is_that_of_accepted_versions(scene: Scene) -> None:
    scene.fails("k", "v1", "v2", status="COMPLETED")
    scene.fails("l", "v1", status="PENDING")
    scene.drops = {"v2"}
    found = scene.run(wait=True, wait_timeout=7.0)["retry"]
    assert found["outcome"] == {"COMPLETED": 1, "PENDING": 1}
    assert sum(scene.time.slept) == pytest.approx(7)
    assert scene.run()["retry"]["outcome"] is None


def test_above_a_null_version_each_is_sent_when_the_one_before_has_arrived(scene: Scene) -> None:
    scene.fails("k", "null", "v1", status="COMPLETED")
    scene.fails("l", "v1")
    assert scene.run()["retry"]["accepted"] == 3
    assert scene.sent == [[("k", "null")], [("k", "v1")], [("l", "v1")]]


def test_if_the_null_version_does_not_arrive_nothing_is_sent_above_it(scene: Scene) -> None:
    scene.fails("k", "null", "v1", status="PENDING")
    with pytest.raises(Unsatisfied, match="The retried version null of a-bucket/k is PENDING") as (
        caught
    ):
        scene.run(wait_timeout=3.0)
    assert scene.sent == [[("k", "null")]]
    assert caught.value.seen["changes"] == ["RetryFailedObjects 1 versions"]


def test_keys_are_read_in_parallel(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes several requests, and there may be very many keys."""
    for number in range(2 * SIDE_BY_SIDE):
        scene.fails(f"{number:04}", "v1")
    together = threading.Barrier(SIDE_BY_SIDE)

    def read(_api: Any, _bucket: str, key: str, _target: Any) -> list[KeyVersion]:
        # This barrier breaks unless this number of requests is made at the same time.
        together.wait(60)
        return scene.known[key]

    monkeypatch.setattr(failed_keys, "read_key", read)
    scene.run()
    assert scene.names == [(f"{number:04}", "v1") for number in range(2 * SIDE_BY_SIDE)]


def test_a_key_with_a_null_version_is_read_just_before_it_is_sent(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key was deleted while another one was sent."""
    scene.fails("k", "null", "v1", status="COMPLETED")
    scene.fails("l", "null", "v1", status="COMPLETED")
    take = scene.take

    def take_and_delete(api: Any, batch: list[FailedVersion], *, force: bool) -> list[Any]:
        scene.known["l"] = []
        return take(api, batch, force=force)

    monkeypatch.setattr(retry.backbeat, "retry", take_and_delete)
    found = scene.run()["retry"]
    assert scene.sent == [[("k", "null")], [("k", "v1")]]
    assert found["refused_by_reason"] == {"gone": 2}


@pytest.mark.parametrize(
    ("stamped", "sent", "refused"),
    [
        ({"v1": "c,d", "v2": ROLES}, ["v2"], {"roles-changed": 1}),
        ({"v1": "", "v2": None}, ["v1", "v2"], {}),
        # The server refuses to return it.
        ({}, ["v1", "v2"], {}),
    ],
)
def test_versions_with_other_roles_are_refused(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    stamped: dict[str, str | None],
    sent: list[str],
    refused: dict[str, int],
) -> None:
    scene.fails("k", "v1", "v2")
    asked = []

    def stamp(_api: Any, _bucket: str, _key: str, version_id: str) -> dict[str, str | None]:
        asked.append(version_id)
        if not stamped:
            raise Forbidden(Call("GetObject", "http://node1", "read the metadata"), "denied")
        return {"role": stamped[version_id]}

    monkeypatch.setattr(stamps.s3_objects, "stamp", stamp)
    rule = {"ID": "a", "Prefix": "", "Status": "Enabled"}
    rule["Destination"] = {"Bucket": "arn:aws:s3:::b-bucket"}  # type: ignore[assignment]
    scene.s3.buckets["a-bucket"]["replication"] = {"Role": ROLES, "Rules": [rule]}
    found = scene.run()["retry"]
    assert scene.names == [("k", name) for name in sent]
    assert found["refused_by_reason"] == refused
    assert len(asked) == (2 if stamped else 1)
