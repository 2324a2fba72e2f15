# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_verify on two servers: states of versions, options, and failures."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs import verify_bodies
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.versions import disable, pause, put, states, verify, wait_for_status


@pytest.fixture
def replicating(source: Side, target: Side) -> Side:
    """The source of a configured pair without objects."""
    set_up(source, target, but=("object",))
    return source


def test_buckets_in_sync_are_ok(replicating: Side, target: Side) -> None:
    keys = [f"k{n}" for n in range(5)]
    for key in keys:
        put(replicating, key)
    wait_for_status(replicating, *keys)
    replicating.s3.delete_object(Bucket=SOURCE_BUCKET, Key="k0")
    time.sleep(1)
    result = verify(replicating, target)
    assert not result.get("failed"), result
    report = result["verification"]
    assert states(result) == {"in_sync": 6}
    assert report["complete"]
    assert report["verdict"] == "ok"
    assert report["listed"]["source"]["count"] == 6
    assert report["listed"]["source"]["delete_markers"] == 1
    assert report["requests"] == {"list": 2}
    assert json.loads(json.dumps(report)) == report


def test_every_state_is_reported_and_written_to_the_problems_file(
    replicating: Side, target: Side, tmp_path: Path
) -> None:
    """Each key is named after the state that it ends in."""
    for key in ("in_sync", "written-over", "delete_marker_extra"):
        put(replicating, key)
    lost = put(replicating, "missing")
    gone = put(replicating, "replica_without_source")
    marked = put(replicating, "delete_marker_missing")
    wait_for_status(replicating, "in_sync", "written-over", "missing", "delete_marker_missing")
    wait_for_status(replicating, "replica_without_source", "delete_marker_extra")
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="missing", VersionId=lost)
    replicating.s3.delete_object(Bucket=SOURCE_BUCKET, Key="replica_without_source", VersionId=gone)
    put(target, "written_at_target")
    put(target, "written-over")
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="delete_marker_extra")
    marker = replicating.s3.delete_object(Bucket=SOURCE_BUCKET, Key="delete_marker_missing")
    deadline = time.monotonic() + 10
    while True:
        listed = target.s3.list_object_versions(
            Bucket=TARGET_BUCKET, Prefix="delete_marker_missing"
        )
        if listed.get("DeleteMarkers"):
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    target.s3.delete_object(
        Bucket=TARGET_BUCKET, Key="delete_marker_missing", VersionId=marker["VersionId"]
    )
    assert marked
    enable = disable(replicating)
    put(replicating, "never_replicated")
    enable()
    target.s3.put_bucket_versioning(
        Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Suspended"}
    )
    target.s3.put_bucket_versioning(
        Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    pause(replicating)
    put(replicating, "pending")
    problems = tmp_path / "problems.jsonl"
    result = verify(replicating, target, problems_file=str(problems))
    assert result["failed"]
    written = [json.loads(line) for line in problems.read_text().splitlines()]
    assert {(one["key"], one["state"]) for one in written} == {
        ("missing", "missing"),
        ("replica_without_source", "replica_without_source"),
        ("delete_marker_missing", "delete_marker_missing"),
        ("delete_marker_extra", "delete_marker_extra"),
        ("delete_marker_extra", "other_current"),
        ("written_at_target", "written_at_target"),
        ("written-over", "written_at_target"),
        ("written-over", "other_current"),
        ("never_replicated", "never_replicated"),
        ("pending", "pending"),
    }
    assert states(result) == {
        "in_sync": 4,
        "missing": 1,
        "replica_without_source": 1,
        "delete_marker_missing": 1,
        "delete_marker_extra": 1,
        "other_current": 2,
        "written_at_target": 2,
        "never_replicated": 1,
        "pending": 1,
    }
    for one in written:
        assert one["schema"] == "scality.backbeat.verify/1"
    assert problems.stat().st_mode & 0o777 == 0o600
    message = result["msg"]
    for text in ("1 version: missing although COMPLETED.", "1 version: never replicated."):
        assert text in message
    assert "pending" not in message


def test_a_version_is_stuck_if_a_previous_report_has_it_as_pending(
    replicating: Side, target: Side, tmp_path: Path
) -> None:
    pause(replicating)
    version = put(replicating, "k")
    put(replicating, "other")
    options = {"problems_file": str(tmp_path / "problems"), "stuck_after": 1.0}
    assert states(verify(replicating, target, **options)) == {"pending": 2}
    assert states(verify(replicating, target, **options)) == {"pending": 2}
    # Times of a server have a resolution of one second.
    time.sleep(2.2)
    result = verify(replicating, target, **options)
    assert states(result) == {"stuck": 2}
    assert result["failed"]
    assert states(verify(replicating, target, **options, backlog_age=3600.0)) == {"pending": 2}
    sent = {"key": "k", "version_id": version, "pending_since": "2126-01-01T00:00:00.000Z"}
    (tmp_path / "sent").write_text(f"{json.dumps(sent)}\n")
    again = verify(replicating, target, **options, sent_file=str(tmp_path / "sent"))
    assert states(again) == {"pending": 1, "stuck": 1}


def test_pending_versions_younger_than_the_backlog_are_not_stuck(
    replicating: Side, target: Side, tmp_path: Path
) -> None:
    """Backbeat rounds its rate to two decimals: nine operations in 15 minutes are 0.01 per second."""
    keys = [f"done{n}" for n in range(9)]
    for key in keys:
        put(replicating, key)
    wait_for_status(replicating, *keys)
    pause(replicating)
    put(replicating, "k")
    url = replicating.connection("s3")["endpoint_url"]
    options = {"problems_file": str(tmp_path / "problems"), "stuck_after": 1.0}
    verify(replicating, target, **options)
    time.sleep(2.2)
    result = verify(replicating, target, **options, backbeat_url=url)
    assert states(result) == {"in_sync": 9, "pending": 1}
    assert result["verification"]["backlog_age"] == 200.0
    assert result["verification"]["notes"] == []
    without = verify(replicating, target, **options)
    assert states(without) == {"in_sync": 9, "stuck": 1}
    assert without["verification"]["backlog_age"] is None


@pytest.mark.parametrize(
    ("site", "note"),
    [
        (None, "because Backbeat sends almost nothing"),
        ("elsewhere", "this server does not support GetMetrics"),
    ],
)
def test_an_unknown_backlog_age_is_noted_with_its_reason(
    replicating: Side, target: Side, tmp_path: Path, site: str | None, note: str
) -> None:
    pause(replicating)
    put(replicating, "k")
    url = replicating.connection("s3")["endpoint_url"]
    own = {"backbeat_url": url, **({"site": site} if site else {})}
    options = {"problems_file": str(tmp_path / "problems"), "stuck_after": 1.0, **own}
    verify(replicating, target, **options)
    time.sleep(2.2)
    result = verify(replicating, target, **options)
    assert states(result) == {"stuck": 1}
    assert result["verification"]["backlog_age"] is None
    (found,) = (one for one in result["verification"]["notes"] if "backlog" in one)
    assert note in found


def test_a_failed_version_fails_unless_accepted(replicating: Side, target: Side) -> None:
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    put(replicating, "k")
    wait_for_status(replicating, "k", status="FAILED")
    target.s3.create_bucket(Bucket=TARGET_BUCKET)
    target.s3.put_bucket_versioning(
        Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    result = verify(replicating, target)
    assert states(result) == {"failed": 1}
    assert result["failed"]
    accepted = verify(replicating, target, accept={"failed": 1})
    assert not accepted.get("failed")


def test_versions_that_no_rule_selects_are_accepted(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",), rules=[{"id": "images", "prefix": "images/"}])
    put(source, "images/1")
    put(source, "other")
    wait_for_status(source, "images/1")
    result = verify(source, target)
    assert not result.get("failed"), result
    assert states(result) == {"in_sync": 1, "not_selected": 1}


def test_without_a_configuration_all_versions_count_as_never_replicated(
    replicating: Side, target: Side
) -> None:
    disable(replicating)
    put(replicating, "k")
    result = verify(replicating, target)
    assert states(result) == {"never_replicated": 1}
    assert result["failed"]
    assert "no replication configuration" in result["warnings"][0]


def test_scope_options_limit_the_versions(replicating: Side, target: Side) -> None:
    for key in ("a/1", "a/1", "b/1"):
        put(replicating, key)
    wait_for_status(replicating, "a/1", "b/1")
    assert states(verify(replicating, target, prefix="a/")) == {"in_sync": 2}
    assert states(verify(replicating, target, versions="current")) == {"in_sync": 2}
    later = verify(replicating, target, modified_since="2100-01-01T00:00:00Z", allow_empty=True)
    assert states(later) == {}
    assert states(verify(replicating, target, modified_before="2100-01-01T00:00:00Z")) == {
        "in_sync": 3
    }
    parts = [{"after": "", "until": "a/1"}, {"after": "a/1"}]
    assert [states(verify(replicating, target, ranges=[part])) for part in parts] == [
        {"in_sync": 2},
        {"in_sync": 1},
    ]


@pytest.mark.parametrize("bodies", [{"share": 1.0}, {"number": 2}])
def test_bodies_are_compared_if_requested(
    replicating: Side, target: Side, bodies: dict[str, Any]
) -> None:
    for key in ("k1", "k2"):
        put(replicating, key)
    wait_for_status(replicating, "k1", "k2")
    result = verify(replicating, target, bodies=bodies)
    assert states(result) == {"in_sync": 2}
    assert result["verification"]["bodies_compared"] == 2
    assert len([c for c in target.reads() if c == "GetObject"]) == 2


def test_large_bodies_are_read_in_parts(
    replicating: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_bodies, "PART", 4)
    for body in (b"", b"1234", b"12345", b"123456789"):
        put(replicating, f"k{len(body)}", body)
    wait_for_status(replicating, "k0", "k4", "k5", "k9")
    result = verify(replicating, target, bodies={"share": 1.0})
    assert states(result) == {"in_sync": 4}
    # Only the truncated part of a body is read again, with a limited number of attempts.
    replicating.sandbox.fail("GetObject", 3, "target", "truncated")
    result = verify(replicating, target, bodies={"share": 1.0})
    assert states(result) == {"in_sync": 4}
    reads = [one for one in target.reads() if one == "GetObject"]
    assert len(reads) == 2 * (1 + 1 + 2 + 3) + 1


def test_two_empty_buckets_fail_without_allow_empty(replicating: Side, target: Side) -> None:
    result = verify(replicating, target)
    assert result["failed"]
    assert "Both buckets are empty" in result["msg"]
    assert not verify(replicating, target, allow_empty=True).get("failed")


FAULTS: dict[str, dict[str, Any]] = {
    "a refused listing": {"operation": "ListObjectVersions", "status": 403, "code": "AccessDenied"},
    "a broken listing": {"operation": "ListObjectVersions", "how": "garbage"},
    "a deleted bucket": {
        "operation": "ListObjectVersions",
        "status": 404,
        "code": "NoSuchBucket",
    },
    "a refused HEAD": {"operation": "HeadObject", "status": 403, "code": "AccessDenied"},
    "a server that is down": {"operation": "HeadObject", "status": 500, "code": "InternalError"},
}


@pytest.mark.parametrize("name", FAULTS)
def test_read_errors_make_the_report_incomplete(
    replicating: Side, target: Side, name: str, tmp_path: Path
) -> None:
    put(replicating, "k")
    wait_for_status(replicating, "k")
    put(target, "other")
    side = "target"
    replicating.sandbox.fail(side=side, times=0, **FAULTS[name])
    report_file = tmp_path / "report.json"
    connection = {**target.connection("s3"), "retry_timeout": 0.5}
    result = verify(
        replicating,
        target,
        target={"bucket": TARGET_BUCKET, "name": "node6", "s3": connection},
        report_file=str(report_file),
    )
    assert result["failed"]
    assert "incomplete" in result["msg"]
    assert result["error"]["endpoint"] == target.side.s3_url
    report = result["verification"]
    assert (report["verdict"], report["complete"]) == ("incomplete", False)
    assert report["gaps"]
    assert json.loads(report_file.read_text()) == report
    replicating.sandbox.clear_faults()
    complete = verify(replicating, target, report_file=str(report_file))
    assert complete["verification"]["complete"]


def test_a_wrong_secret_or_a_missing_bucket_is_an_error(replicating: Side, target: Side) -> None:
    wrong = {**target.connection("s3"), "secret_key": "wrong"}
    result = verify(replicating, target, target={"bucket": TARGET_BUCKET, "s3": wrong})
    assert "SignatureDoesNotMatch" in result["msg"]
    assert result["verification"]["verdict"] == "incomplete"
    missing = {"bucket": "missing-bucket", "s3": target.connection("s3")}
    result = verify(replicating, target, target=missing)
    assert "NoSuchBucket" in result["msg"]
    assert result["failed"]


def test_inspect_limit_makes_the_report_incomplete(replicating: Side, target: Side) -> None:
    for number in range(3):
        put(target, f"k{number}")
    result = verify(replicating, target, inspect_limit=2)
    assert states(result) == {"written_at_target": 2, "uninspected": 1}
    assert result["verification"]["inspected"] == {"only_target": 2}
    assert result["verification"]["uninspected"] == {"only_target": 1}
    assert result["failed"]
    assert "incomplete" in result["msg"]
    again = verify(replicating, target, inspect_limit=2, fail=False)
    assert not again["verification"]["complete"]
    assert again["failed"]


def test_check_mode_compares_without_writing_files(
    replicating: Side, target: Side, tmp_path: Path
) -> None:
    put(target, "k")
    files = {
        name: str(tmp_path / name)
        for name in ("checkpoint", "problems_file", "report_file", "status_file")
    }
    result = verify(replicating, target, check_mode=True, **files)
    assert states(result) == {"written_at_target": 1}
    assert list(tmp_path.iterdir()) == []
    verify(replicating, target, **files)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["checkpoint.lock", "problems_file", "report_file", "status_file"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accept": {"nonsense": 1}}, "accept names the state 'nonsense'"),
        ({"accept": {"failed": "many"}}, "accept.failed is 'many'"),
        ({"modified_since": "yesterday"}, "modified_since is 'yesterday'"),
        ({"bodies": {"share": 2.0}}, "bodies.share is 2.0"),
        ({"report_file": "/missing/report"}, "/missing/report cannot be used"),
        ({"problems_file": "/missing/report"}, "/missing/report cannot be used"),
    ],
)
def test_invalid_options_are_named(
    replicating: Side, target: Side, options: dict[str, Any], message: str
) -> None:
    result = verify(replicating, target, allow_empty=True, **options)
    assert result["failed"]
    assert message in result["msg"]
