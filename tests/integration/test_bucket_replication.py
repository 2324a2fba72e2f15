# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_bucket_replication on a server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.support.modules import Side

BUCKET = "source-bucket"
TARGET = "target-bucket"
SOURCE_ROLE = "arn:aws:iam::123456789012:role/SourceRoleForS3Replication"
TARGET_ROLE = "arn:aws:iam::678901234567:role/TargetRoleForS3Replication"
ROLES = {"source_role": SOURCE_ROLE, "target_role": TARGET_ROLE}
WANTED: dict[str, Any] = {"bucket": BUCKET, "target_bucket": TARGET, **ROLES}
PUT = [f"PutBucketReplication {BUCKET}"]


@pytest.fixture
def source(source: Side) -> Side:
    """The source with a versioned bucket."""
    source.do("bucket", name=BUCKET, versioning="enabled")
    return source


def rule(prefix: str = "", **options: Any) -> dict[str, Any]:
    storage_class = options.pop("StorageClass", None)
    destination = {"Bucket": f"arn:aws:s3:::{options.pop('target', TARGET)}"}
    if storage_class:
        destination["StorageClass"] = storage_class
    return {"Prefix": prefix, "Status": "Enabled", "Destination": destination, **options}


def put_by_hand(
    side: Side, *rules: dict[str, Any], role: str = f"{SOURCE_ROLE},{TARGET_ROLE}"
) -> None:
    configuration = {"Role": role, "Rules": list(rules)}
    side.s3.put_bucket_replication(Bucket=BUCKET, ReplicationConfiguration=configuration)


def stored(side: Side) -> Any:
    answer = side.s3.get_bucket_replication(Bucket=BUCKET)
    return answer["ReplicationConfiguration"]


def rules_of(side: Side) -> dict[str, Any]:
    """The stored rules by prefix."""
    return {one["Prefix"]: one for one in stored(side)["Rules"]}


def test_configuration_is_created_with_defaults(source: Side) -> None:
    result = source.run_idempotent("bucket_replication", **WANTED)
    assert result["changes"] == PUT
    replication = result["replication"]
    assert replication["role"] == f"{SOURCE_ROLE},{TARGET_ROLE}"
    assert replication["roles"] == [SOURCE_ROLE, TARGET_ROLE]
    assert replication["target_bucket"] == TARGET
    (made,) = replication["rules"]
    assert made["id"]
    assert {**made, "id": None} == {
        "id": None,
        "prefix": "",
        "enabled": True,
        "sites": [],
        "storage_class": None,
    }
    assert result["diff"]["before"] == {}
    assert stored(source) == {
        "Role": f"{SOURCE_ROLE},{TARGET_ROLE}",
        "Rules": [rule(ID=made["id"])],
    }


def test_configuration_is_created_with_all_options(source: Side) -> None:
    result = source.run_idempotent(
        "bucket_replication",
        bucket=BUCKET,
        target_bucket=TARGET,
        role=f"{SOURCE_ROLE},{TARGET_ROLE}",
        known_sites={"node6": "scality", "us-east-2": "cloud"},
        rules=[
            {"id": "invoices", "prefix": "invoices/", "enabled": True},
            {
                "id": "letters",
                "prefix": "letters/",
                "enabled": False,
                "sites": [{"name": "node6", "preferred_read": True}, {"name": "us-east-2"}],
            },
        ],
    )
    assert [one["id"] for one in result["replication"]["rules"]] == ["invoices", "letters"]
    assert rules_of(source) == {
        "invoices/": rule("invoices/", ID="invoices"),
        "letters/": rule(
            "letters/",
            ID="letters",
            Status="Disabled",
            StorageClass="node6:preferred_read,us-east-2",
        ),
    }


def test_configuration_for_a_cloud_site_has_one_role(source: Side) -> None:
    rules = [{"prefix": "", "sites": [{"name": "us-east-2"}]}]
    source.run_idempotent(
        "bucket_replication", bucket=BUCKET, target_bucket=TARGET, role=SOURCE_ROLE, rules=rules
    )
    assert stored(source)["Role"] == SOURCE_ROLE


@pytest.mark.parametrize("named_by", [{"prefix": ""}, {"id": "by-hand"}])
def test_disabled_rule_is_enabled_and_keeps_its_id(source: Side, named_by: dict[str, str]) -> None:
    put_by_hand(source, rule(ID="by-hand", Status="Disabled"))
    rules = [{**named_by, "enabled": True}]
    result = source.run_idempotent("bucket_replication", **WANTED, rules=rules)
    assert result["changes"] == PUT
    assert result["diff"]["before"]["rules"][0]["enabled"] is False
    assert result["diff"]["after"]["rules"][0]["enabled"] is True
    assert rules_of(source) == {"": rule(ID="by-hand")}


