# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts from servers are never evaluated as templates and cause no unexpected errors in modules.

How playbooks handle the results of modules is tested in test_returned_text.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.entry_points import entry_points, playbook
from tests.integration.support.modules import Result, Side
from tests.integration.support.plays import PlaybookResult, Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_ROLE,
    set_up,
    steps,
)

PLAYBOOKS = ("setup_replication", "validate_replication", "teardown_replication")


@pytest.fixture
def template(tmp_path: Path) -> str:
    """Template syntax that creates a file if it is evaluated."""
    return "{{ lookup('pipe', 'touch " + str(tmp_path / "evaluated") + "') }}"


def set_up_with_template(source: Side, target: Side, template: str) -> None:
    """Set up with the template in each text that servers store and return to the role."""
    set_up(source, target, rules=[{"prefix": "", "id": template}])
    for side, role in ((source, SOURCE_ROLE), (target, TARGET_ROLE)):
        side.iam.update_role(RoleName=role, Description=template)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key=KEY, Metadata={"note": template})
    source.s3.put_object_tagging(
        Bucket=SOURCE_BUCKET, Key=KEY, Tagging={"TagSet": [{"Key": "note", "Value": "a"}]}
    )


#: XML elements, headers and JSON keys in answers of S3, IAM and Backbeat. None stands for all of them at once.
FIELDS = (
    None, "Arn", "AssumeRolePolicyDocument", "AttachmentCount", "Bucket", "Code", "CreateDate", "CreationDate",
    "DefaultVersionId", "Description", "DisplayName", "Document", "ETag", "EncodingType", "Error", "HostId", "ID",
    "IsAttachable", "IsDefaultVersion", "IsLatest", "IsTruncated", "Key", "LastModified", "MaxKeys", "Message", "Name",
    "NextMarker", "Path", "PolicyArn", "PolicyId", "PolicyName", "Prefix", "RequestId", "Role", "RoleId", "RoleName",
    "Size", "Status", "StorageClass", "UpdateDate", "UserId", "UserName", "Value", "VersionId", "aws-node6", "count",
    "description", "isrHealth", "message", "name", "node6", "results", "size", "state", "status",
    "Content-Type", "ETag", "Last-Modified", "Location", "last-modified", "x-amz-bucket-region", "x-amz-meta-note",
    "x-amz-replication-status", "x-amz-request-id", "x-amz-version-id", "x-amzn-requestid",
)  # fmt: skip
#: Fields whose text a module returns unchanged.
RETURNED_UNCHANGED = {"Arn", "ETag", "ID", "Path", "RoleName", "x-amz-meta-note"}


def read_everything(source: Side, target: Side) -> list[Result]:
    """The results of all modules that read, and of modules that write in check mode."""
    ends = {
        side.name: {"s3": side.connection("s3"), "iam": side.connection("iam"), "bucket": bucket}
        for side, bucket in ((source, SOURCE_BUCKET), (target, TARGET_BUCKET))
    }
    for end in ends.values():
        end["s3"]["retry_timeout"] = end["iam"]["retry_timeout"] = 0
    proof = {"bucket": SOURCE_BUCKET, "key": KEY, "wait": False}
    backbeat = {"backbeat_url": source.side.backbeat_url, "retry_timeout": 0}
    adopted = {
        "source": {name: ends["source"][name] for name in ("s3", "iam")},
        "target": {"iam": ends["target"]["iam"]},
    }
    results = [
        source.run("iam_role_info", name=SOURCE_ROLE, retry_timeout=0),
        source.run("policy_info", name="SourcePolicyForS3Replication", retry_timeout=0),
        source.run("bucket_replication_info", all_buckets=True, retry_timeout=0),
        source.run("object_check", **proof, target=_object_end(target), retry_timeout=0),
        source.run("preflight", **ends),
        source.run("verify", **{name: _without_iam(end) for name, end in ends.items()}),
        source.run("adoption_info", name="node1", **adopted),
        source.run("service_info", **backbeat),
        source.run("failed_info", **backbeat, sites=["node6"]),
    ]
    for _name, side, module, options in steps(source, target):
        # The target's steps run the same modules and read the same fields.
        if side is source:
            results.append(side.run(module, check_mode=True, **options, retry_timeout=0))
    return results


def _object_end(target: Side) -> dict[str, Any]:
    return {"s3": target.connection("s3") | {"retry_timeout": 0}, "bucket": TARGET_BUCKET}


def _without_iam(end: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in end.items() if name != "iam"}


def test_a_template_in_any_field_causes_no_unexpected_error(
    source: Side, target: Side, template: str
) -> None:
    set_up(source, target)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key=KEY, Metadata={"note": "a"})
    unexpected, lost = {}, []
    for field in FIELDS:
        only = None if field is None else [field]
        source.sandbox.clear_faults()
        source.sandbox.fail(how="text", text=template, only=only, times=0)
        results = read_everything(source, target)
        for one in results:
            if "exception" in one or "bug in the collection" in str(one.get("msg")):
                unexpected[field] = one["msg"]
        if field in RETURNED_UNCHANGED and not any(template in str(one) for one in results):
            lost.append(field)
    assert unexpected == {}
    assert lost == []


def run_all(play: Plays, last: Path, **variables: Any) -> list[PlaybookResult]:
    """Run set-up in check mode, one of its steps, and then the playbook `last`."""
    inventory = play.inventory(**variables)
    return [
        play("-vv", "--check", "--diff", inventory=inventory),
        play("-vv", "--tags", "replication", inventory=inventory),
        play("-vv", playbook=last, inventory=inventory),
    ]


def test_playbooks_do_not_evaluate_text_stored_on_servers(
    play: Plays, source: Side, target: Side, template: str, tmp_path: Path
) -> None:
    set_up_with_template(source, target, template)
    for played in run_all(play, playbook(tmp_path, PLAYBOOKS)):
        played.ok()
    assert not (tmp_path / "evaluated").exists()


@pytest.mark.parametrize(
    ("operation", "side"),
    [("GetRole", "source"), ("GetBucketReplication", "source"), ("HeadObject", "target")],
)
def test_playbooks_do_not_evaluate_error_codes_of_servers(
    play: Plays,
    source: Side,
    target: Side,
    template: str,
    tmp_path: Path,
    operation: str,
    side: Any,
) -> None:
    set_up_with_template(source, target, template)
    source.sandbox.fail(
        side=side, operation=operation, status=403, code=template, times=0, how="error"
    )
    last = entry_points(tmp_path, ("main", "validate", "teardown"))
    for played in run_all(play, last, replication_verify_timeout=1):
        assert "Traceback" not in played.output
    assert not (tmp_path / "evaluated").exists()


def test_a_template_in_an_inventory_variable_is_evaluated(
    play: Plays, template: str, tmp_path: Path
) -> None:
    """So the tests above would fail if a server's text was evaluated."""
    play("--tags", "roles", inventory=play.inventory(replication_location=template)).ok()
    assert (tmp_path / "evaluated").exists()
