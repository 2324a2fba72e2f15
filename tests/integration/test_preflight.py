# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of preflight: with a complete setup, with single faults, and before setup."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from tests.integration.support.drift import recreate_with_retention
from tests.integration.support.modules import Result, Side
from tests.integration.support.plays import VALIDATE, PlaybookResult, Plays
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_ROLE,
    set_up,
)

NO_KEYS = {"access_key": "UNKNOWN", "secret_key": "no-secret"}


class Pair:
    """Runs preflight for the guide's pair of buckets. Tests change `options`."""

    def __init__(self, source: Side, target: Side) -> None:
        self.source, self.target = source, target
        self.options: dict[str, Any] = {
            "source": self.side(source, SOURCE_BUCKET),
            "target": self.side(target, TARGET_BUCKET),
        }

    def side(self, side: Side, bucket: str) -> dict[str, Any]:
        connections = {service: side.connection(service) for service in ("s3", "iam")}
        return {"bucket": bucket, **connections}

    def run(self, **more: Any) -> Result:
        return self.source.run("preflight", **{**self.options, **more})

    def ids(self, **more: Any) -> list[str]:
        found = self.run(fail_on="never", **more)["findings"]
        return [f"{one['severity']} {one['id']}" for one in found]


@pytest.fixture
def pair(source: Side, target: Side) -> Pair:
    set_up(source, target, but=["object"])
    return Pair(source, target)


@pytest.mark.lowest_boto3
def test_a_complete_setup_has_no_findings(pair: Pair, sandbox: Sandbox) -> None:
    pair.options["source"]["role"] = SOURCE_ROLE
    pair.options["target"]["role"] = pair.target.arn("role", TARGET_ROLE)
    sandbox.clear_calls()
    result = pair.run(
        rules=[{"prefix": "", "enabled": True}],
        known_sites={"node6": "scality", "aws-node6": "cloud"},
        servers_since_2025=True,
        fail_on="warning",
    )
    assert (result["findings"], result["warnings"]) == ([], [])
    assert not sandbox.calls(write=True)


def test_each_request_is_sent_once(pair: Pair, sandbox: Sandbox) -> None:
    sandbox.clear_calls()
    pair.run()
    calls = Counter((call["side"], call["operation"], call["name"]) for call in sandbox.calls())
    assert max(calls.values()) == 1
    assert sum(calls.values()) == 23


def test_pairs_share_requests(pair: Pair, sandbox: Sandbox) -> None:
    pair.source.do("bucket", name="second", versioning="enabled")
    sandbox.clear_calls()
    second = {**pair.options, "source": {**pair.options["source"], "bucket": "second"}}
    result = pair.source.run("preflight", pairs=[pair.options, second, pair.options])
    assert [one["summary"]["error"] for one in result["results"]] == [0, 1, 0]
    assert result["msg"].startswith("1 of 3 pairs failed.\nsecond to target-bucket: ")
    # The second pair adds only the requests for its bucket: versioning, object lock, configuration.
    assert len(sandbox.calls()) == 23 + 3


def test_a_canary_is_replicated_and_removed(pair: Pair) -> None:
    result = pair.run(canary={"key": "bird", "wait_timeout": 30})
    assert result["findings"] == []
    assert result["canary"]["replica"]["replication_status"] == "REPLICA"
    for side, bucket in ((pair.source, SOURCE_BUCKET), (pair.target, TARGET_BUCKET)):
        left = side.s3.list_object_versions(Bucket=bucket, Prefix="bird")
        assert not {"Versions", "DeleteMarkers"} & left.keys()


@pytest.mark.parametrize("despite", [False, True])
def test_default_retention_prevents_a_canary_unless_it_is_allowed(
    pair: Pair, despite: bool
) -> None:
    for side, bucket in ((pair.source, SOURCE_BUCKET), (pair.target, TARGET_BUCKET)):
        recreate_with_retention(side, bucket)
    result = pair.run(canary={"key": "bird", "despite_retention": despite, "wait_timeout": 30})
    left = pair.source.s3.list_object_versions(Bucket=SOURCE_BUCKET)
    assert ("Versions" in left) is despite
    ids = [one["id"] for one in result["findings"]]
    assert set(ids) == ({"canary-left-behind"} if despite else {"canary-not-tried"})
    if not despite:
        assert f"{TARGET_BUCKET} (COMPLIANCE, 1 day)" in result["lines"][0]


