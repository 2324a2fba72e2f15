# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the two buckets are there, ours, and fit for replication."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from ..._clients import s3_buckets
from ..._clients.errors import ApiError, Forbidden
from .sides import FactReader, Side


def examine(source: Side, target: Side, facts: FactReader) -> None:
    """Look at each bucket, and at what the two have to have in common."""
    if source.bucket == target.bucket and _place(source) == _place(target):
        what = f"The bucket {source.bucket} is named as its own target."
        facts.findings.add("source-is-target", source.where, what)
    for side in (source, target):
        if side.s3.usable:
            side.bucket_usable = _versioning(side, facts)
    if source.bucket_usable and target.bucket_usable:
        _object_lock(source, target, facts)


def _place(side: Side) -> tuple[str | None, int | None]:
    url = urlsplit(side.s3.url)
    return url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _versioning(side: Side, facts: FactReader) -> bool:
    """Whether the bucket is there and belongs to these credentials' account; notes what it lacks."""
    findings = facts.findings
    try:
        status = facts.ask(
            side.s3,
            ("versioning", side.bucket),
            lambda api: s3_buckets.versioning(api, side.bucket),
        )
    except ApiError as error:
        if isinstance(error, Forbidden) and _is_foreign(side):
            what = f"The bucket {side.bucket} is there, but is none of this account's."
            findings.add(f"{side.name}-bucket-of-another-account", side.where, what)
            return False
        facts.report(error, side.where, "s3:GetBucketVersioning")
        return isinstance(error, Forbidden)
    if status is None:
        what = f"There is no bucket {side.bucket}."
        findings.add(f"{side.name}-bucket-missing", side.where, what)
        return False
    if side.owned is None:
        what = "It is not permitted to list the account's buckets, which takes s3:ListAllMyBuckets, so who owns the "
        findings.add("not-permitted", side.where, f"{what}bucket {side.bucket} is not known.")
    elif _is_foreign(side):
        what = f"The bucket {side.bucket} can be read, but is none of this account's."
        findings.add(f"{side.name}-bucket-of-another-account", side.where, what)
    if status != "Enabled":
        what = f"Its versioning is {status}." if status else "Versioning was never enabled on it."
        findings.add(f"{side.name}-versioning-off", side.where, what)
    return True


def _is_foreign(side: Side) -> bool:
    return side.owned is not None and side.bucket not in side.owned


def _object_lock(source: Side, target: Side, facts: FactReader) -> None:
    locked = [
        facts.look(
            side.s3,
            ("object lock", side.bucket),
            partial(s3_buckets.object_lock, bucket=side.bucket),
            where=side.where,
            needs="s3:GetBucketObjectLockConfiguration",
        )
        for side in (source, target)
    ]
    if locked[0] is None or locked[1] is None or locked[0] == locked[1]:
        return
    has, lacks = (source, target) if locked[0].fact else (target, source)
    what = f"It has object lock, and the {lacks.name} bucket {lacks.bucket} has none."
    facts.findings.add("object-lock-on-one-side", has.where, what)


def onward(source: Side, target: Side, facts: FactReader) -> None:
    """Whether the target bucket replicates to a third one, which replicas do not follow."""
    if not target.bucket_usable:
        return
    stored = facts.look(
        target.s3,
        ("replication", target.bucket),
        lambda api: s3_buckets.replication(api, target.bucket),
        where=target.where,
        needs="s3:GetReplicationConfiguration",
    )
    rules = (stored.fact or {}).get("Rules", ()) if stored else ()
    arns = {str((rule.get("Destination") or {}).get("Bucket", "")) for rule in rules}
    others = sorted(arn.removeprefix("arn:aws:s3:::") for arn in arns)
    for other in others:
        if other != source.bucket:
            what = f"It is itself replicated, to the bucket {other}."
            facts.findings.add("target-replicates-onward", target.where, what)


def encryption(source: Side, facts: FactReader) -> None:
    """Whether a bucket that replicates to clouds is encrypted."""
    encrypted = facts.look(
        source.s3,
        ("encryption", source.bucket),
        lambda api: s3_buckets.encryption(api, source.bucket),
        where=source.where,
        needs="s3:GetEncryptionConfiguration",
    )
    if encrypted and encrypted.fact:
        what = "Its objects are encrypted by default, and its rules send to cloud sites."
        facts.findings.add("encryption-with-cloud-sites", source.where, what)
