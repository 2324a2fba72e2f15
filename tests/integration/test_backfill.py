# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_backfill on two servers: what it sends, what it skips, and when it stops."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs import (
    backfill_outcome,
    backfill_sender,
)
from tests.integration.support.backfills import backfill, configure
from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.versions import (
    bucket_of,
    disable,
    pause,
    put,
    states,
    verify,
    wait_for_status,
)


@pytest.fixture
def existing(source: Side, target: Side) -> Side:
    """The source with a versioned bucket, for objects that exist before replication is configured."""
    set_up(source, target, but=("object", "replication"))
    return source


def counts(tallies: dict[str, Any]) -> dict[str, int]:
    return {state: tally["count"] for state, tally in tallies.items()}


@pytest.mark.lowest_boto3
def test_versions_older_than_the_rule_are_sent(existing: Side, target: Side) -> None:
    keys = ("a", "b/ö", "b/%2F+ ~", "c")
    for key in keys:
        put(existing, key, b"old")
    tags = {"TagSet": [{"Key": "team", "Value": "s = t"}]}
    existing.s3.put_object_tagging(Bucket=SOURCE_BUCKET, Key="a", Tagging=tags)
    put(existing, "c", b"new")
    configure(existing, target)
    assert states(verify(existing, target)) == {"never_replicated": 5}

    predicted = backfill(existing, target, check_mode=True)
    assert predicted["changed"]
    assert predicted["backfill"]["sent_count"] == 5
    assert predicted["backfill"]["expected"]["requests"] == 30
    assert predicted["backfill"]["tag_window_seconds"]["versions"] == 5
    assert states(verify(existing, target)) == {"never_replicated": 5}

    result = backfill(existing, target)
    assert not result.get("failed"), result
    report = result["backfill"]
    assert counts(report["found"]) == counts(report["sent"]) == {"never_replicated": 5}
    assert report["outcome"] == {"never_replicated": {"COMPLETED": 5}}
    assert report["skipped"] == {}
    assert report["complete"]
    assert result["changes"] == ["PutObjectTagging 5 versions of source-bucket"]
    assert predicted["changes"] == result["changes"]
    assert states(verify(existing, target)) == {"in_sync": 5}
    assert target.s3.get_object(Bucket=TARGET_BUCKET, Key="c")["Body"].read() == b"new"
    copied = target.s3.get_object_tagging(Bucket=TARGET_BUCKET, Key="a")["TagSet"]
    assert copied == tags["TagSet"]

    before = existing.sandbox.calls(write=True)
    again = backfill(existing, target)
    assert not again["changed"]
    assert existing.sandbox.calls(write=True) == before


def skipped(result: Result) -> dict[str, int]:
    found: dict[str, int] = result["backfill"]["skipped"]
    return found


def delete(side: Side, key: str) -> str:
    marker: str = side.s3.delete_object(Bucket=SOURCE_BUCKET, Key=key)["VersionId"]
    return marker


def listed(side: Side, key: str) -> list[str]:
    """The version IDs of a key, newest first."""
    page = side.s3.list_object_versions(Bucket=bucket_of(side), Prefix=key)
    rows = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    rows = [one for one in rows if one["Key"] == key]
    rows.sort(key=lambda one: (not one["IsLatest"], -one["LastModified"].timestamp()))
    return [one["VersionId"] for one in rows]


def test_deleted_key_is_skipped_with_a_reason(existing: Side, target: Side) -> None:
    put(existing, "deleted")
    delete(existing, "deleted")
    put(existing, "living")
    delete(existing, "living")
    put(existing, "living")
    configure(existing, target)
    result = backfill(existing, target)
    assert not result.get("failed"), result
    assert skipped(result) == {"deleted-key": 1, "delete-marker": 1, "old-delete-marker": 1}
    assert result["backfill"]["sent_count"] == 2
    lines = result["backfill"]["first_skipped"]["deleted-key"]
    assert [line["key"] for line in lines] == ["deleted"]
    assert "would make the key readable there" in lines[0]["detail"]
    assert listed(target, "deleted") == []


