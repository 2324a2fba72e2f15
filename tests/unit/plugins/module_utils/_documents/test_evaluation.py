# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluation of policies."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents import permissions
from ansible_collections.scality.backbeat.plugins.module_utils._documents.evaluation import (
    Cover,
    Outcome,
    Policy,
    Resource,
    covers_resource,
    evaluate,
    parse_principal,
    trusts,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

BUCKET = "arn:aws:s3:::source"
OBJECTS = Resource(f"{BUCKET}/", below=True)
IMAGES = Resource(f"{BUCKET}/images/", below=True)
ACTION = "s3:ReplicateObject"


def allow(action: Any = ACTION, resource: Any = f"{BUCKET}/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = ACTION, resource: Any = f"{BUCKET}/*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def judged(*statements: dict[str, Any], resource: Resource = OBJECTS) -> tuple[str, str]:
    verdict = evaluate([Policy("P", {"Statement": list(statements)})], ACTION, resource)
    return verdict.outcome.value, verdict.by


@pytest.mark.parametrize(
    ("pattern", "resource", "cover"),
    [
        ("*", OBJECTS, Cover.ALL),
        (f"{BUCKET}/*", OBJECTS, Cover.ALL),
        (f"{BUCKET}*", OBJECTS, Cover.ALL),
        (f"{BUCKET}/?*", OBJECTS, Cover.ALL),
        (f"{BUCKET}/??*", OBJECTS, Cover.SOME),
        (f"{BUCKET}/?", OBJECTS, Cover.SOME),
        (f"{BUCKET}/images/*", OBJECTS, Cover.SOME),
        (f"{BUCKET}/images/*", IMAGES, Cover.ALL),
        # A key may be the prefix itself.
        (f"{BUCKET}/images/?*", IMAGES, Cover.SOME),
        (f"{BUCKET}/ima*", IMAGES, Cover.ALL),
        (f"{BUCKET}/i*s/*", IMAGES, Cover.ALL),
        (f"{BUCKET}/*.jpg", IMAGES, Cover.SOME),
        (f"{BUCKET}/reports/*", IMAGES, Cover.NONE),
        (f"{BUCKET}/images", IMAGES, Cover.NONE),
        (f"{BUCKET}/images/a.jpg", IMAGES, Cover.SOME),
        (BUCKET, OBJECTS, Cover.NONE),
        (f"{BUCKET}/", OBJECTS, Cover.NONE),
        (BUCKET, Resource(BUCKET), Cover.ALL),
        (f"{BUCKET}/*", Resource(BUCKET), Cover.NONE),
        ("arn:aws:s3:::SOURCE", Resource(BUCKET), Cover.NONE),
        ("arn:aws:s3:::sour?e", Resource(BUCKET), Cover.ALL),
        ("arn:aws:s3:::source2/*", OBJECTS, Cover.NONE),
        ("arn:aws:s3*", OBJECTS, Cover.ALL),
        ("arn:aws:iam*", OBJECTS, Cover.NONE),
        ("arn:*:s3:::source/*", OBJECTS, Cover.ALL),
        # No wildcard spans a colon.
        ("arn:*:source/*", OBJECTS, Cover.NONE),
        ("arn:aws:s3:::source/${*}", OBJECTS, Cover.SOME),
        ("arn:aws:s3:::source/${*}", Resource(f"{BUCKET}/*"), Cover.ALL),
        ("arn:aws:s3:::source/${*}", Resource(f"{BUCKET}/x"), Cover.NONE),
        ("arn:aws:s3:::source/${aws:username}/*", OBJECTS, Cover.UNKNOWN),
        ("arn:aws:s3:::other/${aws:username}/*", OBJECTS, Cover.NONE),
        (f"{BUCKET}/a:b*", OBJECTS, Cover.UNKNOWN),
        ("arn:aws:s3:::other/a:b*", OBJECTS, Cover.NONE),
    ],
)
def test_how_much_a_pattern_covers(pattern: str, resource: Resource, cover: Cover) -> None:
    assert covers_resource(pattern, resource) is cover


@pytest.mark.parametrize(
    ("statements", "outcome", "by"),
    [
        ([], "not allowed", ""),
        ([allow()], "allowed", ""),
        ([allow(action="S3:replicateobject")], "allowed", ""),
        ([allow(action=["s3:GetObject", "s3:Replicate*"])], "allowed", ""),
        ([allow(action="s3:?eplicateObject")], "allowed", ""),
        ([allow(action="s3:ReplicateDelete")], "not allowed", ""),
        ([allow(resource="arn:aws:s3:::other/*")], "not allowed", ""),
        ([allow(resource=f"{BUCKET}/images/*")], "allowed in part", "P, statement 1"),
        ([allow(), deny()], "denied", "P, statement 2"),
        ([deny(Sid="NoWay"), allow()], "denied", "P, statement NoWay"),
        ([deny()], "denied", "P, statement 1"),
        ([allow(), deny(action="s3:DeleteObject")], "allowed", ""),
        ([allow(), deny(resource=f"{BUCKET}/secret/*")], "allowed in part", "P, statement 2"),
        ([deny(resource=f"{BUCKET}/secret/*")], "not allowed", ""),
        ([allow(Condition={"Bool": {"aws:SecureTransport": True}})], "unknown", "P, statement 1"),
        ([allow(Condition={})], "allowed", ""),
        (
            [allow(), allow(Condition={"Bool": {"aws:SecureTransport": True}})],
            "allowed",
            "",
        ),
        ([allow(), deny(Condition={"Null": {"a:b": True}})], "unknown", "P, statement 2"),
        ([deny(Condition={"Null": {"a:b": True}})], "not allowed", ""),
        ([{"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}], "allowed", ""),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "not allowed", ""),
        (
            [{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}],
            "allowed",
            "",
        ),
        (
            [{"Effect": "Allow", "Action": "*", "NotResource": f"{BUCKET}/secret/*"}],
            "allowed in part",
            "P, statement 1",
        ),
        (
            [allow(), {"Effect": "Deny", "Action": "*", "NotResource": [BUCKET, f"{BUCKET}/*"]}],
            "allowed",
            "",
        ),
        (
            [allow(), {"Effect": "Deny", "Action": "*", "NotResource": BUCKET}],
            "denied",
            "P, statement 2",
        ),
        ([{"Effect": "Allow", "Action": "*"}], "allowed", ""),
        ([allow(action=7)], "unknown", "P, statement 1"),
        ([{**allow(), "Effect": "Perhaps"}], "unknown", "P, statement 1"),
    ],
)
def test_permissions_of_a_policy(statements: list[dict[str, Any]], outcome: str, by: str) -> None:
    if statements:
        assert judged(*statements) == (outcome, by)
    else:
        assert evaluate([], ACTION, OBJECTS).outcome.value == outcome


def test_policies_add_up() -> None:
    first = Policy("first", '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
    second = Policy("second", {"Statement": [deny(Sid="Stop")]})
    assert evaluate([first], ACTION, OBJECTS).outcome is Outcome.ALLOWED
    verdict = evaluate([first, second], ACTION, OBJECTS)
    assert (verdict.outcome, verdict.by) == (Outcome.DENIED, "second, statement Stop")


def test_a_malformed_document() -> None:
    with pytest.raises(InvalidDocument):
        evaluate([Policy("P", {"Version": "2012-10-17"})], ACTION, OBJECTS)


ROLE = "arn:aws:iam::123456789012:role/Source"


@pytest.mark.parametrize(
    ("principal", "asked", "outcome"),
    [
        ({"Service": "backbeat"}, "backbeat", Outcome.ALLOWED),
        ({"Service": ["other", "backbeat"]}, "backbeat", Outcome.ALLOWED),
        ({"Service": "Backbeat"}, "backbeat", Outcome.NOT_ALLOWED),
        ({"Service": "*"}, "backbeat", Outcome.ALLOWED),
        ("*", "backbeat", Outcome.ALLOWED),
        ({"AWS": "*"}, "backbeat", Outcome.NOT_ALLOWED),
        ("backbeat", "backbeat", Outcome.UNKNOWN),
        ({"AWS": ROLE}, ROLE, Outcome.ALLOWED),
        ({"AWS": "123456789012"}, ROLE, Outcome.ALLOWED),
        ({"AWS": "arn:aws:iam::123456789012:root"}, ROLE, Outcome.ALLOWED),
        ({"AWS": "*"}, ROLE, Outcome.ALLOWED),
        ({"AWS": "210987654321"}, ROLE, Outcome.NOT_ALLOWED),
        ({"CanonicalUser": "79a59d"}, ROLE, Outcome.UNKNOWN),
        ({"AWS": "arn:aws:sts::123456789012:assumed-role/Source/x"}, ROLE, Outcome.UNKNOWN),
    ],
)
def test_principals_that_a_trust_policy_trusts(
    principal: Any, asked: str, outcome: Outcome
) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    assert trusts({"Statement": [statement]}, parse_principal(asked)).outcome is outcome


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"Action": "sts:*"}, Outcome.ALLOWED),
        ({"Action": "sts:GetCallerIdentity"}, Outcome.NOT_ALLOWED),
        ({"Effect": "Deny"}, Outcome.DENIED),
        ({"Condition": {"StringEquals": {"sts:ExternalId": "x"}}}, Outcome.UNKNOWN),
        ({"Principal": None, "NotPrincipal": {"Service": "backbeat"}}, Outcome.NOT_ALLOWED),
        ({"Principal": None, "NotPrincipal": {"Service": "other"}}, Outcome.ALLOWED),
        ({"Principal": None}, Outcome.NOT_ALLOWED),
    ],
)
def test_the_rest_of_a_trust_policy(change: dict[str, Any], outcome: Outcome) -> None:
    statement = {**permissions.trust_policy()["Statement"][0], **change}
    kept = {name: value for name, value in statement.items() if value is not None}
    assert trusts({"Statement": kept}, parse_principal("backbeat")).outcome is outcome


@pytest.mark.parametrize("text", ["arn:aws:s3:::bucket", "arn:nonsense"])
def test_an_arn_without_a_principal(text: str) -> None:
    with pytest.raises(InvalidDocument):
        parse_principal(text)


def test_generated_documents_permit_the_required_actions() -> None:
    source = Policy("source", permissions.source_policy(["source"]))
    for action in ("s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:ReplicateObject"):
        assert evaluate([source], action, OBJECTS).outcome is Outcome.ALLOWED
    guide = Policy("guide", permissions.guide_policy(["source"], ["target"]))
    assert evaluate([guide], "s3:ReplicateObject", OBJECTS).outcome is Outcome.NOT_ALLOWED
