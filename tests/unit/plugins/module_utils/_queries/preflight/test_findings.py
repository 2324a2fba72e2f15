# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding: each fault leads to exactly the expected findings."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import BadConnection
from ansible_collections.scality.backbeat.plugins.module_utils._documents import permissions
from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight.preflight import (
    KINDS,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from ....fake_client import lost, refusal
from .world import RULE, SOURCE_ROLE, TARGET_ROLE, Break, FakeS3, World

OTHER = "345678901234"


def nothing_at_all() -> None:
    """Do nothing at this call."""


def nothing(_world: World) -> None:
    """Break nothing."""


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trust(**differences: Any) -> dict[str, Any]:
    (statement,) = permissions.trust_policy()["Statement"]
    return {"Version": "2012-10-17", "Statement": [{**statement, **differences}]}


def source_policy_without(*actions: str) -> dict[str, Any]:
    document = permissions.source_policy(["source"])
    for statement in document["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one not in actions]
    return document


A_USER = {"AWS": f"arn:aws:iam::{OTHER}:user/bb"}
GUIDE = permissions.guide_policy(["source"], ["target"])
CONDITION = {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
CLOUD = {"Destination": {"Bucket": "arn:aws:s3:::target", "StorageClass": "aws"}}
READ_TAGS = allow("s3:GetObjectVersionTagging", "arn:aws:s3:::source/*")
SITES = {"known_sites": {"node6": "scality", "aws": "cloud"}}


def unopened(world: World) -> None:
    def fail(service: str, options: Any) -> Any:
        if options["endpoint_url"] == "http://node6:8600":
            raise BadConnection("The profile is unknown.")
        return World.open(world, service, options)

    world.open = fail  # type: ignore[method-assign]


def same_environment(*buckets: str) -> Break:
    """Make both sides' URLs lead to one server, with these buckets."""

    def break_(world: World) -> None:
        here, there = world.s3("source"), world.s3("target")
        for name in buckets:
            if name not in here.buckets:
                here._add(name, versioning="Enabled")
        there.buckets = here.buckets
        there._owner = here._owner

    return break_


def s3_of_another_account(owner: str) -> Break:
    """Set the responses of S3 for the credentials of the profile `other`."""

    def break_(world: World) -> None:
        other = FakeS3()
        other._owner = owner
        world.s3_of_profile["other"] = other

    return break_


def s3_refuses_the_profile(world: World) -> None:
    s3_of_another_account("")(world)
    world.s3_of_profile["other"].before("list_buckets", refusal("InvalidAccessKeyId", "No", 403))


OTHER_IAM = {"source": {"iam": {"endpoint_url": "http://node1:8600", "profile": "other"}}}


def several(*breaks: Break) -> Break:
    return lambda world: [one(world) for one in breaks]


# The fault, further options, and the findings.
CASES: dict[str, tuple[Break, dict[str, Any], list[str]]] = {
    "all is well": (nothing, {}, []),
    "all is as expected": (
        nothing,
        {
            "source": {"role": "Source"},
            "target": {"role": TARGET_ROLE},
            "rules": [{"prefix": "", "enabled": True, "sites": []}],
            "known_sites": {"node6": "scality"},
        },
        [],
    ),
    # Endpoints
    "credentials of two accounts": (
        s3_of_another_account("canonical-c"),
        OTHER_IAM,
        ["error credentials-of-two-accounts"],
    ),
    "two credentials of one account": (s3_of_another_account("canonical-a"), OTHER_IAM, []),
    "credentials that S3 does not know": (s3_refuses_the_profile, OTHER_IAM, []),
    "an alias of the source's environment": (
        same_environment("source", "target"),
        {},
        ["warning same-environment"],
    ),
    "the source bucket under an alias": (
        same_environment("source"),
        {"target": {"bucket": "source"}},
        [
            "error source-is-target",
            "error target-bucket-unexpected",
            "error target-permission-missing",
            "warning target-replicates-onward",
        ],
    ),
    "the same names in two environments": (
        lambda world: [
            world.s3(side)._add(name, versioning="Enabled")
            for side, name in (("source", "target"), ("target", "source"))
        ],
        {},
        [],
    ),
    "another pair into the same bucket": (
        lambda world: world.pairs.extend(
            {**world.options, "source": {**world.options["source"], "bucket": bucket}}
            for bucket in ("source", "other")
        ),
        {},
        ["warning target-shared"],
    ),
    # Objects
    "objects that are stuck": (
        lambda world: world.planted(
            "PENDING", role="arn:aws:iam::1:role/Old,arn:aws:iam::1:role/Old"
        ),
        {},
        ["error objects-stuck"],
    ),
    "objects that later ones overtook": (
        several(
            lambda world: world.planted("PENDING", age=1800),
            lambda world: world.planted("COMPLETED", age=60),
        ),
        {},
        ["error objects-stuck"],
    ),
    "objects that nothing overtook": (
        several(
            lambda world: world.planted("COMPLETED", age=3000),
            lambda world: world.planted("PENDING", age=1800),
            lambda world: world.planted("PENDING", age=300),
            lambda world: world.planted("COMPLETED", age=2000),
        ),
        {},
        [],
    ),
    "an object that is on its way": (lambda world: world.planted("PENDING", age=60), {}, []),
    "an object that is pending for long": (
        lambda world: world.planted("PENDING", age=7200),
        {},
        ["warning objects-pending-long"],
    ),
    "an object whose roles cannot be read": (
        several(
            lambda world: world.planted("PROCESSING", role="other", age=7200),
            lambda world: world.refuse("source", "s3", "get_object"),
        ),
        {},
        ["warning objects-pending-long"],
    ),
    "a failed object": (lambda world: world.planted("FAILED"), {}, ["warning objects-failed"]),
    "an object that arrived": (lambda world: world.planted("COMPLETED", role="other"), {}, []),
    "a stuck object, and no sample": (
        lambda world: world.planted("PENDING", role="other"),
        {"object_samples": 0},
        [],
    ),
    "objects that may not be listed": (
        lambda world: world.refuse("source", "s3", "list_object_versions"),
        {},
        ["warning not-permitted"],
    ),
    # Other uses of the roles
    "another bucket that lost its permission": (
        lambda world: world.other_bucket(),
        {},
        ["error other-bucket-without-permission"],
    ),
    "another bucket with its permission": (
        several(
            lambda world: world.other_bucket(),
            lambda world: world.policy(
                "source", permissions.source_policy(["other-bucket", "source"])
            ),
        ),
        {},
        [],
    ),
    "another bucket with other roles": (
        lambda world: world.other_bucket(role=f"{SOURCE_ROLE}x,{TARGET_ROLE}x"),
        {},
        [],
    ),
    "permissions that no bucket uses": (
        lambda world: world.policy("source", permissions.source_policy(["source", "gone-bucket"])),
        {},
        ["info permission-unused"],
    ),
    "another bucket that may not be read": (
        several(
            lambda world: world.other_bucket(),
            lambda world: world.clients["source", "s3"].before(
                "get_bucket_replication", nothing_at_all
            ),
            lambda world: world.refuse("source", "s3", "get_bucket_replication"),
        ),
        {},
        ["info account-not-read", "info account-not-read"],
    ),
    "a connection that leads nowhere": (unopened, {}, ["error connection-unusable"]),
    "S3 does not answer": (
        lambda world: world.clients["target", "s3"].before("list_buckets", lost()),
        {},
        ["error endpoint-unreachable"],
    ),
    "IAM given for S3": (
        lambda world: world.refuse("source", "s3", "list_buckets", "InvalidAction", 400),
        {},
        ["error endpoint-wrong-kind"],
    ),
    "S3 given for IAM": (
        several(
            lambda world: world.refuse("source", "iam", "get_user", "MethodNotAllowed", 405),
            lambda world: world.refuse("source", "iam", "list_roles", "MethodNotAllowed", 405),
        ),
        {},
        ["error endpoint-wrong-kind"],
    ),
    "IAM without GetUser": (
        lambda world: world.refuse("source", "iam", "get_user", "MethodNotAllowed", 405),
        {},
        [],
    ),
    "a host name that S3 does not know": (
        lambda world: world.refuse("source", "s3", "list_buckets", "InvalidURI", 400),
        {},
        ["error endpoint-unusable"],
    ),
    "an unknown key": (
        lambda world: world.refuse("source", "iam", "get_user", "InvalidClientTokenId", 403),
        {},
        ["error credentials-invalid"],
    ),
    "a wrong secret": (
        lambda world: world.refuse("target", "s3", "list_buckets", "SignatureDoesNotMatch", 403),
        {},
        ["error credentials-invalid"],
    ),
    "a clock a minute ahead": (
        lambda world: world.ahead.update({("source", "s3"): 60.0}),
        {},
        ["warning clock-skewed"],
    ),
    "a clock not quite a minute ahead": (
        lambda world: world.ahead.update({("source", "s3"): 59.0}),
        {},
        [],
    ),
    "two clocks, each a little wrong": (
        lambda world: world.ahead.update({("source", "s3"): 40.0, ("target", "iam"): -40.0}),
        {},
        ["warning clock-skewed"],
    ),
    "a clock far behind": (
        lambda world: world.ahead.update({("target", "s3"): -900.0}),
        {},
        ["error clock-beyond-limit"],
    ),
    "a clock that makes the server refuse": (
        several(
            lambda world: world.ahead.update({("target", "s3"): 1000.0}),
            lambda world: world.refuse("target", "s3", "list_buckets", "RequestTimeTooSkewed"),
        ),
        {},
        ["error clock-beyond-limit"],
    ),
    "refused for its clock by a server that does not tell the time": (
        lambda world: world.refuse("target", "s3", "list_buckets", "RequestTimeTooSkewed"),
        {},
        ["error clock-beyond-limit"],
    ),
    "the list of buckets is forbidden": (
        lambda world: world.refuse("target", "s3", "list_buckets"),
        {},
        ["warning not-permitted"],
    ),
    "versioning may not be read": (
        lambda world: world.refuse("source", "s3", "get_bucket_versioning"),
        {},
        ["warning not-permitted"],
    ),
    "object lock is not supported": (
        lambda world: world.refuse(
            "source", "s3", "get_object_lock_configuration", "NotImplemented", 501
        ),
        {},
        ["info not-supported"],
    ),
    "a role may not be read": (
        lambda world: world.refuse("source", "iam", "get_role"),
        {},
        ["warning not-permitted"],
    ),
    "the configuration cannot be read": (
        lambda world: world.refuse("source", "s3", "get_bucket_replication", "InternalError", 500),
        {},
        ["error not-read"],
    ),
    "no IAM": (
        nothing,
        {"source": {"iam": None}, "target": {"iam": None}},
        ["info iam-not-given", "info iam-not-given"],
    ),
    # Buckets
    "a bucket as its own target": (
        lambda world: world.configure({"Destination": {"Bucket": "arn:aws:s3:::source"}}),
        {"target": {"bucket": "source", "s3": {"endpoint_url": "http://node1"}}},
        # The role of the other environment is for one of its buckets.
        ["error source-is-target", "error target-permission-missing", "info permission-unused"],
    ),
    "no source bucket": (
        lambda world: world.s3("source").buckets.clear(),
        {},
        ["error source-bucket-missing"],
    ),
    "no target bucket": (
        lambda world: world.s3("target").buckets.clear(),
        {},
        ["error target-bucket-missing"],
    ),
    "another account's source bucket": (
        lambda world: world.bucket("source", foreign=True),
        {},
        ["error source-bucket-of-another-account"],
    ),
    "another account's target bucket": (
        lambda world: world.bucket("target", foreign=True),
        {},
        ["error target-bucket-of-another-account"],
    ),
    "a bucket of another account that may be read": (
        several(
            lambda world: world.s3("target")._add("lent", versioning="Enabled"),
            lambda world: world.configure({"Destination": {"Bucket": "arn:aws:s3:::lent"}}),
            lambda world: world.policy("target", permissions.target_policy(["lent"])),
        ),
        {"target": {"bucket": "lent"}},
        ["error target-bucket-of-another-account"],
    ),
    "source without versioning": (
        lambda world: world.bucket("source", versioning=""),
        {},
        ["error source-versioning-off"],
    ),
    "target with versioning suspended": (
        lambda world: world.bucket("target", versioning="Suspended"),
        {},
        ["error target-versioning-off"],
    ),
    "object lock on the target alone": (
        lambda world: world.bucket("target", object_lock=True),
        {},
        ["warning object-lock-on-one-side"],
    ),
    "object lock on both sides": (
        several(
            lambda world: world.bucket("source", object_lock=True),
            lambda world: world.bucket("target", object_lock=True),
        ),
        {},
        [],
    ),
    "a chain of buckets": (
        lambda world: world.bucket(
            "target",
            replication={"Role": "x", "Rules": [{"Destination": {"Bucket": "arn:aws:s3:::c"}}]},
        ),
        {},
        ["warning target-replicates-onward"],
    ),
    "both ways": (
        lambda world: world.bucket(
            "target",
            replication={
                "Role": "x",
                "Rules": [{"Destination": {"Bucket": "arn:aws:s3:::source"}}],
            },
        ),
        {},
        [],
    ),
    "an encrypted bucket and a cloud": (
        several(
            lambda world: world.bucket("source", encrypted=True),
            lambda world: world.configure(CLOUD, role=SOURCE_ROLE),
            lambda world: world.allow_more("source", READ_TAGS),
        ),
        {"known_sites": {"aws": "cloud"}},
        ["warning encryption-with-cloud-sites"],
    ),
    "an encrypted bucket and no cloud": (
        lambda world: world.bucket("source", encrypted=True),
        {},
        [],
    ),
    # Configuration
    "no configuration": (
        lambda world: world.bucket("source", replication=None),
        {},
        ["error configuration-missing"],
    ),
    "no configuration, and the expected roles": (
        several(
            lambda world: world.bucket("source", replication=None),
            lambda world: world.iam("target").roles.clear(),
        ),
        {"source": {"role": "Source"}, "target": {"role": "Target"}},
        ["error configuration-missing", "error target-role-missing"],
    ),
    "a configuration of the second form": (
        lambda world: world.configure({"Priority": 1}),
        {},
        ["warning configuration-beyond-v1"],
    ),
    "a configuration of the second form to another bucket": (
        lambda world: world.configure(
            {"Priority": 1, "Destination": {"Bucket": "arn:aws:s3:::other"}}
        ),
        {},
        ["error target-bucket-unexpected", "warning configuration-beyond-v1"],
    ),
    "overlapping prefixes": (
        lambda world: world.configure({"Prefix": "a"}, {"Prefix": "ab", "ID": "2"}),
        {},
        ["error configuration-invalid"],
    ),
    "no Role at all": (
        lambda world: world.configure(role=""),
        {},
        ["error configuration-invalid"],
    ),
    "one role for a Scality site": (
        lambda world: world.configure(role=SOURCE_ROLE),
        {"known_sites": {"node6": "scality"}},
        ["error configuration-invalid", "error source-permission-missing"],
    ),
    "all rules disabled": (
        lambda world: world.configure({"Status": "Disabled"}),
        {},
        ["error no-rule-enabled", "warning rule-disabled"],
    ),
    "all rules disabled, as was meant": (
        lambda world: world.configure({"Status": "Disabled"}),
        {"rules": [{"prefix": "", "enabled": False}]},
        [],
    ),
    "one rule disabled": (
        lambda world: world.configure(
            {"Prefix": "a/"}, {"Prefix": "b/", "ID": "2", "Status": "Disabled"}
        ),
        {},
        ["warning rule-disabled"],
    ),
    "another target bucket": (
        lambda world: world.configure({"Destination": {"Bucket": "arn:aws:s3:::other"}}),
        {},
        ["error target-bucket-unexpected"],
    ),
    "a rule that is gone": (
        nothing,
        {"rules": [{"prefix": ""}, {"id": "reports"}]},
        ["error rule-missing"],
    ),
    "a rule that was disabled": (
        lambda world: world.configure(
            {"Prefix": "a/"}, {"ID": "2", "Prefix": "b/", "Status": "Disabled"}
        ),
        {"rules": [{"prefix": "a/"}, {"prefix": "b/", "enabled": True}]},
        ["error rule-differs", "warning rule-disabled"],
    ),
    "a rule with another prefix": (
        lambda world: world.configure({"Prefix": "b/"}),
        {"rules": [{"id": "all", "prefix": "a/"}]},
        ["error rule-differs"],
    ),
    "a rule with other sites": (
        nothing,
        {"rules": [{"id": "all", "sites": [{"name": "node6"}]}]},
        ["error rule-differs"],
    ),
    "a rule that was added": (
        lambda world: world.configure({"Prefix": "a/"}, {"ID": "2", "Prefix": "b/"}),
        {"rules": [{"prefix": "a/"}]},
        ["warning rule-unexpected"],
    ),
    "an unknown site": (
        lambda world: world.configure(
            {"Destination": {"Bucket": "arn:aws:s3:::target", "StorageClass": "node7"}}
        ),
        SITES,
        ["error site-unknown"],
    ),
    # Roles
    "no ARN": (
        lambda world: world.configure(role=f"Source,{TARGET_ROLE}"),
        {},
        ["error role-arn-malformed"],
    ),
    "an ARN that is none of a role": (
        lambda world: world.configure(role=f"{SOURCE_ROLE},arn:aws:iam::678901234567:user/Target"),
        {},
        ["error role-arn-malformed"],
    ),
    "another role than expected": (
        nothing,
        {"source": {"role": "Other"}, "target": {"role": TARGET_ROLE + "2"}},
        ["error role-unexpected", "error role-unexpected"],
    ),
    "one role where two are expected": (
        several(
            lambda world: world.configure(CLOUD, role=SOURCE_ROLE),
            lambda world: world.allow_more("source", READ_TAGS),
        ),
        {"target": {"role": "Target"}},
        ["error role-unexpected"],
    ),
    "roles in the wrong order": (
        lambda world: world.configure(role=f"{TARGET_ROLE},{SOURCE_ROLE}"),
        {},
        ["error roles-swapped"],
    ),
    "no source role": (
        lambda world: world.iam("source").roles.clear(),
        {},
        ["error source-role-missing"],
    ),
    "no target role": (
        lambda world: world.iam("target").roles.clear(),
        {},
        ["error target-role-missing"],
    ),
    "a source role of another account": (
        lambda world: world.configure(
            role=f"{SOURCE_ROLE.replace('123456789012', OTHER)},{TARGET_ROLE}"
        ),
        {},
        ["error source-role-of-another-account"],
    ),
    "a target role of another account": (
        several(
            lambda world: world.configure(role=f"{SOURCE_ROLE},arn:aws:iam::{OTHER}:role/Other"),
        ),
        {},
        ["error target-role-of-another-account"],
    ),
    "a role of that name below another path": (
        lambda world: world.role("source", Arn="arn:aws:iam::123456789012:role/path/Source"),
        {},
        ["error role-arn-differs"],
    ),
    "no role, and nothing names the account": (
        several(
            lambda world: world.iam("source").roles.clear(),
            lambda world: world.refuse("source", "iam", "get_user"),
        ),
        {},
        ["error source-role-missing", "info account-unknown"],
    ),
    "placeholder roles": (
        lambda world: world.configure(
            role="arn:aws:iam::123456789012:role/scality-internal/replication-role,"
            "arn:aws:iam::678901234567:role/scality-internal/replication-role"
        ),
        {},
        ["info service-account-role", "info service-account-role"],
    ),
    "a source role for another service": (
        lambda world: world.role(
            "source", AssumeRolePolicyDocument=trust(Principal={"Service": "lifecycle"})
        ),
        {},
        ["error source-role-trust-missing"],
    ),
    "a target role that denies": (
        lambda world: world.role("target", AssumeRolePolicyDocument=trust(Effect="Deny")),
        {},
        ["error target-role-trust-missing"],
    ),
    "a trust policy that is none": (
        lambda world: world.role("target", AssumeRolePolicyDocument={"Version": "2012-10-17"}),
        {},
        ["error target-role-trust-missing"],
    ),
    "Backbeat by another name": (
        several(
            lambda world: world.role("source", AssumeRolePolicyDocument=trust(Principal=A_USER)),
            lambda world: world.role("target", AssumeRolePolicyDocument=trust(Principal=A_USER)),
        ),
        {"trusted_principals": ["backbeat", f"arn:aws:iam::{OTHER}:user/bb"]},
        [],
    ),
    "trust on a condition": (
        lambda world: world.role("source", AssumeRolePolicyDocument=trust(**CONDITION)),
        {},
        ["warning trust-undecided"],
    ),
    # Permissions
    "no policy attached to the source role": (
        lambda world: world.role("source", attached=[]),
        {},
        ["error source-permission-missing", "warning source-permission-missing-on-newer-servers"],
    ),
    "the guide's policies": (
        several(
            lambda world: world.policy("source", GUIDE),
            lambda world: world.policy("target", GUIDE),
        ),
        {},
        [
            "info permissions-of-the-other-side",
            "info permissions-of-the-other-side",
            "warning source-permission-missing-on-newer-servers",
        ],
    ),
    "no s3:ReplicateObject on servers that want it": (
        lambda world: world.policy("source", source_policy_without("s3:ReplicateObject")),
        {"servers_since_2025": True},
        ["error source-permission-missing"],
    ),
    "no s3:ReplicateObject on servers that do not": (
        lambda world: world.policy("source", source_policy_without("s3:ReplicateObject")),
        {"servers_since_2025": False},
        [],
    ),
    "no s3:ListBucket": (
        lambda world: world.policy("source", source_policy_without("s3:ListBucket")),
        {},
        ["error source-permission-missing"],
    ),
    "no s3:ListBucket on servers that do not want it": (
        lambda world: world.policy("source", source_policy_without("s3:ListBucket")),
        {"servers_since_2025": True},
        [],
    ),
    "clouds want the tags": (
        lambda world: world.configure(CLOUD, role=SOURCE_ROLE),
        {"known_sites": {"aws": "cloud"}},
        ["error source-permission-missing"],
    ),
    "a Deny on the source": (
        lambda world: world.allow_more("source", deny("s3:Get*", "*")),
        {},
        ["error source-permission-denied"],
    ),
    "a Deny in an inline policy": (
        lambda world: world.role(
            "target", inline={"stop": {"Statement": deny("s3:ReplicateDelete", "*")}}
        ),
        {},
        ["error target-permission-denied"],
    ),
    "a Deny in the bucket's policy": (
        lambda world: world.bucket(
            "target",
            policy='{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*",'
            ' "Resource": "arn:aws:s3:::target/*"}}',
        ),
        {},
        ["error target-permission-denied"],
    ),
    "a Deny for another principal in the bucket's policy": (
        lambda world: world.bucket(
            "target",
            policy='{"Statement": {"Effect": "Deny", "Principal": {"AWS": "345678901234"},'
            ' "Action": "s3:*", "Resource": "arn:aws:s3:::target/*"}}',
        ),
        {},
        [],
    ),
    "what is allowed inline": (
        several(
            lambda world: world.role("target", attached=[]),
            lambda world: world.role(
                "target", inline={"all": permissions.target_policy(["target"])}
            ),
        ),
        {},
        [],
    ),
    "a target role without its policy": (
        lambda world: world.role("target", attached=[]),
        {},
        ["error target-permission-missing"],
    ),
    "a policy for another bucket": (
        lambda world: world.policy("target", permissions.target_policy(["other"])),
        {},
        ["error target-permission-missing", "info permission-unused"],
    ),
    "a policy for some keys": (
        lambda world: world.policy(
            "target", {"Statement": [allow("s3:Replicate*", "arn:aws:s3:::target/images/*")]}
        ),
        {},
        ["error permission-in-part"],
    ),
    "a policy for the keys of the only rule": (
        several(
            lambda world: world.configure({"Prefix": "images/"}),
            lambda world: world.policy(
                "target", {"Statement": [allow("s3:Replicate*", "arn:aws:s3:::target/images/*")]}
            ),
        ),
        {},
        [],
    ),
    "a Deny of some keys that only newer servers look at": (
        lambda world: world.allow_more(
            "source", deny("s3:ReplicateObject", "arn:aws:s3:::source/x/*")
        ),
        {},
        ["warning source-permission-missing-on-newer-servers"],
    ),
    "a condition": (
        lambda world: world.policy(
            "target", {"Statement": [allow("s3:*", "arn:aws:s3:::target/*", **CONDITION)]}
        ),
        {},
        ["warning permission-undecided"],
    ),
    "a policy that may not be read": (
        lambda world: world.refuse("target", "iam", "get_policy"),
        {},
        ["warning not-permitted", "warning permission-undecided"],
    ),
    "the list of policies may not be read": (
        lambda world: world.refuse("target", "iam", "list_attached_role_policies"),
        {},
        ["warning not-permitted"],
    ),
    "inline policies may not be listed": (
        lambda world: world.refuse("target", "iam", "list_role_policies"),
        {},
        ["warning not-permitted"],
    ),
    "inline policies are not supported": (
        lambda world: world.refuse("target", "iam", "list_role_policies", "InvalidAction", 400),
        {},
        [],
    ),
    "a bucket policy that may not be read": (
        lambda world: world.refuse("source", "s3", "get_bucket_policy"),
        {},
        ["warning not-permitted"],
    ),
    "a document that is none": (
        lambda world: world.policy("target", {"Version": "2012-10-17"}),
        {},
        ["error policy-unreadable", "warning permission-undecided"],
    ),
    # Canary
    "a canary that arrives": (nothing, {"canary": {}}, []),
    "a canary below the rule's prefix": (
        lambda world: world.configure({"Prefix": "images/"}),
        {"canary": {}},
        [],
    ),
    "a canary that does not arrive": (
        lambda world: setattr(world.s3("source"), "_copies_to", None),
        {"canary": {"wait_timeout": 0}},
        ["error canary-not-replicated"],
    ),
    "a canary that may not be put": (
        lambda world: world.refuse("source", "s3", "put_object"),
        {"canary": {}},
        ["error canary-not-put"],
    ),
    "a canary that may not be removed": (
        lambda world: world.refuse("target", "s3", "delete_object"),
        {"canary": {}},
        ["warning canary-left-behind"],
    ),
    "a canary that cannot be looked at": (
        lambda world: world.refuse("target", "s3", "head_object", "403"),
        {"canary": {}},
        ["error canary-not-replicated"],
    ),
    "no canary where there are errors": (
        lambda world: world.bucket("target", versioning=""),
        {"canary": {}},
        ["error target-versioning-off", "info canary-not-tried"],
    ),
    "no canary in check mode": (
        lambda world: setattr(world, "check_mode", True),
        {"canary": {}},
        ["info canary-not-tried"],
    ),
    "no canary where no rule is in force": (
        lambda world: world.configure({"Status": "Disabled"}),
        {"canary": {}, "rules": [{"prefix": "", "enabled": False}]},
        ["info canary-not-tried"],
    ),
    "no canary for clouds": (
        several(
            lambda world: world.configure(CLOUD, role=SOURCE_ROLE),
            lambda world: world.allow_more("source", READ_TAGS),
        ),
        {"canary": {}},
        ["info canary-not-tried"],
    ),
}


def options_of(world: World, more: dict[str, Any]) -> dict[str, Any]:
    """The options, with differences inside the sides."""
    sides: dict[str, Any] = {
        name: {**world.options[name], **more[name]} for name in ("source", "target") if name in more
    }
    return {**more, **sides}


@pytest.mark.parametrize("case", CASES)
def test_findings_of_each_fault(case: str) -> None:
    breaks, more, found = CASES[case]
    world = World()
    breaks(world)
    assert world.ids(**options_of(world, more)) == found


def test_every_kind_of_finding_is_found() -> None:
    found = {line.split()[1] for _breaks, _more, lines in CASES.values() for line in lines}
    assert found == {kind.id for kind in KINDS}


@pytest.mark.parametrize("case", CASES)
def test_no_objects_remain(case: str) -> None:
    """All objects are removed, and nothing else is ever written."""
    breaks, more, found = CASES[case]
    world = World()
    breaks(world)
    world.run(fail_on="never", **options_of(world, more))
    writes = [call for client in world.clients.values() for call in client.writes]
    assert set(writes) <= ({"PutObject", "DeleteObject"} if "canary" in more else set())
    left = [
        version
        for side in ("source", "target")
        for bucket in world.s3(side).buckets.values()
        for key, versions in bucket["objects"].items()
        if key != "planted"
        for version in versions
    ]
    assert bool(left) == ("warning canary-left-behind" in found)


def test_the_place_of_the_canary() -> None:
    world = World()
    world.configure({"Prefix": "images/"})
    seen = world.run(canary={"key": "bird"})["canary"]
    assert seen["object"]["key"].startswith("images/bird-")
    assert seen["replica"]["replication_status"] == "REPLICA"


@pytest.mark.parametrize("id", [kind.id for kind in KINDS if kind.made_by_setup])
def test_before_setup_resources_of_setup_may_be_missing(id: str) -> None:
    breaks, more, _found = next(
        case for case in CASES.values() if any(line.split()[1] == id for line in case[2])
    )
    world = World()
    breaks(world)
    assert f"info {id}" in world.ids(before_setup=True, **options_of(world, more))


def test_before_setup_few_calls_are_made() -> None:
    world = World()
    assert world.run(before_setup=True)["checked"]["checks"] == [
        "endpoints",
        "buckets",
        "configuration",
        "roles",
    ]
    calls = {where: client.calls for where, client in world.clients.items()}
    assert calls == {
        ("source", "s3"): ["ListBuckets", "GetBucketVersioning", "GetBucketReplication"],
        ("source", "iam"): ["GetUser", "GetRole"],
        ("target", "s3"): ["ListBuckets", "GetBucketVersioning"],
        ("target", "iam"): ["GetUser", "GetRole"],
    }


def test_before_setup_the_roles_are_the_expected_ones() -> None:
    """Set-up will write them, whatever the current configuration has."""
    world = World()
    world.configure(role=f"{SOURCE_ROLE}x,{TARGET_ROLE}x")
    expected = {"source": {"role": "Source"}, "target": {"role": TARGET_ROLE}}
    found = world.ids(before_setup=True, **options_of(world, expected))
    assert found == ["info role-unexpected", "info role-unexpected"]


def test_before_setup_a_configuration_that_set_up_refuses_is_an_error() -> None:
    world = World()
    world.configure({"Filter": {"Prefix": ""}, "Priority": 1})
    assert world.ids(before_setup=True) == ["error configuration-beyond-v1"]


@pytest.mark.parametrize(
    ("fail_on", "breaks", "failed"),
    [
        ("error", {"versioning": ""}, True),
        ("error", {"object_lock": True}, False),
        ("warning", {"object_lock": True}, True),
        ("warning", {}, False),
        ("never", {"versioning": ""}, False),
    ],
)
def test_when_the_task_fails(fail_on: str, breaks: dict[str, Any], failed: bool) -> None:
    world = World()
    world.bucket("target", **breaks)
    assert world.run(fail_on=fail_on).get("failed", False) is failed


def test_the_message_has_a_line_for_each_finding() -> None:
    world = World()
    world.bucket("target", versioning="Suspended", object_lock=True)
    world.bucket("source", versioning="")
    result = world.run(fail_on="warning")
    head, *lines = result["msg"].splitlines()
    assert head == "3 findings for source to target:"
    assert lines == result["lines"]
    assert lines[1] == (
        "error target-versioning-off (target bucket target at http://node6): Its versioning is Suspended. "
        "Enable it with backbeat_bucket and versioning: enabled."
    )
    assert result["summary"] == {"error": 2, "warning": 1, "info": 0}
    assert result["warnings"] == lines[2:]


def test_findings_can_be_ignored() -> None:
    world = World()
    world.bucket("target", versioning="Suspended", object_lock=True)
    assert world.ids(ignore=["target-versioning-off"]) == ["warning object-lock-on-one-side"]


def test_only_existing_findings_can_be_ignored() -> None:
    with pytest.raises(InvalidDocument, match="target-versioning"):
        World().run(ignore=["target-versioning"])


def test_shared_facts_are_read_once() -> None:
    world = World()
    world.run()
    before = {place: list(client.calls) for place, client in world.clients.items()}
    world.run()
    assert before == {place: client.calls for place, client in world.clients.items()}
    for calls in before.values():
        assert len(calls) == len(set(calls))


def test_texts_of_findings_are_sentences() -> None:
    for kind in KINDS:
        for text in (kind.why, kind.remedy):
            assert text[0].isupper()
            assert text.endswith(".")


def test_rules_in_the_world_are_not_shared() -> None:
    World().configure({"Prefix": "a"})
    assert RULE["Prefix"] == ""
