# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identifies a request's operation, its resource, and the permission that it requires."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Request, Service

# (method, sub-resource) -> operation, action. The actions are those that CloudServer evaluates, which
# are AWS's but for DeleteReplicationConfiguration (AWS has none).
_BUCKET = {
    ("GET", "versioning"): ("GetBucketVersioning", "GetBucketVersioning"),
    ("PUT", "versioning"): ("PutBucketVersioning", "PutBucketVersioning"),
    ("GET", "replication"): ("GetBucketReplication", "GetReplicationConfiguration"),
    ("PUT", "replication"): ("PutBucketReplication", "PutReplicationConfiguration"),
    ("DELETE", "replication"): ("DeleteBucketReplication", "DeleteReplicationConfiguration"),
    ("GET", "location"): ("GetBucketLocation", "GetBucketLocation"),
    ("GET", "acl"): ("GetBucketAcl", "GetBucketAcl"),
    ("PUT", "acl"): ("PutBucketAcl", "PutBucketAcl"),
    ("GET", "policy"): ("GetBucketPolicy", "GetBucketPolicy"),
    ("PUT", "policy"): ("PutBucketPolicy", "PutBucketPolicy"),
    ("DELETE", "policy"): ("DeleteBucketPolicy", "DeleteBucketPolicy"),
    ("GET", "object-lock"): ("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("PUT", "object-lock"): ("PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
    ("GET", "encryption"): ("GetBucketEncryption", "GetEncryptionConfiguration"),
    ("PUT", "encryption"): ("PutBucketEncryption", "PutEncryptionConfiguration"),
    ("DELETE", "encryption"): ("DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("GET", "tagging"): ("GetBucketTagging", "GetBucketTagging"),
    ("PUT", "tagging"): ("PutBucketTagging", "PutBucketTagging"),
    ("DELETE", "tagging"): ("DeleteBucketTagging", "PutBucketTagging"),
    ("GET", "notification"): ("GetBucketNotificationConfiguration", "GetBucketNotification"),
    ("PUT", "notification"): ("PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("GET", "lifecycle"): ("GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    ("PUT", "lifecycle"): ("PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    ("DELETE", "lifecycle"): ("DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    ("GET", "versions"): ("ListObjectVersions", "ListBucketVersions"),
    ("GET", "uploads"): ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("POST", "delete"): ("DeleteObjects", "DeleteObject"),
    ("GET", ""): ("ListObjects", "ListBucket"),
    ("HEAD", ""): ("HeadBucket", "ListBucket"),
    ("PUT", ""): ("CreateBucket", "CreateBucket"),
    ("DELETE", ""): ("DeleteBucket", "DeleteBucket"),
}
_OBJECT = {
    ("GET", "tagging"): ("GetObjectTagging", "GetObjectTagging"),
    ("PUT", "tagging"): ("PutObjectTagging", "PutObjectTagging"),
    ("DELETE", "tagging"): ("DeleteObjectTagging", "DeleteObjectTagging"),
    ("GET", "acl"): ("GetObjectAcl", "GetObjectAcl"),
    ("PUT", "acl"): ("PutObjectAcl", "PutObjectAcl"),
    ("GET", "retention"): ("GetObjectRetention", "GetObjectRetention"),
    ("PUT", "retention"): ("PutObjectRetention", "PutObjectRetention"),
    ("GET", "legal-hold"): ("GetObjectLegalHold", "GetObjectLegalHold"),
    ("PUT", "legal-hold"): ("PutObjectLegalHold", "PutObjectLegalHold"),
    ("GET", "attributes"): ("GetObjectAttributes", "GetObject"),
    ("POST", "uploads"): ("CreateMultipartUpload", "PutObject"),
    ("GET", "uploadId"): ("ListParts", "ListMultipartUploadParts"),
    ("PUT", "uploadId"): ("UploadPart", "PutObject"),
    ("POST", "uploadId"): ("CompleteMultipartUpload", "PutObject"),
    ("DELETE", "uploadId"): ("AbortMultipartUpload", "AbortMultipartUpload"),
    ("GET", ""): ("GetObject", "GetObject"),
    ("HEAD", ""): ("HeadObject", "GetObject"),
    ("PUT", ""): ("PutObject", "PutObject"),
    ("DELETE", ""): ("DeleteObject", "DeleteObject"),
}
_SUBRESOURCES = {name for _, name in (*_BUCKET, *_OBJECT) if name}
#: Parameters of listings, which may have no value.
_PARAMETERS = {
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "marker",
    "prefix",
    "start-after",
    "version-id-marker",
    "versionId",
}
#: Actions that have a variant for a named version.
_VERSIONED = {
    f"{verb}Object{what}"
    for verb, what in (
        ("Get", ""),
        ("Get", "Acl"),
        ("Get", "Tagging"),
        ("Put", "Acl"),
        ("Put", "Tagging"),
        ("Delete", ""),
        ("Delete", "Tagging"),
    )
}
_IAM_READS = ("Get", "List", "Simulate", "Generate")


@dataclass(frozen=True)
class Call:
    """One API call.

    operation: its name in boto3, empty if the server does not support it; action and resource: the required permission,
    empty if there is none; name: the role, policy or user of an IAM call.
    """

    service: Service
    operation: str
    action: str = ""
    resource: str = ""
    bucket: str = ""
    key: str = ""
    name: str = ""
    write: bool = False


def identify(request: Request) -> Call:
    if request.service == "iam":
        return _iam_call(request)
    if request.service == "backbeat":
        name = request.unquoted_path.removeprefix("/_/")
        return Call("backbeat", "BackbeatApi", name=name, write=request.method != "GET")
    return _s3_call(request)


def _iam_call(request: Request) -> Call:
    """Identify an IAM call, without the resource, which depends on the account."""
    operation = request.form.get("Action", "") if request.method in ("POST", "GET") else ""
    if not operation:
        return Call("iam", "")
    form = request.form
    name = next(
        (
            form[field]
            for field in ("RoleName", "PolicyName", "PolicyArn", "UserName")
            if field in form
        ),
        "",
    )
    write = not operation.startswith(_IAM_READS)
    return Call("iam", operation, f"iam:{operation}", name=name, write=write)


def _s3_call(request: Request) -> Call:
    bucket, key, method = request.bucket, request.key, request.method
    if bucket == "_":
        return _backbeat_call(request)
    if not bucket:
        if method != "GET":
            return Call("s3", "")
        return Call("s3", "ListBuckets", "s3:ListAllMyBuckets", "*")
    table = _OBJECT if key else _BUCKET
    named = _subresource(request)
    # Operations that are not listed here work for the operator, and no policy can allow them for others.
    operation, action = table.get((method, named), (f"{method} ?{named}",) * 2)
    if operation == "ListObjects" and request.parameters.get("list-type") == "2":
        operation = "ListObjectsV2"
    elif operation == "PutObject" and request.header("x-amz-copy-source"):
        operation = "CopyObject"
    elif operation == "UploadPart" and request.header("x-amz-copy-source"):
        operation = "UploadPartCopy"
    # Unlike on AWS, HEAD of a named version requires no other permission.
    if method != "HEAD" and "versionId" in request.parameters and action in _VERSIONED:
        action = action.replace("Object", "ObjectVersion", 1)
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    write = method not in ("GET", "HEAD", "OPTIONS")
    return Call("s3", operation, f"s3:{action}", resource, bucket, key, write=write)


def _subresource(request: Request) -> str:
    """The parameter that selects a sub-resource of the bucket or object, or an empty string."""
    for name, value in request.parameters.items():
        if name in _SUBRESOURCES or not (value or name in _PARAMETERS):
            return name
    return ""


def _backbeat_call(request: Request) -> Call:
    """Identify CloudServer's own routes, /_/backbeat/...; every user of the system may call them."""
    kind, _, rest = request.key.removeprefix("backbeat/").partition("/")
    write = request.method not in ("GET", "HEAD")
    if not request.key.startswith("backbeat/") or kind not in ("metadata", "api"):
        return Call("s3", "", write=write)
    if kind == "api":
        return Call("s3", "BackbeatApi", name=rest, write=write)
    bucket, _, key = rest.partition("/")
    return Call("s3", "BackbeatMetadata", bucket=bucket, key=key, write=write)
