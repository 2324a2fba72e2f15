# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding that preflight knows: how bad it is, why it matters, what to do.

The ids are for inventories, filters and guides, and so never change their meaning. `made_by_setup` marks
what setting up the replication makes or repairs: before that it is no fault.
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)


@dataclass(frozen=True)
class Kind:
    """One kind of finding, in whole sentences."""

    id: str
    severity: str
    why: str
    remedy: str
    made_by_setup: bool = False


_ENDPOINTS = (
    Kind(
        "connection-unusable",
        ERROR,
        "Nothing behind this connection can be looked at.",
        "Correct the connection's options.",
    ),
    Kind(
        "endpoint-unreachable",
        ERROR,
        "No usable answer came within retry_timeout, so nothing there can be looked at.",
        "Check scheme, host and port of endpoint_url, the network, any proxy, and that the server runs.",
    ),
    Kind(
        "endpoint-wrong-kind",
        ERROR,
        "Something else than the wanted service answers there.",
        "Give S3's URL for s3 and IAM's for iam; in Scality environments IAM usually has the port 8600. Check that no "
        "proxy answers in the server's place.",
    ),
    Kind(
        "endpoint-unusable",
        ERROR,
        "The server answers, but refuses the first and simplest call.",
        "Do what the message says; check endpoint_url and the certificate.",
    ),
    Kind(
        "credentials-invalid",
        ERROR,
        "Nothing can be looked at with them, and a task that used them would fail.",
        "Check profile or access_key and secret_key, and that they belong to this environment.",
    ),
    Kind(
        "clock-skewed",
        WARNING,
        "At 900 seconds requests are refused, those of Backbeat among the servers too.",
        "Set the clocks of all machines by NTP.",
    ),
    Kind(
        "clock-beyond-limit",
        ERROR,
        "Beyond 900 seconds requests are refused with RequestTimeTooSkewed, those of Backbeat among the servers too.",
        "Set the clocks of all machines by NTP.",
    ),
    Kind(
        "not-permitted",
        WARNING,
        "Whether this is as it should be is not known.",
        "Give the account that runs preflight the permission, or look at it with another one.",
    ),
    Kind(
        "not-supported",
        INFO,
        "Whether this is as it should be is not known.",
        "Look at it with the server's own tools.",
    ),
    Kind(
        "not-read",
        ERROR,
        "Whether this is as it should be is not known.",
        "Do what the message says, and run preflight again.",
    ),
    Kind(
        "iam-not-given",
        INFO,
        "Without IAM's endpoint the role, whom it trusts and what it may do are not looked at.",
        "Give iam for this side, unless the installation has no IAM step.",
    ),
)

_BUCKETS = (
    Kind(
        "source-is-target",
        ERROR,
        "Servers accept a bucket as its own target, and nothing is ever copied to another place.",
        "Name another target bucket or another target environment.",
    ),
    Kind(
        "source-bucket-missing",
        ERROR,
        "There is nothing to replicate.",
        "Create it with backbeat_bucket, or correct its name.",
        made_by_setup=True,
    ),
    Kind(
        "target-bucket-missing",
        ERROR,
        "Servers accept a target that does not exist; every object then ends as FAILED.",
        "Create it with backbeat_bucket and versioning enabled, or correct its name.",
        made_by_setup=True,
    ),
    Kind(
        "source-bucket-of-another-account",
        ERROR,
        "Backbeat works for the role's account; objects in another account's bucket stay PENDING for ever.",
        "Use the credentials and the role of the account that owns the bucket, or another bucket.",
    ),
    Kind(
        "target-bucket-of-another-account",
        ERROR,
        "The target role's account does not own the bucket, so every object ends as FAILED.",
        "Use the credentials and the role of the account that owns the bucket, or another bucket.",
    ),
    Kind(
        "source-versioning-off",
        ERROR,
        "Servers take a replication configuration only while versioning is enabled.",
        "Enable it with backbeat_bucket and versioning: enabled.",
        made_by_setup=True,
    ),
    Kind(
        "target-versioning-off",
        ERROR,
        "Objects still become COMPLETED, but the copy loses its history silently.",
        "Enable it with backbeat_bucket and versioning: enabled.",
        made_by_setup=True,
    ),
    Kind(
        "object-lock-on-one-side",
        WARNING,
        "What is protected on one side can be deleted on the other.",
        "Use buckets that both have object lock, or neither; it can only be chosen when a bucket is created.",
    ),
    Kind(
        "target-replicates-onward",
        WARNING,
        "Replicas are not replicated onward: what arrives from the source never reaches the third bucket.",
        "Replicate to the third bucket from the source itself.",
    ),
    Kind(
        "encryption-with-cloud-sites",
        WARNING,
        "Whether a cloud keeps the copy encrypted is decided by the cloud's own settings, not by this bucket's.",
        "Enable encryption in the cloud's bucket or in the site's settings, and look at a copy there.",
    ),
)

