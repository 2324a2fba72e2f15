# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the two buckets: whether they exist, belong to the account, differ, and meet the requirements."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from ..._clients import s3_buckets
from ..._clients.errors import ApiError, Forbidden
from ..._documents import replication
from .findings import ERROR, WARNING, FactReader, Kind, Side

KINDS = (
    Kind(
        "source-is-target",
        ERROR,
        "Servers accept a bucket as its own target, but its objects are then not copied anywhere else.",
        "Name another target bucket or another target environment.",
    ),
    Kind(
        "same-environment",
        WARNING,
        "If the environment is lost, source and target are lost together.",
        "Check the endpoint_url of s3 on both sides; name another environment as the target.",
    ),
    Kind(
        "target-shared",
        WARNING,
        "Objects with the same key overwrite each other there, and a listing cannot tell where an object came from.",
        "Use one target bucket for each source bucket, or prefixes that do not overlap.",
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
        "Servers accept a replication configuration only while versioning is enabled.",
        "Enable it with backbeat_bucket and versioning: enabled.",
        made_by_setup=True,
    ),
    Kind(
        "target-versioning-off",
        ERROR,
        "Objects still become COMPLETED, but the copy loses its history without an error.",
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
        "Replicas are not replicated onward: objects from the source never reach the third bucket.",
        "Replicate from the source to the third bucket directly.",
    ),
    Kind(
        "encryption-with-cloud-sites",
        WARNING,
        "The cloud's own settings decide whether the copy is encrypted, not this bucket's.",
        "Enable encryption in the cloud's bucket or in the site's settings, and check a copy there.",
    ),
)


def check(source: Side, target: Side, facts: FactReader) -> None:
    """Check each bucket, and that the two are not the same bucket."""
    for side in (source, target):
        if side.s3.usable:
            side.bucket_usable = _versioning(side, facts)
    _places(source, target, facts)


def check_settings(source: Side, target: Side, facts: FactReader) -> None:
    """Check settings that set-up does not depend on: object lock, and replication onward."""
    if source.bucket_usable and target.bucket_usable:
        _object_lock(source, target, facts)
    _onward(source, target, facts)


def check_sharing(target: Side, others: tuple[str, ...], facts: FactReader) -> None:
    """Report the other source buckets of this task that replicate into the same target bucket."""
    if others:
        what = f"It is the target of other pairs too, from {', '.join(others)}."
        facts.findings.add("target-shared", target.place, what)


def check_encryption(source: Side, facts: FactReader) -> None:
    """Check whether a bucket that replicates to clouds is encrypted."""
    encrypted = facts.try_read(
        source.s3,
        ("encryption", source.bucket),
        partial(s3_buckets.encryption, bucket=source.bucket),
        where=source.place,
        permission="s3:GetEncryptionConfiguration",
    )
    if encrypted and encrypted.fact:
        what = "Its objects are encrypted by default, and its rules send to cloud sites."
        facts.findings.add("encryption-with-cloud-sites", source.place, what)


def _places(source: Side, target: Side, facts: FactReader) -> None:
    """Report the same bucket on both sides, or the same environment at two endpoints."""
    same_url = _host(source) == _host(target)
    if not same_url and not _same_environment(source, target):
        return
    if source.bucket == target.bucket:
        alias = "" if same_url else f" {target.s3.url} is the same environment."
        what = f"The bucket {source.bucket} is its own target.{alias}"
        facts.findings.add("source-is-target", source.place, what)
    elif not same_url:
        what = (
            f"{source.s3.url} and {target.s3.url} list the same buckets, created at the same times."
        )
        facts.findings.add("same-environment", target.place, what)


def _host(side: Side) -> tuple[str | None, int | None]:
    url = urlsplit(side.s3.url)
    return url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _same_environment(source: Side, target: Side) -> bool:
    """Whether both sides return the same account, and the same buckets with the same creation times."""
    known = None not in (source.owner, target.owner) and bool(source.owned)
    return known and source.owner == target.owner and source.owned == target.owned


def _versioning(side: Side, facts: FactReader) -> bool:
    """Report unmet requirements of the bucket. Returns whether it exists and can be read."""
    findings = facts.findings
    try:
        status = facts.read(
            side.s3,
            ("versioning", side.bucket),
            partial(s3_buckets.versioning, bucket=side.bucket),
        )
    except ApiError as error:
        if isinstance(error, Forbidden) and _is_foreign(side):
            what = f"The bucket {side.bucket} exists, but does not belong to this account."
            findings.add(f"{side.name}-bucket-of-another-account", side.place, what)
            return False
        facts.report(error, side.place, "s3:GetBucketVersioning")
        return isinstance(error, Forbidden)
    if status is None:
        what = f"There is no bucket {side.bucket}."
        findings.add(f"{side.name}-bucket-missing", side.place, what)
        return False
    if side.owned is None:
        what = (
            "Not permitted to list the account's buckets, which requires s3:ListAllMyBuckets, so the owner of the "
            f"bucket {side.bucket} is unknown."
        )
        findings.add("not-permitted", side.place, what)
    elif _is_foreign(side):
        what = f"The bucket {side.bucket} can be read, but does not belong to this account."
        findings.add(f"{side.name}-bucket-of-another-account", side.place, what)
    if status != "Enabled":
        what = f"Its versioning is {status}." if status else "Versioning was never enabled on it."
        findings.add(f"{side.name}-versioning-off", side.place, what)
    return True


def _is_foreign(side: Side) -> bool:
    return side.owned is not None and side.bucket not in side.owned


def _object_lock(source: Side, target: Side, facts: FactReader) -> None:
    locked = [
        facts.try_read(
            side.s3,
            ("object lock", side.bucket),
            partial(s3_buckets.object_lock, bucket=side.bucket),
            where=side.place,
            permission="s3:GetBucketObjectLockConfiguration",
        )
        for side in (source, target)
    ]
    if locked[0] is None or locked[1] is None or locked[0] == locked[1]:
        return
    has, lacks = (source, target) if locked[0].fact else (target, source)
    what = f"It has object lock, and the {lacks.name} bucket {lacks.bucket} has none."
    facts.findings.add("object-lock-on-one-side", has.place, what)


def _onward(source: Side, target: Side, facts: FactReader) -> None:
    """Report if the target bucket replicates to a third one: replicas are not replicated again."""
    if not target.bucket_usable:
        return
    stored = facts.try_read(
        target.s3,
        ("replication", target.bucket),
        partial(s3_buckets.replication, bucket=target.bucket),
        where=target.place,
        permission="s3:GetReplicationConfiguration",
    )
    for other in replication.destinations((stored and stored.fact) or {}):
        if other != source.bucket:
            what = f"It is itself replicated, to the bucket {other}."
            facts.findings.add("target-replicates-onward", target.place, what)