def test_check_mode_puts_no_canary(pair: Pair, sandbox: Sandbox) -> None:
    sandbox.refuse_writes()
    result = pair.source.run("preflight", check_mode=True, canary={}, **pair.options)
    assert [one["id"] for one in result["findings"]] == ["canary-not-tried"]


def test_a_canary_finds_paused_replication(pair: Pair, sandbox: Sandbox) -> None:
    sandbox.settings(paused=True)
    result = pair.run(canary={"wait_timeout": 0.3})
    assert result["failed"]
    assert "still PENDING" in result["msg"]
    assert [one["id"] for one in result["findings"]] == ["canary-not-replicated"]


def without(*statements: int) -> str:
    """The source's policy without some of its statements."""
    allow = {"Effect": "Allow"}
    everything = [
        {
            **allow,
            "Action": ["s3:GetObjectVersion*", "s3:ReplicateObject"],
            "Resource": f"arn:aws:s3:::{SOURCE_BUCKET}/*",
        },
        {
            **allow,
            "Action": ["s3:ListBucket", "s3:GetReplicationConfiguration"],
            "Resource": f"arn:aws:s3:::{SOURCE_BUCKET}",
        },
    ]
    kept = [one for place, one in enumerate(everything) if place not in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": kept})


def set_source_policy(side: Side, document: str) -> None:
    side.iam.create_policy_version(
        PolicyArn=side.arn("policy", SOURCE_POLICY), PolicyDocument=document, SetAsDefault=True
    )


INLINE_DENY = "inline policy with Deny"
BROKEN = {
    "target versioning suspended": (
        lambda pair: pair.target.s3.put_bucket_versioning(
            Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Suspended"}
        ),
        ["error target-versioning-off"],
    ),
    "configuration deleted": (
        lambda pair: pair.source.s3.delete_bucket_replication(Bucket=SOURCE_BUCKET),
        ["error configuration-missing"],
    ),
    "target bucket deleted": (
        lambda pair: pair.target.s3.delete_bucket(Bucket=TARGET_BUCKET),
        ["error target-bucket-missing"],
    ),
    "trust policy of the source role without Backbeat": (
        lambda pair: pair.source.iam.update_assume_role_policy(
            RoleName=SOURCE_ROLE,
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"Service": "lifecycle"},
                        "Action": "sts:AssumeRole",
                    },
                }
            ),
        ),
        ["error source-role-trust-missing"],
    ),
    "source policy without permissions for objects": (
        lambda pair: set_source_policy(pair.source, without(0)),
        ["error source-permission-missing", "warning source-permission-missing-on-newer-servers"],
    ),
    INLINE_DENY: (
        lambda pair: pair.target.iam.put_role_policy(
            RoleName=TARGET_ROLE,
            PolicyName="stop",
            PolicyDocument='{"Version": "2012-10-17", "Statement": {"Effect": "Deny",'
            ' "Action": "s3:ReplicateDelete", "Resource": "*"}}',
        ),
        ["error target-permission-denied"],
    ),
    "target bucket of another account": (
        lambda pair: (
            pair.target.s3.delete_bucket(Bucket=TARGET_BUCKET),
            pair.target.side.client("s3", pair.target.side.other).create_bucket(
                Bucket=TARGET_BUCKET
            ),
        ),
        ["error target-bucket-of-another-account"],
    ),
    "clock 2 minutes off": (
        lambda pair: pair.source.sandbox.settings("target", clock_offset=120),
        ["warning clock-skewed", "warning clock-skewed"],
    ),
    "clock more than an hour off": (
        lambda pair: pair.source.sandbox.settings("target", clock_offset=-4000),
        ["error clock-beyond-limit", "error clock-beyond-limit"],
    ),
    "IAM endpoint for S3": (
        lambda pair: pair.options["source"].update(s3=pair.source.connection("iam")),
        ["error endpoint-wrong-kind"],
    ),
    "S3 endpoint for IAM": (
        lambda pair: pair.options["source"].update(iam=pair.source.connection("s3")),
        ["error endpoint-wrong-kind"],
    ),
    "unknown access keys": (
        lambda pair: [
            pair.options[side][service].update(NO_KEYS)
            for side in ("source", "target")
            for service in ("s3", "iam")
        ],
        ["error credentials-invalid"] * 4,
    ),
    "no server listens": (
        lambda pair: pair.options["target"]["iam"].update(
            endpoint_url="http://127.0.0.1:1", retry_timeout=0
        ),
        ["error endpoint-unreachable"],
    ),
    "HTML page of a proxy": (
        lambda pair: pair.source.sandbox.fail("ListBuckets", side="source", how="html", status=200),
        ["error endpoint-wrong-kind"],
    ),
}


