# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backfills of generated histories: afterwards verify finds only differences that were listed as skipped.

A history has these phases, in which keys are written, tagged and deleted:

- null: before versioning is enabled
- there, gone: at the target, which replicates to the source for some time
- before: before the rule is added
- away: the target role lacks its policy
- roles: Backbeat is paused, and the roles change while versions are pending
- well: replication works
- lost: versions are deleted at the target

A few fixed histories are tested. BACKBEAT_HISTORIES=500 tests 500 random ones.
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
from tests.integration.support.backfills import backfill, configure
from tests.integration.support.modules import Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    set_up,
)
from tests.integration.support.versions import bucket_of, verify

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
#: Keys that are written at the target and replicated to the source.
BACK = ("back/a", "back/ö b")
#: By phase: the operations on a key, in their order.
Operations = Mapping[str, list[str]]
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
#: Choices of the option states.
STATES = (
    ["never_replicated", "failed", "stuck"],
    ["never_replicated", "failed", "stuck", "missing"],
)
MANY = int(os.environ.get("BACKBEAT_HISTORIES", "0"))

#: Phases whose operations are done at the target.
TARGET_PHASES = ("there", "gone", "lost")


class HistoryRunner:
    """Applies histories to both sides, phase by phase."""

    def __init__(self, source: Side, target: Side) -> None:
        self.source = source
        self.target = target
        self.count = 0

    def run_phase(self, phase: str, histories: Mapping[str, Operations]) -> None:
        for key, operations in histories.items():
            for operation in operations.get(phase, ()):
                self.do(self.target if phase in TARGET_PHASES else self.source, key, operation)

    def do(self, side: Side, key: str, operation: str) -> None:
        s3, named = side.s3, {"Bucket": bucket_of(side), "Key": key}
        self.count += 1
        body = f"{key} {self.count}".encode()
        rows = versions(side, key)
        written = [row for row in rows if "ETag" in row]
        if operation == "put":
            s3.put_object(**named, Body=body, Tagging=f"number={self.count}")
        elif operation == "multipart":
            upload = s3.create_multipart_upload(**named)["UploadId"]
            etag = s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=body)["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)
        elif operation == "delete" and rows:
            s3.delete_object(**named)
        elif operation in ("delete-newest", "lose-newest") and rows:
            s3.delete_object(**named, VersionId=rows[0]["VersionId"])
        elif operation in ("delete-oldest", "lose-oldest") and rows:
            s3.delete_object(**named, VersionId=rows[-1]["VersionId"])
        elif operation in ("tag", "tag-oldest", "untag") and written:
            version = written[-1 if operation == "tag-oldest" else 0]["VersionId"]
            tags = [] if operation == "untag" else [{"Key": "tagged", "Value": str(self.count)}]
            s3.put_object_tagging(**named, VersionId=version, Tagging={"TagSet": tags})

    def settle(self, *, pending: bool = False) -> None:
        """Waits until statuses and replicas do not change any more."""
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
    """Versions and delete markers of one key or of all keys, the newest of each key first."""
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
    """The version ID that HEAD returns for each key. Deleted keys are not included."""
    found = {}
    for key in {row["Key"] for row in versions(side)}:
        try:
            head = side.s3.head_object(Bucket=bucket_of(side), Key=key)
        except side.s3.exceptions.ClientError:
            continue
        found[key] = head.get("VersionId", "null")
    return found


def null_after_newer(source: Side, live: Mapping[str, str]) -> set[str]:
    """Keys whose `null` version is current at the target: it was tagged, and so replicated, after a newer version."""
    found = set()
    for key, version in live.items():
        if version == "null":
            with contextlib.suppress(source.s3.exceptions.ClientError):
                newest = source.s3.head_object(Bucket=SOURCE_BUCKET, Key=key)
                # HEAD of an object put before versioning returns no version ID.
                other = newest.get("VersionId", "null") != "null"
                if other and newest.get("ReplicationStatus") == "COMPLETED":
                    found.add(key)
    return found


def replicate_back(
    runner: HistoryRunner, histories: Mapping[str, Operations], both_ways: bool
) -> None:
    """Replicates keys from the target; then removes its rule, unless the pair replicates both ways."""
    source, target = runner.source, runner.target
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
    runner.run_phase("there", histories)
    runner.settle()
    keys = {key for key, operations in histories.items() if "there" in operations}
    assert {row["Key"] for row in versions(source) if row["Key"].startswith("back/")} == keys
    if not both_ways:
        target.s3.delete_bucket_replication(Bucket=TARGET_BUCKET)
    runner.run_phase("gone", histories)


def run_phases(runner: HistoryRunner, histories: Mapping[str, Operations], both_ways: bool) -> None:
    """Runs all phases of the histories."""
    source, target = runner.source, runner.target
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    runner.run_phase("null", histories)
    set_up(source, target, but=("object", "replication"))
    if any("there" in operations for operations in histories.values()):
        replicate_back(runner, histories, both_ways)
    runner.run_phase("before", histories)
    configure(source, target)
    policy = {
        "RoleName": TARGET_ROLE,
        "PolicyArn": target.arn("policy", TARGET_POLICY),
    }
    target.iam.detach_role_policy(**policy)
    runner.run_phase("away", histories)
    runner.settle()
    target.iam.attach_role_policy(**policy)
    source.sandbox.settings("source", paused=True)
    runner.run_phase("roles", histories)
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    target.do("iam_role", name="Other")
    target.iam.attach_role_policy(RoleName="Other", PolicyArn=policy["PolicyArn"])
    role = f"{stored['Role'].split(',')[0]},{target.arn('role', 'Other')}"
    source.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration={**stored, "Role": role}
    )
    source.sandbox.settings("source", paused=False)
    runner.settle(pending=True)
    runner.run_phase("well", histories)
    runner.settle(pending=True)
    runner.run_phase("lost", histories)


