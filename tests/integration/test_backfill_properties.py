# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backfills of generated histories: afterwards verify finds nothing but what was listed as skipped.

Versioning is enabled late and the rule comes later still; before it, another one replicates back. Then the target is
away, roles are changed while versions are pending, all is well again, and at last the target loses versions. Keys are
written, tagged and deleted at any of these times.

A few histories are tried, always the same. BACKBEAT_HISTORIES=500 tries so many, others each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from tests.integration.support.modules import Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    set_up,
)
from tests.integration.test_backfill import backfill, bucket_of, configure
from tests.integration.test_verify import verify

KEYS = (
    "a",
    "a b",
    "a%2F",
    "a/b",
    "a//b/",
    "a/é+",
    "a/e\u0301+",
    "a:b",
    "b",
    "b?c=d&versionId=e#f",
    "b\"'<>\\",
    "{{ 7 * 7 }}",
    "ключ/😀",
    "z" * 300,
)
#: Keys that are first written at the target, and come to the source as replicas.
BACK = ("back/a", "back/ö b")
#: What is done with a key at one time, in this order.
Times = Mapping[str, list[str]]
DELETES = ["delete", "delete-newest", "delete-oldest"]
WRITES = st.sampled_from(["put", "put", "multipart", "tag", "tag-oldest", "untag", *DELETES])
LATER = {
    "before": st.lists(WRITES, max_size=3),
    "away": st.lists(WRITES, max_size=2),
    "roles": st.lists(WRITES, max_size=2),
    "well": st.lists(WRITES, max_size=1),
    "lost": st.lists(st.sampled_from(["lose-newest", "lose-oldest"]), max_size=1),
}
HISTORY = st.fixed_dictionaries(
    {"null": st.lists(st.sampled_from(["put", "put", "tag", "delete"]), max_size=2), **LATER}
)
REPLICA = st.fixed_dictionaries(
    {
        "there": st.lists(st.just("put"), min_size=1, max_size=2),
        "gone": st.lists(st.sampled_from(["lose-newest", "lose-oldest"]), max_size=1),
        **LATER,
    }
)
HISTORIES = st.builds(
    lambda own, back: {**own, **back},
    st.dictionaries(st.sampled_from(KEYS), HISTORY, min_size=6),
    st.dictionaries(st.sampled_from(BACK), REPLICA),
)
#: Which versions are sent.
STATES = (
    ["never_replicated", "failed", "stuck"],
    ["never_replicated", "failed", "stuck", "missing"],
)
MANY = int(os.environ.get("BACKBEAT_HISTORIES", "0"))


#: Times at which it is done at the target.
AT_TARGET = ("there", "gone", "lost")