def test_rule_with_the_same_prefix_and_another_id_is_unchanged(source: Side) -> None:
    put_by_hand(source, rule(ID="by-hand"))
    assert not source.run_idempotent("bucket_replication", **WANTED, rules=[{"prefix": ""}])[
        "changed"
    ]
    assert rules_of(source)[""]["ID"] == "by-hand"


def test_sites_are_changed(source: Side) -> None:
    put_by_hand(source, rule(ID="by-hand", StorageClass="us-east-2,node6"))
    same = {"prefix": "", "sites": [{"name": "node6"}, {"name": "us-east-2"}]}
    assert not source.run_idempotent("bucket_replication", **WANTED, rules=[same])["changed"]
    other = {"prefix": "", "sites": [{"name": "node6", "preferred_read": True}]}
    source.run_idempotent("bucket_replication", **WANTED, rules=[other])
    assert rules_of(source) == {"": rule(ID="by-hand", StorageClass="node6:preferred_read")}


@pytest.mark.parametrize(
    ("before", "field"),
    [
        ({"role": f"{SOURCE_ROLE}x,{TARGET_ROLE}"}, "role"),
        ({"role": f"{SOURCE_ROLE},{TARGET_ROLE}x"}, "role"),
        ({"target": "other-bucket"}, "target_bucket"),
    ],
)
def test_roles_and_target_bucket_are_changed(
    source: Side, before: dict[str, str], field: str
) -> None:
    target = before.get("target", TARGET)
    put_by_hand(
        source,
        rule("a/", ID="a", target=target),
        role=before.get("role", f"{SOURCE_ROLE},{TARGET_ROLE}"),
    )
    result = source.run_idempotent("bucket_replication", **WANTED, rules=[{"prefix": "a/"}])
    assert result["changes"] == PUT
    assert result["diff"]["before"][field] != result["diff"]["after"][field]
    assert rules_of(source) == {"a/": rule("a/", ID="a")}
    assert stored(source)["Role"] == f"{SOURCE_ROLE},{TARGET_ROLE}"


def test_target_change_is_refused_if_it_affects_unlisted_rules(source: Side) -> None:
    put_by_hand(source, rule("a/", ID="a", target="other"), rule("b/", ID="b", target="other"))
    result = source.run_idempotent("bucket_replication", **WANTED, rules=[{"prefix": "a/"}])
    assert result["failed"]
    assert "would also change the stored" in result["msg"]
    purged = source.run_idempotent(
        "bucket_replication", **WANTED, rules=[{"prefix": "a/"}], purge_rules=True
    )
    assert purged["changes"] == PUT
    assert rules_of(source) == {"a/": rule("a/", ID="a")}


def test_new_rules_are_added_and_unlisted_rules_kept(source: Side) -> None:
    put_by_hand(source, rule("a/", ID="a"), rule("b/", ID="b", Status="Disabled"))
    source.run_idempotent("bucket_replication", **WANTED, rules=[{"id": "c", "prefix": "c/"}])
    assert rules_of(source) == {
        "a/": rule("a/", ID="a"),
        "b/": rule("b/", ID="b", Status="Disabled"),
        "c/": rule("c/", ID="c"),
    }


def test_rules_are_kept_if_the_option_is_omitted(source: Side) -> None:
    put_by_hand(source, rule("a/", ID="a", Status="Disabled"))
    assert not source.run_idempotent("bucket_replication", **WANTED)["changed"]


def test_purge_rules_removes_unlisted_rules(source: Side) -> None:
    put_by_hand(source, rule("a/", ID="a"), rule("b/", ID="b"))
    source.run_idempotent(
        "bucket_replication", **WANTED, rules=[{"prefix": "b/"}], purge_rules=True
    )
    assert rules_of(source) == {"b/": rule("b/", ID="b")}


def test_absent_removes_listed_rules_and_with_the_last_the_configuration(source: Side) -> None:
    put_by_hand(source, rule("a/", ID="a"), rule("b/", ID="b"), rule("c/", ID="c"))
    gone = [{"prefix": "a/"}, {"id": "c"}, {"id": "never was"}]
    result = source.run_idempotent("bucket_replication", bucket=BUCKET, rules=gone, state="absent")
    assert result["changes"] == PUT
    assert rules_of(source) == {"b/": rule("b/", ID="b")}
    last = source.run_idempotent(
        "bucket_replication", bucket=BUCKET, rules=[{"prefix": "b/"}], state="absent"
    )
    assert last["changes"] == [f"DeleteBucketReplication {BUCKET}"]
    assert last["replication"] is None
    with pytest.raises(source.s3.exceptions.ClientError, match="ReplicationConfigurationNotFound"):
        stored(source)


def test_absent_removes_the_configuration(source: Side) -> None:
    put_by_hand(source, rule("a/", ID="a"), rule("b/", ID="b"))
    result = source.run_idempotent("bucket_replication", bucket=BUCKET, state="absent")
    assert result["changes"] == [f"DeleteBucketReplication {BUCKET}"]
    assert len(result["diff"]["before"]["rules"]) == 2
    assert result["diff"]["after"] == {}