@settings(
    max_examples=MANY or 4,
    deadline=None,
    derandomize=not MANY,
    database=None,
    # Shrinking a history takes minutes.
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
def test_verify_finds_only_skipped_differences_after_a_backfill(
    running_sandbox: Sandbox,
    histories: Mapping[str, Operations],
    both_ways: bool,
    again: bool,
    by_api: bool,
    states: list[str],
) -> None:
    running_sandbox.reset()
    runner = HistoryRunner(
        Side(running_sandbox, running_sandbox.source),
        Side(running_sandbox, running_sandbox.target),
    )
    source, target = runner.source, runner.target
    run_phases(runner, histories, both_ways)
    own, live = tags(source), current(target)
    null_current = null_after_newer(source, live)
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
        predicted = backfill(source, target, check_mode=True, **options)
        source.sandbox.refuse_writes(False)
        result = backfill(
            source, target, **options, skipped_file=str(skipped_file), sent_file=str(sent_file)
        )
        assert not result.get("failed"), result
        assert predicted["changes"] == result["changes"]
        assert predicted["backfill"]["skipped"] == result["backfill"]["skipped"]
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
    # Permanent deletions of versions and of delete markers are never replicated.
    extra = {"replica_without_source", "written_at_target", "delete_marker_extra"}
    left = {"missing", "delete_marker_missing"} - set(states)
    keys |= {one["key"] for one in problems if one["state"] in extra | left}
    quiet = {"delete_marker_covered", "other_order", *extra, *left}
    unexplained = [
        (one["state"], one["key"], one["version_id"])
        for one in problems
        # Versions that only the target has need a backfill in the other direction.
        if one["side"] != "target"
        and one["state"] not in quiet
        and (one["key"], one["version_id"]) not in skipped
        and not (one["state"] == "other_current" and one["key"] in keys | null_current)
        and not (one["state"] == "not_selected" and one["reason"] == "replica")
    ]
    assert unexplained == []
    # Only delete markers of keys that were already deleted are new at the source.
    assert tags(source) == own
    new = [row for row in versions(source) if row not in rows and "ETag" in row]
    assert new == []
    # Sent versions have the source's tags at the target.
    copies = tags(target)
    assert {one: copies[one] for one in sent} == {one: own[one] for one in sent}
    here, there_now = current(source), current(target)
    for key, version in there_now.items():
        # No deleted key is readable again, and no other version became current.
        assert version in (here.get(key), live.get(key)), key
    assert not backfill(source, target, **options)["changed"]