_CONFIGURATION = (
    Kind(
        "configuration-missing",
        ERROR,
        "Objects that are put now get no replication status and are never sent.",
        "Set it with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "configuration-beyond-v1",
        WARNING,
        "This collection reads and writes the first form of a configuration; its rules are not looked at further.",
        "Go on with the tool that made it, or remove it and set it anew with backbeat_bucket_replication.",
    ),
    Kind(
        "configuration-invalid",
        ERROR,
        "Servers refuse such a configuration, or do something else than it says.",
        "Set it anew with backbeat_bucket_replication.",
    ),
    Kind(
        "no-rule-enabled",
        ERROR,
        "Objects that are put now get no replication status and are never sent.",
        "Enable a rule with backbeat_bucket_replication.",
    ),
    Kind(
        "rule-disabled",
        WARNING,
        "Objects that are put below its prefix now get no replication status and are never sent.",
        "Enable it with backbeat_bucket_replication, or say in rules that it is meant to be disabled.",
    ),
    Kind(
        "target-bucket-unexpected",
        ERROR,
        "Servers never check the target: objects go to another bucket than is looked at here.",
        "Correct target.bucket, or the configuration with backbeat_bucket_replication.",
    ),
    Kind(
        "rule-missing",
        ERROR,
        "Objects below its prefix are never sent.",
        "Set it with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "rule-differs",
        ERROR,
        "Somebody changed it since it was set.",
        "Set it again with backbeat_bucket_replication, or correct what is expected.",
        made_by_setup=True,
    ),
    Kind(
        "rule-unexpected",
        WARNING,
        "Somebody added it since the others were set, and its objects are sent too.",
        "Name it in rules, or remove it with backbeat_bucket_replication.",
    ),
    Kind(
        "site-unknown",
        ERROR,
        "The server does not know the site any more, so its objects never arrive.",
        "Correct the rule's sites or known_sites; sites are named replicationEndpoints in the server's configuration.",
    ),
)

_ROLES = (
    Kind(
        "role-arn-malformed",
        ERROR,
        "Servers accept more than can be a role: Backbeat cannot assume it.",
        "Set the right ARN with backbeat_bucket_replication.",
    ),
    Kind(
        "role-unexpected",
        ERROR,
        "Somebody changed the roles; objects that were pending then stay PENDING for ever.",
        "Find out why; set the right one with backbeat_bucket_replication, or correct what is expected.",
    ),
    Kind(
        "roles-swapped",
        ERROR,
        "The source's role stands first: as they are, Backbeat finds neither, and objects stay PENDING for ever.",
        "Swap them with backbeat_bucket_replication.",
    ),
    Kind(
        "source-role-missing",
        ERROR,
        "Objects stay PENDING for ever, and are in no list of failures.",
        "Create it with backbeat_iam_role, and its policy with backbeat_policy.",
        made_by_setup=True,
    ),
    Kind(
        "target-role-missing",
        ERROR,
        "Every object ends as FAILED.",
        "Create it with backbeat_iam_role, and its policy with backbeat_policy.",
        made_by_setup=True,
    ),
    Kind(
        "source-role-of-another-account",
        ERROR,
        "Objects stay PENDING for ever, and are in no list of failures.",
        "Use a role of the account that owns the source bucket.",
    ),
    Kind(
        "target-role-of-another-account",
        ERROR,
        "Every object ends as FAILED, for the role's account does not own the target bucket.",
        "Use a role of the account that owns the target bucket.",
    ),
    Kind(
        "role-arn-differs",
        ERROR,
        "Backbeat assumes a role by its whole ARN, and there is none of that ARN.",
        "Set the role's own ARN with backbeat_bucket_replication.",
    ),
    Kind(
        "account-unknown",
        INFO,
        "Whether the role belongs to the account that owns the bucket is not known.",
        "Permit iam:GetUser to the account that runs preflight, or compare the account in the ARN by hand.",
    ),
    Kind(
        "service-account-role",
        INFO,
        "Installations with service accounts use placeholders for roles, of which IAM knows nothing.",
        "Nothing, where the installation has no IAM step.",
    ),
    Kind(
        "source-role-trust-missing",
        ERROR,
        "Backbeat may not assume the role, so objects stay PENDING for ever.",
        "Set the trust policy with backbeat_iam_role, or name in trusted_principals who Backbeat is here.",
        made_by_setup=True,
    ),
    Kind(
        "target-role-trust-missing",
        ERROR,
        "Backbeat may not assume the role, so every object ends as FAILED.",
        "Set the trust policy with backbeat_iam_role, or name in trusted_principals who Backbeat is here.",
        made_by_setup=True,
    ),
    Kind(
        "trust-undecided",
        WARNING,
        "Only the server can tell whether the condition is met when Backbeat asks.",
        "Use a trust policy without conditions (backbeat_iam_role), or prove replication with canary.",
    ),
)