@pytest.mark.parametrize(
    "case",
    [
        # No other test that runs with the lowest boto3 reads inline policies.
        pytest.param(name, marks=[pytest.mark.lowest_boto3] if name == INLINE_DENY else [])
        for name in BROKEN
    ],
)
def test_each_fault_is_found(pair: Pair, case: str) -> None:
    break_pair, found = BROKEN[case]
    break_pair(pair)  # type: ignore[no-untyped-call]
    assert pair.ids() == found


def test_missing_permissions_of_the_account_are_listed(pair: Pair) -> None:
    """The account may only list buckets: a finding for each denied call names the permission."""
    keys = pair.source.side.create_user(
        "auditor",
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
        },
    )
    for service in ("s3", "iam"):
        pair.options["source"][service].update(keys)
    findings = pair.run(fail_on="never")["findings"]
    assert {one["id"] for one in findings} == {"not-permitted"}
    missing = " ".join(one["what"] for one in findings)
    for permission in (
        "s3:GetBucketVersioning",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetReplicationConfiguration",
    ):
        assert permission in missing


@pytest.mark.lowest_boto3
def test_granting_the_listed_permissions_is_sufficient(pair: Pair) -> None:
    """Grant the listed permissions, until no call is reported as not permitted."""
    granted = {"s3:ListAllMyBuckets"}
    for attempt in range(12):
        policy = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": sorted(granted), "Resource": "*"},
        }
        keys = pair.source.side.create_user(f"auditor-{attempt}", policy)
        for service in ("s3", "iam"):
            pair.options["source"][service].update(keys)
        findings = pair.run(fail_on="never")["findings"]
        if not findings:
            break
        words = " ".join(one["what"] for one in findings).replace(",", " ").split()
        named = {word for word in words if word.startswith(("s3:", "iam:"))}
        assert named - granted, findings
        granted |= named
    assert findings == []


def test_objects_put_with_other_roles_are_reported_as_stuck(pair: Pair, sandbox: Sandbox) -> None:
    """The object was put while the configuration had other roles; the configuration is correct again."""
    s3 = pair.source.s3
    right = s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    roles = ",".join(f"{arn}x" for arn in right["Role"].split(","))
    s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration={**right, "Role": roles}
    )
    s3.put_object(Bucket=SOURCE_BUCKET, Key="stuck", Body=b"x")
    s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=right)
    (finding,) = pair.run(fail_on="never")["findings"]
    assert finding["id"] == "objects-stuck"
    assert f"'stuck' was put with {roles}" in finding["what"]


def test_another_bucket_that_uses_the_role_without_permission_is_reported(pair: Pair) -> None:
    s3 = pair.source.s3
    pair.source.do("bucket", name="their-bucket", versioning="enabled")
    theirs = s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    s3.put_bucket_replication(Bucket="their-bucket", ReplicationConfiguration=theirs)
    (finding,) = pair.run(fail_on="never")["findings"]
    assert finding["id"] == "other-bucket-without-permission"
    assert finding["what"].startswith("The bucket their-bucket is replicated with this role")


def test_before_setup_missing_resources_are_no_errors(source: Side, target: Side) -> None:
    result = Pair(source, target).run(before_setup=True)
    assert not result.get("failed")
    assert result["summary"] == {"error": 0, "warning": 0, "info": 2}


def _validation(played: PlaybookResult) -> dict[str, Any]:
    """The fact replication_validation of the source."""
    (one,) = [
        one["result"]["ansible_facts"]["replication_validation"]
        for one in played.records
        if one["task"].endswith("Separate drift from errors") and one["status"] == "ok"
    ]
    return dict(one)