@pytest.mark.lowest_boto3
def test_resent_deleted_key_is_never_readable_at_the_target(existing: Side, target: Side) -> None:
    old = [put(existing, "deleted", body) for body in (b"1", b"2")]
    marker = delete(existing, "deleted")
    gone = put(existing, "only-a-marker")
    alone = delete(existing, "only-a-marker")
    existing.s3.delete_object(Bucket=SOURCE_BUCKET, Key="only-a-marker", VersionId=gone)
    configure(existing, target)
    live: list[str] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            page = target.s3.list_object_versions(Bucket=TARGET_BUCKET)
            live.extend(one["Key"] for one in page.get("Versions", ()) if one["IsLatest"])
            time.sleep(0.01)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        result = backfill(existing, target, resend_deleted_keys=True)
    finally:
        ended.set()
        watching.join()
    assert not result.get("failed"), result
    assert live == []
    assert skipped(result) == {}
    assert result["backfill"]["deleted_again"] == 2
    assert result["changes"] == [
        "DeleteObject 2 keys of source-bucket",
        "PutObjectTagging 2 versions of source-bucket",
    ]
    here, there = listed(existing, "deleted"), listed(target, "deleted")
    assert here[1:] == [marker, *reversed(old)]
    assert there == [here[0], *reversed(old)]
    assert len(listed(target, "only-a-marker")) == 1
    found = states(verify(existing, target))
    assert found == {"in_sync": 4, "delete_marker_covered": 2}
    assert alone in listed(existing, "only-a-marker")
    assert not backfill(existing, target, resend_deleted_keys=True)["changed"]


def test_deleted_key_that_is_put_again_during_the_run_is_skipped(
    existing: Side, target: Side
) -> None:
    put(existing, "first")
    put(existing, "put-again")
    delete(existing, "put-again")
    configure(existing, target)
    # Another client puts the key again while the module waits for the new delete marker to replicate.
    target.sandbox.settings("source", delay=3.0)

    def put_again() -> None:
        deletes = existing.sandbox.calls("source", operation="DeleteObject")
        while existing.sandbox.calls("source", operation="DeleteObject") == deletes:
            time.sleep(0.01)
        put(existing, "put-again", b"new")

    putting = threading.Thread(target=put_again)
    putting.start()
    result = backfill(existing, target, resend_deleted_keys=True, prefix="put-again")
    putting.join()
    assert not result.get("failed"), result
    assert result["backfill"]["deleted_again"] == 1
    assert result["backfill"]["sent_count"] == 0
    assert skipped(result) == {"live-again": 1}
    assert existing.s3.head_object(Bucket=SOURCE_BUCKET, Key="put-again")


def test_null_version_is_sent_only_before_newer_versions(source: Side, target: Side) -> None:
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    for key in ("alone", "ordered", "late"):
        source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"null")
    set_up(source, target, but=("object", "replication"))
    ordered = [put(source, "ordered", body) for body in (b"1", b"2")]
    configure(source, target)
    # A newer version of this key is replicated already.
    late = put(source, "late", b"new")
    wait_for_status(source, "late")
    result = backfill(source, target)
    assert not result.get("failed"), result
    assert skipped(result) == {"null-after-newer": 1}
    assert result["backfill"]["sent_count"] == 4
    assert listed(target, "ordered") == [*reversed(ordered), "null"]
    assert listed(target, "alone") == ["null"]
    assert listed(target, "late") == [late]
    for key, body in (("ordered", b"2"), ("late", b"new"), ("alone", b"null")):
        assert target.s3.get_object(Bucket=TARGET_BUCKET, Key=key)["Body"].read() == body
    named = {"Bucket": TARGET_BUCKET, "Key": "ordered", "VersionId": "null"}
    assert target.s3.get_object(**named)["Body"].read() == b"null"
    assert states(verify(source, target)) == {"in_sync": 5, "never_replicated": 1}


def test_other_current_version_after_a_null_version_stops_the_pair(
    source: Side, target: Side
) -> None:
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="k", Body=b"null")
    set_up(source, target, but=("object", "replication"))
    put(source, "k", b"1")
    configure(source, target)
    # Another client writes the key directly to the target.
    put(target, "k", b"other")
    result = backfill(source, target, settle_timeout=5.0)
    assert result["failed"]
    assert "'k' has a null version" in result["msg"]
    assert "Copy the current version onto itself" in result["msg"]
    assert not result["backfill"]["complete"]


@pytest.mark.lowest_boto3
def test_stuck_versions_are_sent(source: Side, target: Side, tmp_path: Path) -> None:
    set_up(source, target, but=("object",))
    pause(source)
    put(source, "stuck")
    put(source, "pending")
    options = {"problems_file": str(tmp_path / "problems"), "stuck_after": 1.0}
    verify(source, target, **options)
    time.sleep(2.2)
    # The roles of the configuration change while versions are pending, so these never replicate.
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    target.do("iam_role", name="Other")
    other = f"{stored['Role'].split(',')[0]},{target.arn('role', 'Other')}"
    target.do(
        "policy",
        name="OtherPolicy",
        side="target",
        source_buckets=[SOURCE_BUCKET],
        target_buckets=[TARGET_BUCKET],
        roles=["Other"],
    )
    source.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration={**stored, "Role": other}
    )
    pause(source, paused=False)
    put(source, "new")
    wait_for_status(source, "new")
    found = states(verify(source, target, **options))
    assert found == {"stuck": 2, "in_sync": 1}
    result = backfill(source, target)
    assert not result.get("failed"), result
    assert counts(result["backfill"]["sent"]) == {"stuck": 2}
    assert states(verify(source, target)) == {"in_sync": 3}