class Scene:
    """Both sides, with nothing put yet."""

    def __init__(self, source: Side, target: Side) -> None:
        self.source = source
        self.target = target
        self.count = 0

    def take(self, when: str, histories: Mapping[str, Times]) -> None:
        for key, times in histories.items():
            for what in times.get(when, ()):
                self.do(self.target if when in AT_TARGET else self.source, key, what)

    def do(self, side: Side, key: str, what: str) -> None:
        s3, named = side.s3, {"Bucket": bucket_of(side), "Key": key}
        self.count += 1
        body = f"{key} {self.count}".encode()
        rows = versions(side, key)
        written = [row for row in rows if "ETag" in row]
        if what == "put":
            s3.put_object(**named, Body=body, Tagging=f"number={self.count}")
        elif what == "multipart":
            upload = s3.create_multipart_upload(**named)["UploadId"]
            etag = s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=body)["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)
        elif what == "delete" and rows:
            s3.delete_object(**named)
        elif what in ("delete-newest", "lose-newest") and rows:
            s3.delete_object(**named, VersionId=rows[0]["VersionId"])
        elif what in ("delete-oldest", "lose-oldest") and rows:
            s3.delete_object(**named, VersionId=rows[-1]["VersionId"])
        elif what in ("tag", "tag-oldest", "untag") and written:
            version = written[-1 if what == "tag-oldest" else 0]["VersionId"]
            tags = [] if what == "untag" else [{"Key": "tagged", "Value": str(self.count)}]
            s3.put_object_tagging(**named, VersionId=version, Tagging={"TagSet": tags})

    def settle(self, *, pending: bool = False) -> None:
        """Wait until nothing changes any more."""
        deadline = time.monotonic() + 20
        before: Any = None
        while time.monotonic() < deadline:
            now = [self.statuses(), versions(self.target)]
            moving = "PENDING" in now[0] or "PROCESSING" in now[0]
            if now == before and (pending or not moving):
                return
            before = now
            time.sleep(0.4)

    def statuses(self) -> list[Any]:
        return [
            self.source.s3.head_object(
                Bucket=SOURCE_BUCKET, Key=row["Key"], VersionId=row["VersionId"]
            ).get("ReplicationStatus")
            for row in versions(self.source)
            if "ETag" in row
        ]


def versions(side: Side, key: str | None = None) -> list[dict[str, Any]]:
    """Versions and markers of a key or of all, the newest of each key first."""
    page = side.s3.list_object_versions(Bucket=bucket_of(side))
    rows = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    rows.sort(key=lambda row: (row["Key"], not row["IsLatest"], -row["LastModified"].timestamp()))
    return [row for row in rows if key in (None, row["Key"])]


def tags(side: Side) -> dict[tuple[str, str], Any]:
    found = {}
    for row in versions(side):
        if "ETag" in row:
            named = {"Bucket": bucket_of(side), "Key": row["Key"], "VersionId": row["VersionId"]}
            found[row["Key"], row["VersionId"]] = side.s3.get_object_tagging(**named)["TagSet"]
    return found


def current(side: Side) -> dict[str, str]:
    """The version that a plain HEAD of each key shows; deleted keys have none."""
    found = {}
    for key in {row["Key"] for row in versions(side)}:
        try:
            head = side.s3.head_object(Bucket=bucket_of(side), Key=key)
        except side.s3.exceptions.ClientError:
            continue
        found[key] = head.get("VersionId", "null")
    return found


def shows_old(source: Side, live: Mapping[str, str]) -> set[str]:
    """Keys of which both versions arrived, the `null` one last: it was tagged while all was well, and is live now."""
    found = set()
    for key, version in live.items():
        if version == "null":
            with contextlib.suppress(source.s3.exceptions.ClientError):
                newest = source.s3.head_object(Bucket=SOURCE_BUCKET, Key=key)
                # A HEAD of what was put before versioning names no version.
                other = newest.get("VersionId", "null") != "null"
                if other and newest.get("ReplicationStatus") == "COMPLETED":
                    found.add(key)
    return found


def replicate_back(scene: Scene, histories: Mapping[str, Times], both_ways: bool) -> None:
    """Some keys come from the target; then its rule is removed again, unless the pair replicates both ways."""
    source, target = scene.source, scene.target
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    roles = []
    for side, role in ((target, TARGET_ROLE), (source, SOURCE_ROLE)):
        policy = {"PolicyName": "back", "PolicyDocument": json.dumps(everything)}
        side.iam.put_role_policy(RoleName=role, **policy)
        roles.append(side.arn("role", role))
    rule = {
        "ID": "back",
        "Prefix": "back/",
        "Status": "Enabled",
        "Destination": {"Bucket": f"arn:aws:s3:::{SOURCE_BUCKET}"},
    }
    target.s3.put_bucket_replication(
        Bucket=TARGET_BUCKET,
        ReplicationConfiguration={"Role": ",".join(roles), "Rules": [rule]},
    )
    scene.take("there", histories)
    scene.settle()
    keys = {key for key, times in histories.items() if "there" in times}
    assert {row["Key"] for row in versions(source) if row["Key"].startswith("back/")} == keys
    if not both_ways:
        target.s3.delete_bucket_replication(Bucket=TARGET_BUCKET)
    scene.take("gone", histories)


def play(scene: Scene, histories: Mapping[str, Times], both_ways: bool) -> None:
    """Let all happen up to the backfill."""
    source, target = scene.source, scene.target
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    scene.take("null", histories)
    set_up(source, target, but=("object", "replication"))
    if any("there" in times for times in histories.values()):
        replicate_back(scene, histories, both_ways)
    scene.take("before", histories)
    configure(source, target)
    policy = {
        "RoleName": TARGET_ROLE,
        "PolicyArn": target.arn("policy", TARGET_POLICY),
    }
    target.iam.detach_role_policy(**policy)
    scene.take("away", histories)
    scene.settle()
    target.iam.attach_role_policy(**policy)
    source.sandbox.settings("source", paused=True)
    scene.take("roles", histories)
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    target.do("iam_role", name="Other")
    target.iam.attach_role_policy(RoleName="Other", PolicyArn=policy["PolicyArn"])
    role = f"{stored['Role'].split(',')[0]},{target.arn('role', 'Other')}"
    source.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration={**stored, "Role": role}
    )
    source.sandbox.settings("source", paused=False)
    scene.settle(pending=True)
    scene.take("well", histories)
    scene.settle(pending=True)
    scene.take("lost", histories)