_PERMISSIONS = (
    Kind(
        "source-permission-missing",
        ERROR,
        "Objects stay PENDING for ever, and are in no list of failures.",
        "Permit it with backbeat_policy and side: source.",
        made_by_setup=True,
    ),
    Kind(
        "source-permission-missing-on-newer-servers",
        WARNING,
        "Servers since 2025 (S3C 9.5.2) want it, and objects then stay PENDING for ever; older ones do not.",
        "Permit it with backbeat_policy and side: source before the servers are upgraded. Say in servers_since_2025 "
        "which they are.",
        made_by_setup=True,
    ),
    Kind(
        "source-permission-denied",
        ERROR,
        "An explicit Deny wins over every Allow: objects stay PENDING for ever.",
        "Remove or narrow the statement that is named.",
    ),
    Kind(
        "target-permission-missing",
        ERROR,
        "Every object, or every delete marker, ends as FAILED.",
        "Permit it with backbeat_policy and side: target.",
        made_by_setup=True,
    ),
    Kind(
        "target-permission-denied",
        ERROR,
        "An explicit Deny wins over every Allow: every object, or every delete marker, ends as FAILED.",
        "Remove or narrow the statement that is named.",
    ),
    Kind(
        "permission-in-part",
        ERROR,
        "Some objects below the rule's prefix are replicated, and others are not.",
        "Widen the Allow or narrow the Deny that is named, or the rule's prefix.",
    ),
    Kind(
        "permission-undecided",
        WARNING,
        "Only the server can tell whether the statement that is named applies when Backbeat asks.",
        "Use policies without conditions and variables (backbeat_policy), or prove replication with canary.",
    ),
    Kind(
        "policy-unreadable",
        ERROR,
        "What it permits is not known, and the server may read it otherwise than it was meant.",
        "Set the policy anew with backbeat_policy.",
    ),
    Kind(
        "permissions-of-the-other-side",
        INFO,
        "It grants the role rights on a bucket of that name in its own environment, which replication does not need.",
        "Use backbeat_policy with permissions: least.",
    ),
)

_CANARY = (
    Kind(
        "canary-not-replicated",
        ERROR,
        "An object that was put now did not arrive as it should.",
        "Do what the message says.",
    ),
    Kind(
        "canary-not-put",
        ERROR,
        "Whether an object would arrive is not known.",
        "Do what the message says.",
    ),
    Kind(
        "canary-left-behind",
        WARNING,
        "A small object of preflight's own stays in the bucket.",
        "Delete that version by hand.",
    ),
    Kind(
        "canary-not-tried",
        INFO,
        "Whether an object would arrive is not proved.",
        "Remove the errors first, and run preflight outside of check mode.",
    ),
)

CATALOGUE: dict[str, Kind] = {
    kind.id: kind
    for group in (_ENDPOINTS, _BUCKETS, _CONFIGURATION, _ROLES, _PERMISSIONS, _CANARY)
    for kind in group
}