def test_missing_versions_are_sent_only_if_listed_in_states(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))
    version = put(source, "k")
    wait_for_status(source, "k")
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="k", VersionId=version)
    rules = [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": 3},
        }
    ]
    target.s3.put_bucket_lifecycle_configuration(
        Bucket=TARGET_BUCKET, LifecycleConfiguration={"Rules": rules}
    )
    result = backfill(source, target)
    assert not result["changed"]
    assert counts(result["backfill"]["found"]) == {"missing": 1}
    assert result["backfill"]["side_effects"] == []
    named = backfill(source, target, states=["missing"])
    assert counts(named["backfill"]["sent"]) == {"missing": 1}
    assert "remove versions (old)" in named["backfill"]["side_effects"][0]
    assert named["backfill"]["side_effects"][0] in named["warnings"]
    assert states(verify(source, target)) == {"in_sync": 1}


def test_version_of_any_state_is_sent_if_listed_in_versions(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))
    version = put(source, "k")
    put(source, "other")
    wait_for_status(source, "k", "other")
    for key in ("k", "other"):
        name = listed(target, key)[0]
        target.s3.delete_object(Bucket=TARGET_BUCKET, Key=key, VersionId=name)
    result = backfill(source, target, versions=[{"key": "k", "version_id": version}])
    assert not result.get("failed"), result
    assert result["backfill"]["sent_count"] == 1
    assert states(verify(source, target)) == {"in_sync": 1, "missing": 1}


def test_verify_problems_file_limits_the_keys(source: Side, target: Side, tmp_path: Path) -> None:
    set_up(source, target, but=("object",))
    enable = disable(source)
    for key in ("a", "b", "b", "c"):
        put(source, key)
    enable()
    problems = tmp_path / "problems"
    verify(source, target, problems_file=str(problems))
    put(source, "a-later")
    wait_for_status(source, "a-later")
    lines = problems.read_text().splitlines(keepends=True)
    problems.write_text("".join(line for line in lines if json.loads(line)["key"] != "c"))
    result = backfill(source, target, verify_problems_file=str(problems))
    assert not result.get("failed"), result
    assert result["backfill"]["sent_count"] == 3
    assert states(verify(source, target)) == {"in_sync": 4, "never_replicated": 1}


def test_keys_outside_all_rules_are_not_sent(source: Side, target: Side) -> None:
    set_up(source, target, but=("object", "replication"))
    for key in ("in/k", "out/k"):
        put(source, key)
    set_up(source, target, but=("object",), rules=[{"prefix": "in/"}])
    result = backfill(source, target)
    assert result["backfill"]["sent_count"] == 1
    assert counts(result["backfill"]["found"]) == {"never_replicated": 1, "not_selected": 1}
    source.s3.delete_bucket_replication(Bucket=SOURCE_BUCKET)
    none = backfill(source, target)
    assert none["failed"]
    assert "no enabled rule that replicates to target-bucket" in none["msg"]


def test_replica_is_sent_back_only_if_listed_in_versions(source: Side, target: Side) -> None:
    """On a pair that replicates both ways, its source version may have been deleted permanently."""
    set_up(source, target, but=("object",))
    version = put(source, "k")
    wait_for_status(source, "k")
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="k", VersionId=version)
    back = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    roles = ",".join(reversed(back["Role"].split(",")))
    back["Rules"][0]["Destination"]["Bucket"] = f"arn:aws:s3:::{SOURCE_BUCKET}"
    target.s3.put_bucket_replication(
        Bucket=TARGET_BUCKET, ReplicationConfiguration={"Role": roles, "Rules": back["Rules"]}
    )
    states_ = ["never_replicated", "failed", "stuck", "missing"]
    there: dict[str, Any] = {
        "source": {"bucket": TARGET_BUCKET, "s3": target.connection("s3")},
        "target": {"bucket": SOURCE_BUCKET, "s3": source.connection("s3")},
    }
    left = source.run("backfill", **there, states=states_)
    assert not left["changed"]
    named = source.run(
        "backfill",
        **there,
        versions=[{"key": "k", "version_id": version}],
        first_timeout=0.0,
    )
    assert named["backfill"]["sent_count"] == 1