@settings(
    max_examples=MANY or 4,
    deadline=None,
    derandomize=not MANY,
    database=None,
    # Making a history smaller takes minutes.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    histories=HISTORIES,
    both_ways=st.booleans(),
    again=st.booleans(),
    by_api=st.booleans(),
    states=st.sampled_from(STATES),
)
def test_afterwards_only_what_was_skipped_differs(
    running_sandbox: Sandbox,
    histories: Mapping[str, Times],
    both_ways: bool,
    again: bool,
    by_api: bool,
    states: list[str],
) -> None:
    running_sandbox.reset()
    scene = Scene(
        Side(running_sandbox, running_sandbox.source),
        Side(running_sandbox, running_sandbox.target),
    )
    source, target = scene.source, scene.target
    play(scene, histories, both_ways)
    own, live = tags(source), current(target)
    old_before = shows_old(source, live)
    rows = versions(source)
    options: dict[str, Any] = {"resend_deleted_keys": again, "states": states}
    if by_api:
        there = {"s3": target.connection("s3"), "bucket": TARGET_BUCKET}
        source.do("retry", backbeat_url=source.side.s3_url, bucket=SOURCE_BUCKET, target=there)
    with tempfile.TemporaryDirectory() as folder:
        skipped_file, problems_file, sent_file = (
            Path(folder) / name for name in ("skipped", "problems", "sent")
        )
        source.sandbox.refuse_writes()
        foreseen = backfill(source, target, check_mode=True, **options)
        source.sandbox.refuse_writes(False)
        result = backfill(
            source, target, **options, skipped_file=str(skipped_file), sent_file=str(sent_file)
        )
        assert not result.get("failed"), result
        assert foreseen["changes"] == result["changes"]
        assert foreseen["backfill"]["skipped"] == result["backfill"]["skipped"]
        lines = [json.loads(line) for line in skipped_file.read_text().splitlines()]
        sent = [
            (line["key"], line["version_id"])
            for line in map(json.loads, sent_file.read_text().splitlines())
            if line["action"] == "send"
        ]
        verify(source, target, problems_file=str(problems_file), allow_empty=True, fail=False)
        problems = [json.loads(line) for line in problems_file.read_text().splitlines()]
    skipped = {(line["key"], line["version_id"]) for line in lines}
    keys = {line["key"] for line in lines}
    # What was deleted permanently at the source, or only its delete marker, is never replicated.
    extra = {"replica_without_source", "written_at_target", "delete_marker_extra"}
    left = {"missing", "delete_marker_missing"} - set(states)
    keys |= {one["key"] for one in problems if one["state"] in extra | left}
    quiet = {"delete_marker_covered", "other_order", *extra, *left}
    unexplained = [
        (one["state"], one["key"], one["version_id"])
        for one in problems
        # What the source lacks is for a backfill the other way round.
        if one["side"] != "target"
        and one["state"] not in quiet
        and (one["key"], one["version_id"]) not in skipped
        and not (one["state"] == "other_current" and one["key"] in keys | old_before)
        and not (one["state"] == "not_selected" and one["reason"] == "replica")
    ]
    assert unexplained == []
    # The source is as it was, but for new delete markers of keys that were deleted already.
    assert tags(source) == own
    new = [row for row in versions(source) if row not in rows and "ETag" in row]
    assert new == []
    # What was sent has arrived with the source's tags.
    copies = tags(target)
    assert {one: copies[one] for one in sent} == {one: own[one] for one in sent}
    here, there_now = current(source), current(target)
    for key, version in there_now.items():
        # Nothing that is deleted came to life, and no other content became current.
        assert version in (here.get(key), live.get(key)), key
    assert not backfill(source, target, **options)["changed"]