@pytest.mark.parametrize("bucket", [BUCKET, "no-such-bucket"])
def test_absent_without_a_configuration_changes_nothing(source: Side, bucket: str) -> None:
    assert not source.run_idempotent("bucket_replication", bucket=bucket, state="absent")["changed"]


def test_missing_bucket_is_a_warning_in_check_mode_and_an_error_in_a_run(source: Side) -> None:
    wanted = {**WANTED, "bucket": "no-such-bucket"}
    predicted = source.run("bucket_replication", check_mode=True, **wanted)
    assert predicted["changed"]
    assert "does not exist" in predicted["warnings"][0]
    result = source.run("bucket_replication", **wanted)
    assert result["failed"]
    assert result["error"]["code"] == "NoSuchBucket"
    assert "Create the bucket first" in result["msg"]


def test_bucket_without_versioning_is_an_error(source: Side) -> None:
    source.s3.create_bucket(Bucket="unversioned")
    result = source.run("bucket_replication", **{**WANTED, "bucket": "unversioned"})
    assert result["failed"]
    assert "Enable versioning on the bucket first" in result["msg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rules": [{"prefix": "a"}, {"prefix": "ab"}]}, "'ab'"),
        ({"rules": [{"prefix": "x" * 1025}]}, "1024"),
        ({"rules": [{"id": "i" * 256, "prefix": ""}]}, "255"),
        ({"rules": []}, "rule"),
        ({"target_bucket": "Not_A_Bucket"}, "Not_A_Bucket"),
        ({"rules": [{"prefix": "", "sites": [{"name": "nowhere"}]}], "known_sites": {"node6": "scality"}}, "nowhere"),
        ({"rules": [{"prefix": "", "sites": [{"name": "c"}]}], "known_sites": {"c": "cloud"}}, "role"),
    ],
)  # fmt: skip
def test_options_that_the_server_would_refuse_are_not_sent(
    source: Side, options: dict[str, Any], message: str
) -> None:
    result = source.run_idempotent("bucket_replication", **{**WANTED, **options})
    assert result["failed"]
    assert message in result["msg"]
    assert "PutBucketReplication" not in source.writes()


def test_unknown_site_without_known_sites_is_refused_by_the_server(source: Side) -> None:
    rules = [{"prefix": "", "sites": [{"name": "nowhere"}]}]
    result = source.run("bucket_replication", **WANTED, rules=rules)
    assert result["failed"]
    assert result["error"]["code"] == "MalformedXML"
    assert "The sites sent: nowhere" in result["msg"]


def test_one_role_for_a_scality_site_is_refused(source: Side) -> None:
    result = source.run("bucket_replication", bucket=BUCKET, target_bucket=TARGET, role=SOURCE_ROLE)
    assert result["failed"]
    assert result["error"]["code"] == "InvalidArgument"
    assert "A Scality site needs two role ARNs" in result["msg"]


def test_one_failed_bucket_of_several_does_not_stop_the_others(source: Side) -> None:
    for name in ("second-bucket", "third-bucket"):
        source.do("bucket", name=name, versioning="enabled")
    put_by_hand(source, rule("a/", ID="a", target="elsewhere"))
    source.do("bucket_replication", **{**WANTED, "bucket": "third-bucket"})
    items = [
        WANTED,
        {**WANTED, "bucket": "second-bucket"},
        {"bucket": "third-bucket", "state": "absent"},
    ]
    result = source.run_idempotent("bucket_replication", replications=items)
    assert result["failed"]
    assert result["msg"].startswith(f"1 of 3 replications failed.\n{BUCKET}: Changing the target")
    assert [one["changed"] for one in result["results"]] == [False, True, True]


def test_put_with_a_lost_response_is_reported_as_one_change(source: Side) -> None:
    """The server stored the configuration, but the response was lost."""
    source.sandbox.fail(operation="PutBucketReplication", how="reset-after")
    result = source.run("bucket_replication", **WANTED, rules=[{"id": "ours", "prefix": "a/"}])
    assert result["changes"] == PUT
    assert rules_of(source) == {"a/": rule("a/", ID="ours")}


def test_change_that_loses_pending_objects_needs_allow_pending_loss(source: Side) -> None:
    source.sandbox.settings(paused=True)
    source.do("bucket_replication", **WANTED)
    source.do("object", bucket=BUCKET, key="waits", content="x")
    other = {**WANTED, "source_role": f"{SOURCE_ROLE}2", "rules": [{"prefix": ""}]}
    for options in (other, {"bucket": BUCKET, "state": "absent"}):
        refused = source.run_idempotent("bucket_replication", **options)
        assert refused["failed"]
        assert "waits" in refused["msg"]
        assert "allow_pending_loss" in refused["msg"]
    allowed = source.run("bucket_replication", **other, allow_pending_loss=True)
    assert allowed["changes"] == PUT
    assert "waits" in allowed["warnings"][0]