def test_failed_first_version_stops_the_run(existing: Side, target: Side) -> None:
    for number in range(20):
        put(existing, f"k{number}")
    configure(existing, target)
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    target.s3.create_bucket(Bucket=TARGET_BUCKET)
    target.s3.put_bucket_versioning(
        Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    target.iam.detach_role_policy(
        RoleName="TargetRoleForS3Replication",
        PolicyArn=target.arn("policy", "TargetPolicyForS3Replication"),
    )
    result = backfill(existing, target)
    assert result["failed"]
    assert "was sent and is FAILED" in result["msg"]
    assert result["backfill"]["sent_count"] == 1
    assert result["changed"]
    tagged = [call for call in existing.writes() if call == "PutObjectTagging"]
    assert len(tagged) == 1


def put_twenty_keys(existing: Side, target: Side) -> None:
    """Puts more keys than there are senders, and configures replication."""
    for number in range(20):
        put(existing, f"k{number:02}")
    configure(existing, target)
    existing.sandbox.clear_calls()


def test_pending_first_version_stops_the_run(existing: Side, target: Side) -> None:
    put_twenty_keys(existing, target)
    existing.sandbox.settings("source", paused=True)
    result = backfill(existing, target, first_timeout=1.0)
    assert result["failed"]
    assert "is still PENDING" in result["msg"]
    assert result["backfill"]["sent_count"] == 1
    assert existing.writes() == ["PutObjectTagging"]


def test_first_version_without_a_new_status_stops_the_run(
    existing: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server accepts the tags, but the version's replication status does not change."""
    monkeypatch.setattr(backfill_sender, "REACTION", 1.0)
    put_twenty_keys(existing, target)
    # The rule is removed while this read hangs. The module read the rule before, so it still sends the version.
    existing.sandbox.fail("GetObjectTagging", side="source", how="hang", seconds=1.0)

    def remove_the_rule() -> None:
        existing.sandbox.wait_for_call(timeout=20.0, side="source", operation="GetObjectTagging")
        existing.s3.delete_bucket_replication(Bucket=SOURCE_BUCKET)

    removing = threading.Thread(target=remove_the_rule)
    removing.start()
    result = backfill(existing, target)
    removing.join()
    assert result["failed"]
    assert "did not mark the first version" in result["msg"]
    assert result["backfill"]["sent_count"] == 1
    assert existing.writes().count("PutObjectTagging") == 1


@pytest.mark.lowest_boto3
def test_account_without_permission_to_put_tags_sends_nothing(existing: Side, target: Side) -> None:
    put_twenty_keys(existing, target)
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    deny = {**allow, "Effect": "Deny", "Action": "s3:PutObject*Tagging"}
    policy = {"Version": "2012-10-17", "Statement": [allow, deny]}
    s3 = {**existing.connection("s3"), **existing.side.create_user("reader", policy)}
    existing.sandbox.clear_calls()
    result = existing.run(
        "backfill",
        source={"bucket": SOURCE_BUCKET, "s3": s3},
        target={"bucket": TARGET_BUCKET, "s3": target.connection("s3")},
    )
    assert result["failed"]
    assert "nothing was sent" in result["msg"]
    assert result["error"]["operation"] == "PutObjectTagging"
    assert result["error"]["code"] == "AccessDenied"
    assert not result["changed"]
    # One of 16 senders tries. A refused request is sent once more to read the error's code.
    tried = existing.sandbox.calls("source", write=True)
    assert len(tried) <= 2
    assert {(one["operation"], one["status"]) for one in tried} == {("PutObjectTagging", 403)}
    assert len({one["key"] for one in tried}) == 1


def test_sending_pauses_at_the_backlog_limit(existing: Side, target: Side) -> None:
    for number in range(12):
        put(existing, f"k{number:02}")
    configure(existing, target)
    existing.sandbox.settings("source", delay=0.5)
    pending = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            heads = (
                existing.s3.head_object(Bucket=SOURCE_BUCKET, Key=f"k{number:02}")
                for number in range(12)
            )
            pending.append(sum(head.get("ReplicationStatus") == "PENDING" for head in heads))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        result = backfill(existing, target, backlog_limit=2, senders=1)
    finally:
        ended.set()
        watching.join()
    assert not result.get("failed"), result
    assert result["backfill"]["outcome"] == {"never_replicated": {"COMPLETED": 12}}
    assert max(pending) <= 4


def test_sending_pauses_while_backbeats_own_backlog_is_too_long(
    existing: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backbeat's backlog includes objects of other clients, which a backfill does not count itself."""
    monkeypatch.setattr(backfill_outcome, "BACKLOG_INTERVAL", 0.1)
    put_twenty_keys(existing, target)
    # Objects put with this delay stay pending.
    existing.sandbox.settings("source", delay=3600.0)
    new = {f"new{number}": put(existing, f"new{number}") for number in range(6)}
    existing.sandbox.settings("source", delay=0.1)
    sent_before: list[int] = []

    def clear_backlog() -> None:
        deadline = time.monotonic() + 60.0
        while len(existing.sandbox.calls("source", operation="BackbeatApi")) < 4:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        sent_before.append(existing.writes().count("PutObjectTagging"))
        for key, version in new.items():
            existing.s3.put_object_tagging(
                Bucket=SOURCE_BUCKET, Key=key, VersionId=version, Tagging={"TagSet": []}
            )

    clearing = threading.Thread(target=clear_backlog)
    clearing.start()
    given = {"backbeat_url": existing.side.s3_url, "backlog_limit": 4, "senders": 1}
    result = backfill(existing, target, prefix="k", no_progress_timeout=60.0, **given)
    clearing.join()
    assert not result.get("failed"), result
    assert result["backfill"]["sent_count"] == 20
    # The first version may be sent before the backlog is read.
    assert sent_before[0] <= 1


def test_requests_per_second_is_not_exceeded(existing: Side, target: Side) -> None:
    put_twenty_keys(existing, target)
    result = backfill(existing, target, requests_per_second=50.0, wait=False)
    assert not result.get("failed"), result
    times = [
        one["time"]
        for side in ("source", "target")
        for one in existing.sandbox.calls(side)
        if one["operation"] != "BackbeatApi"
    ]
    assert len(times) >= 100
    assert (len(times) - 1) / (max(times) - min(times)) <= 55.0


def test_tags_that_change_during_the_run_are_listed(existing: Side, target: Side) -> None:
    put(existing, "k")
    configure(existing, target)
    # The read after the put hangs, so that the tags change before it is repeated.
    existing.sandbox.fail("GetObjectTagging", nth=2, side="source", how="hang", seconds=1.0)

    def change() -> None:
        existing.sandbox.wait_for_call(timeout=20.0, side="source", operation="PutObjectTagging")
        time.sleep(0.2)
        existing.s3.put_object_tagging(
            Bucket=SOURCE_BUCKET, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
        )

    changing = threading.Thread(target=change)
    changing.start()
    result = backfill(existing, target)
    changing.join()
    assert not result.get("failed"), result
    assert result["backfill"]["tags_changed"] == 1
    first = result["backfill"]["first_tags_changed"][0]
    assert (first["before"], first["after"]) == ({}, {"a": "b"})


def test_interrupted_run_continues_from_its_checkpoint(
    existing: Side, target: Side, tmp_path: Path
) -> None:
    for number in range(6):
        put(existing, f"k{number}")
    put(existing, "k0")
    configure(existing, target)
    files = {
        name: str(tmp_path / name)
        for name in ("checkpoint", "sent_file", "skipped_file", "report_file", "status_file")
    }
    existing.sandbox.fail(
        "PutObjectTagging", nth=4, side="source", status=403, code="InvalidAccessKeyId", times=0
    )
    stopped = backfill(existing, target, **files, senders=1)
    assert stopped["failed"], stopped
    assert (tmp_path / "checkpoint").exists()
    assert stopped["backfill"]["sent_count"] == 3
    other = backfill(existing, target, **files, states=["failed"])
    assert "belongs to another run" in other["msg"]
    here = {"bucket": SOURCE_BUCKET, "name": "node1", "s3": existing.connection("s3")}
    there = {"bucket": "other-bucket", "name": "node6", "s3": target.connection("s3")}
    pair = existing.run("backfill", source=here, target=there, **files)
    assert "belongs to another run" in pair["msg"]
    assert "other-bucket" in pair["msg"]
    existing.sandbox.clear_faults()
    result = backfill(existing, target, **files)
    assert not result.get("failed"), result
    assert result["backfill"]["sent_count"] == 7
    assert result["backfill"]["outcome"] == {"never_replicated": {"COMPLETED": 7}}
    assert states(verify(existing, target)) == {"in_sync": 7}
    assert not (tmp_path / "checkpoint").exists()
    sent = [json.loads(line) for line in (tmp_path / "sent_file").read_text().splitlines()]
    assert len(sent) == 7
    assert {one["action"] for one in sent} == {"send"}
    report = json.loads((tmp_path / "report_file").read_text())
    assert report == result["backfill"]
    assert json.loads((tmp_path / "status_file").read_text())["sent"] == 7
    for name in ("sent_file", "skipped_file", "report_file"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
