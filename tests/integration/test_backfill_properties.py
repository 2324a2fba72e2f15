# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backfills of generated histories: afterwards verify finds nothing but what was listed as skipped.

Versioning is enabled late and the rule comes later still; then the target is away, roles are changed while versions are
pending, and at last all is well. Keys are written, tagged and deleted at any of these times.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, set_up
from tests.integration.test_backfill import backfill, bucket_of, configure
from tests.integration.test_verify import verify

KEYS = ("a", "a b", "a%2F", "a/b", "a/é+", "b")
#: What is done with a key at one time, in this order.
Times = Mapping[str, list[str]]
WRITES = st.sampled_from(["put", "put", "multipart", "delete", "delete-version"])
HISTORY = st.fixed_dictionaries(
    {
        "null": st.lists(st.just("put"), max_size=1),
        "before": st.lists(WRITES | st.just("tag"), max_size=3),
        "away": st.lists(WRITES, max_size=2),
        "roles": st.lists(WRITES, max_size=1),
        "well": st.lists(WRITES, max_size=1),
    }
)


class Scene:
    """Both sides, with nothing put yet."""

    def __init__(self, source: Side, target: Side) -> None:
        self.source = source
        self.target = target
        self.count = 0

    def take(self, when: str, histories: Mapping[str, Times]) -> None:
        for key, times in histories.items():
            for what in times[when]:
                self.do(key, what)

    def do(self, key: str, what: str) -> None:
        s3, named = self.source.s3, {"Bucket": SOURCE_BUCKET, "Key": key}
        self.count += 1
        body = f"{key} {self.count}".encode()
        rows = versions(self.source, key)
        if what == "put":
            s3.put_object(**named, Body=body, Tagging=f"number={self.count}")
        elif what == "multipart":
            upload = s3.create_multipart_upload(**named)["UploadId"]
            etag = s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=body)["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)
        elif what == "delete" and rows:
            s3.delete_object(**named)
        elif what == "delete-version" and rows:
            s3.delete_object(**named, VersionId=rows[0]["VersionId"])
        elif what == "tag" and rows and "ETag" in rows[0]:
            tags = [{"Key": "tagged", "Value": str(self.count)}]
            s3.put_object_tagging(**named, VersionId=rows[0]["VersionId"], Tagging={"TagSet": tags})

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
        found[key] = head["VersionId"]
    return found


def play(scene: Scene, histories: Mapping[str, Times]) -> None:
    """Let all happen up to the backfill."""
    source, target = scene.source, scene.target
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    scene.take("null", histories)
    set_up(source, target, but=("object", "replication"))
    scene.take("before", histories)
    configure(source, target)
    policy = {
        "RoleName": "TargetRoleForS3Replication",
        "PolicyArn": target.arn("policy", "TargetPolicyForS3Replication"),
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


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(histories=st.dictionaries(st.sampled_from(KEYS), HISTORY, min_size=4), again=st.booleans())
def test_afterwards_only_what_was_skipped_differs(
    running_sandbox: Sandbox, histories: Mapping[str, Times], again: bool
) -> None:
    running_sandbox.reset()
    scene = Scene(
        Side(running_sandbox, running_sandbox.source),
        Side(running_sandbox, running_sandbox.target),
    )
    source, target = scene.source, scene.target
    play(scene, histories)
    own, live = tags(source), current(target)
    rows = versions(source)
    with tempfile.TemporaryDirectory() as folder:
        skipped_file, problems_file = Path(folder) / "skipped", Path(folder) / "problems"
        result = backfill(source, target, resend_deleted_keys=again, skipped_file=str(skipped_file))
        assert not result.get("failed"), result
        lines = [json.loads(line) for line in skipped_file.read_text().splitlines()]
        verify(source, target, problems_file=str(problems_file), allow_empty=True, fail=False)
        problems = [json.loads(line) for line in problems_file.read_text().splitlines()]
    skipped = {(line["key"], line["version_id"]) for line in lines}
    keys = {line["key"] for line in lines}
    # What was deleted permanently at the source, or only its delete marker, is never replicated.
    extra = {"replica_without_source", "delete_marker_extra"}
    keys |= {one["key"] for one in problems if one["state"] in extra}
    quiet = {"delete_marker_covered", "other_order", *extra}
    unexplained = [
        (one["state"], one["key"], one["version_id"])
        for one in problems
        if one["state"] not in quiet
        and (one["key"], one["version_id"]) not in skipped
        and not (one["state"] == "other_current" and one["key"] in keys)
    ]
    assert unexplained == []
    # The source is as it was, but for new delete markers of keys that were deleted already.
    assert tags(source) == own
    new = [row for row in versions(source) if row not in rows and "ETag" in row]
    assert new == []
    # What the target has, it has with the source's tags.
    assert {name: found for name, found in tags(target).items() if own.get(name) != found} == {}
    here, there = current(source), current(target)
    for key, version in there.items():
        # Nothing that is deleted came to life, and no other content became current.
        assert version in (here.get(key), live.get(key)), key
    assert not backfill(source, target, resend_deleted_keys=again)["changed"]