class TestPlaybook:
    """The playbook validate_replication, and preflight in set-up."""

    def test_validation_of_a_complete_setup_succeeds(
        self, play: Plays, pair: Pair, sandbox: Sandbox
    ) -> None:
        sandbox.refuse_writes()
        done = play(playbook=VALIDATE).ok()
        assert "Nothing keeps these buckets from being replicated." in done.output
        assert (
            "Checked of source-bucket -> node6:target-bucket: endpoints, buckets, " in done.output
        )
        assert done.changed() == {}

    def test_drift_fails_validation(self, play: Plays, pair: Pair, sandbox: Sandbox) -> None:
        pair.target.s3.put_bucket_versioning(
            Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Suspended"}
        )
        set_source_policy(pair.source, without(1))
        sandbox.clear_calls()
        sandbox.refuse_writes()
        done = play(playbook=VALIDATE)
        assert done.code == 2
        assert "error target-versioning-off (target bucket target-bucket at" in done.output
        assert "error source-permission-missing (source role" in done.output
        assert not sandbox.calls(write=True)

    def test_ignored_drift_does_not_fail_validation(self, play: Plays, pair: Pair) -> None:
        pair.target.s3.put_bucket_versioning(
            Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Suspended"}
        )
        hosts = play.inventory(replication_preflight_ignore=["target-versioning-off"])
        play(playbook=VALIDATE, inventory=hosts).ok()
        never = play.inventory(replication_preflight_fail_on="never")
        done = play(playbook=VALIDATE, inventory=never).ok()
        assert "error target-versioning-off" in done.output

    def test_drift_and_errors_are_reported_separately(self, play: Plays, pair: Pair) -> None:
        pair.target.s3.put_bucket_versioning(
            Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Suspended"}
        )
        tolerant = play.inventory(replication_fail_on_drift=False)
        only_drift = play(playbook=VALIDATE, inventory=tolerant).ok()
        known = _validation(only_drift)
        assert [one["id"] for one in known["drift"]] == ["target-versioning-off"]
        assert known["drift"][0]["line"] in known["lines"]
        assert known["errors"] == []
        assert known["failed"] is False
        statistic = known["statistic"]
        assert (statistic["errors"], statistic["drift"], statistic["failed"]) == (0, 1, False)
        message = play(playbook=VALIDATE).failure()
        assert message.startswith("Drift, which set-up repairs")

        play.sandbox.fail(
            side="source", operation="GetBucketVersioning", status=500, code="Broken", times=0
        )
        tolerant["all"]["hosts"]["node1"]["replication_s3"]["retry_timeout"] = 0
        both = play(playbook=VALIDATE, inventory=tolerant)
        assert both.failure().startswith("Errors, which set-up does not repair")
        assert _validation(both)["statistic"]["errors"] == 1
        assert "Drift, which set-up repairs" in both.failure()

    def test_validation_with_a_canary(self, play: Plays, pair: Pair) -> None:
        done = play(
            playbook=VALIDATE, inventory=play.inventory(replication_preflight_canary=True)
        ).ok()
        (result,) = done.result("node1", "preflight")["results"]
        assert result["canary"]["object"]["replication_status"] == "COMPLETED"

    def test_missing_resources_do_not_stop_setup(
        self, play: Plays, source: Side, target: Side
    ) -> None:
        """Set-up creates them."""
        hosts = play.inventory(replication_preflight=True)
        done = play(inventory=hosts).ok()
        assert {f"CreateBucket {name}" for name in (SOURCE_BUCKET, TARGET_BUCKET)} <= set(
            done.changes()
        )
        assert play("--tags", "preflight").ok().module_records()

    def test_a_preflight_error_stops_setup_before_any_change(
        self, play: Plays, source: Side, target: Side, sandbox: Sandbox
    ) -> None:
        target.side.client("s3", target.side.other).create_bucket(Bucket=TARGET_BUCKET)
        sandbox.clear_calls()
        done = play(inventory=play.inventory(replication_preflight=True))
        assert done.code == 2
        assert "target-bucket-of-another-account" in done.output
        assert not sandbox.calls(write=True)

    def test_no_secret_is_shown(self, play: Plays, pair: Pair, tmp_path: Path) -> None:
        hosts = play.inventory()
        for host, side in (("node1", pair.source), ("node6", pair.target)):
            for service in ("s3", "iam"):
                connection = hosts["all"]["hosts"][host][f"replication_{service}"]
                del connection["profile"]
                connection.update(side.connection(service))
        done = play("-vvvv", playbook=VALIDATE, inventory=hosts).ok()
        for side in (pair.source, pair.target):
            assert side.side.secret_key not in done.output
