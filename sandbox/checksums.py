# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content-MD5 and newer checksums, as old and new CloudServers handle them."""

from __future__ import annotations

import base64
import binascii
import hashlib

from .messages import Refused, Request
from .operations import Call
from .settings import Settings

#: Operations for which S3 requires a checksum of the body.
DEMANDED = {
    "DeleteObjects",
    "PutBucketAcl",
    "PutBucketEncryption",
    "PutBucketLifecycleConfiguration",
    "PutBucketPolicy",
    "PutBucketReplication",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectLockConfiguration",
    "PutObjectRetention",
    "PutObjectTagging",
}


def check_checksums(request: Request, call: Call, settings: Settings) -> None:
    """Raise Refused for a wrong checksum, or one of a kind that this server does not accept."""
    trailer = request.header("x-amz-trailer")
    if settings.refuse_trailers and (
        trailer or request.header("x-amz-content-sha256").endswith("-TRAILER")
    ):
        raise Refused(400, "BadRequest", "trailing checksum is not supported")
    stated = request.header("Content-MD5")
    if stated:
        _check_md5(stated, request.body)
    elif call.operation == "DeleteObjects":
        # Also if a recent client sends another checksum in its place.
        raise _bad_digest()
    elif settings.require_content_md5 and call.operation in DEMANDED:
        if trailer or any(name.lower().startswith("x-amz-checksum-") for name in request.headers):
            raise _bad_digest()
        raise Refused(
            400, "InvalidRequest", "Missing required header for this request: Content-MD5"
        )


def _check_md5(stated: str, body: bytes) -> None:
    try:
        digest = base64.b64decode(stated, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 16:
        raise Refused(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    if digest != hashlib.md5(body, usedforsecurity=False).digest():
        raise _bad_digest()


def _bad_digest() -> Refused:
    return Refused(
        400, "BadDigest", "The Content-MD5 you specified did not match what we received."
    )
