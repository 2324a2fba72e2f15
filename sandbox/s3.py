# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudServer's behaviour on top of moto's S3: permissions, and replication of objects."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker

from .backbeat_api import BackbeatApi
from .bucket_policies import verdict
from .buckets import Buckets, Handler
from .checksums import check_checksums
from .listing import list_objects, list_versions, owner_of
from .messages import Refused, Request, Response, with_header
from .objects import metadata_document, written_again
from .operations import Call
from .policies import user_denied, user_may
from .replicator import Replicator
from .rules import Configuration, malformed, parse_xml
from .settings import CLOUD, Settings
from .signatures import denied
from .store import Principal, Store

#: Operations that write a version of an object, or its tags, and so are replicated.
_STAMPED = {
    "PutObject",
    "CopyObject",
    "CompleteMultipartUpload",
    "DeleteObject",
    "PutObjectTagging",
    "DeleteObjectTagging",
}
_SHOWN = ("HeadObject", "GetObject")
_TYPED = ("PutObject", "CreateMultipartUpload", "CopyObject")
#: A placeholder for no Content-Type, which moto would replace with a default.
_NO_TYPE = "sandbox/none"


class S3Service:
    """The S3 endpoint of one environment, behind the signature check."""

    def __init__(
        self,
        store: Store,
        configurations: dict[str, Configuration],
        replicator: Replicator,
        settings: Callable[[], Settings],
        api: BackbeatApi,
    ) -> None:
        self._api = api
        self._store = store
        self._buckets = Buckets(store, configurations, settings)
        self._replicator = replicator
        self._settings = settings
        self._handlers: dict[str, Handler] = {
            **self._buckets.handlers,
            "DeleteObjects": self._delete_objects,
            "ListObjectVersions": self._list_versions,
            "ListObjects": self._list_objects,
            "ListObjectsV2": self._list_objects,
            "BackbeatMetadata": self._metadata,
        }

    def reset(self) -> None:
        self._buckets.reset()

    def answer(self, request: Request, call: Call, principal: Principal) -> Response:
        """Serve the request. Raises Refused."""
        with self._store.lock:
            self._authorize(request, call, principal)
            check_checksums(request, call, self._settings())
            if call.operation == "CreateBucket":
                return self._buckets.create(request, principal)
            if call.operation == "PutBucketReplication":
                # The server parses the configuration before it reads the bucket.
                self._buckets.read_configuration(request)
            if call.operation == "BackbeatApi":
                return self._api.forwarded(request, call.name)
            if not call.bucket:
                return _owned_by(principal, self._store.call(request, principal))
            bucket = self._own_bucket(call.bucket, principal)
            handler = self._handlers.get(call.operation)
            if handler is not None:
                return handler(request, principal, bucket)
            return self._plain(request, call, principal, bucket)

    def _authorize(self, request: Request, call: Call, principal: Principal) -> None:
        if principal.is_operator or call.operation.startswith("Backbeat"):
            return
        wanted = [(call.action, call.resource)]
        source = request.header("x-amz-copy-source").partition("?")[0]
        if source:
            wanted.append(("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}"))
        if call.operation == "DeleteObjects":
            wanted = [
                ("s3:DeleteObjectVersion" if version else call.action, f"{call.resource}/{key}")
                for key, version in _deleted(request)
            ]
        if not all(self._may(principal, action, resource) for action, resource in wanted):
            raise denied()

    def _may(self, principal: Principal, action: str, resource: str) -> bool:
        """Whether the policies of an IAM user and of the bucket allow an action; a Deny of either counts."""
        name = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        policy = self._store.bucket_policies.get(name)
        said = verdict(policy, principal.arn, action, resource)
        if said == PermissionResult.DENIED:
            return False
        return user_may(principal, action, resource) or (
            said == PermissionResult.PERMITTED and not user_denied(principal, action, resource)
        )

    def _own_bucket(self, name: str, principal: Principal) -> FakeBucket:
        bucket = self._store.bucket(name)
        if bucket is None:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.")
        if bucket.account_id != principal.account_id:
            raise denied()
        return bucket

    def _plain(
        self, request: Request, call: Call, principal: Principal, bucket: FakeBucket
    ) -> Response:
        """moto's response; writes are passed to the replicator, and reads show its status."""
        if any(ord(character) < 32 or ord(character) == 127 for character in call.key):
            raise Refused(
                400, "InvalidInput", "object keys cannot contain non-printable characters"
            )
        self._check_readable(request, call, bucket)
        if call.operation == "PutObjectTagging" and parse_xml(request.body).find("*/Tag") is None:
            response = self._put_no_tags(request, principal, bucket)
        elif call.operation == "HeadObject" and not bucket.is_versioned:
            response = self._head_without_versioning(request, principal, bucket)
        else:
            if call.operation == "PutObject" and bucket.has_default_lock:
                request = _with_md5(request)
            if call.operation in _TYPED and not request.header("Content-Type"):
                headers = with_header(request.headers, "Content-Type", _NO_TYPE)
                request = replace(request, headers=headers)
            response = self._store.call(request, principal)
        if response.status >= 300:
            return response
        # A delete of a named version is permanent, and never replicated.
        permanent = call.operation == "DeleteObject" and "versionId" in request.parameters
        if call.operation in _STAMPED and not permanent:
            version_id = request.parameters.get("versionId")
            version = self._store.version(bucket, call.key, version_id)
            if version is not None and bucket.is_versioned:
                self._replicator.stamp(bucket, version)
                if call.operation.endswith("Tagging"):
                    written_again(self._replicator.known, bucket, version)
        elif call.operation in _SHOWN:
            _hide_type(response)
            self._show_status(request, response, call, bucket)
        return response

    def _check_readable(self, request: Request, call: Call, bucket: FakeBucket) -> None:
        """Raise Refused for a `null` version that is only in listings."""
        version_id = request.parameters.get("versionId")
        version = self._store.version(bucket, call.key, version_id) if version_id else None
        replication = self._replicator.known.get(version)
        if replication is not None and replication.unreadable and call.operation != "DeleteObject":
            raise Refused(404, "NoSuchVersion", "The specified version does not exist.")

    def _head_without_versioning(
        self, request: Request, principal: Principal, bucket: FakeBucket
    ) -> Response:
        """HEAD of a named version, which moto refuses if versioning is suspended or was never enabled."""
        status = bucket.versioning_status
        bucket.versioning_status = "Enabled"
        try:
            return self._store.call(request, principal)
        finally:
            bucket.versioning_status = status

    def _put_no_tags(self, request: Request, principal: Principal, bucket: FakeBucket) -> Response:
        """Remove all tags for an empty tag set, which moto cannot parse."""
        version = self._store.version(bucket, request.key, request.parameters.get("versionId"))
        if version is None or isinstance(version, FakeDeleteMarker):
            # Get moto's refusal with a set that it can parse.
            tag = b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
            return self._store.call(replace(request, body=tag), principal)
        response = self._store.call(replace(request, method="DELETE", body=b""), principal)
        return Response(200, response.headers) if response.status < 300 else response

    def _show_status(
        self, request: Request, response: Response, call: Call, bucket: FakeBucket
    ) -> None:
        version = self._store.version(bucket, call.key, request.parameters.get("versionId"))
        replication = self._replicator.known.get(version)
        if replication is None:
            return
        response.headers["x-amz-replication-status"] = replication.status
        kinds = self._settings().sites
        for site, one in replication.sites.items():
            if kinds.get(site) == CLOUD:
                response.headers[f"x-amz-meta-{site}-replication-status"] = one.status
                if one.status == "COMPLETED" and one.copy:
                    response.headers[f"x-amz-meta-{site}-version-id"] = one.copy

    def _delete_objects(
        self, request: Request, principal: Principal, bucket: FakeBucket
    ) -> Response:
        response = self._store.call(request, principal)
        for key, named in _deleted(request):
            version = self._store.version(bucket, key, None)
            if not named and isinstance(version, FakeDeleteMarker) and bucket.is_versioned:
                self._replicator.stamp(bucket, version)
        return response

    def _list_versions(
        self, request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        keys, size = self._store.sorted_keys(bucket), self._settings().page_size
        body = list_versions(bucket, keys, request.parameters, size)
        return Response(200, {"Content-Type": "application/xml"}, body)

    def _list_objects(
        self, request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        keys, size = self._store.sorted_keys(bucket), self._settings().page_size
        body = list_objects(bucket, keys, request.parameters, size)
        return Response(200, {"Content-Type": "application/xml"}, body)

    def _metadata(self, request: Request, _principal: Principal, bucket: FakeBucket) -> Response:
        key = request.key.removeprefix("backbeat/metadata/").partition("/")[2]
        version = self._store.version(bucket, key, request.parameters.get("versionId"))
        if request.method != "GET":
            raise Refused(405, "MethodNotAllowed", "The specified method is not allowed.")
        if version is None:
            raise Refused(404, "ObjNotFound", "The object metadata was not found.")
        body = metadata_document(bucket, version, self._replicator.known)
        return Response(200, {"Content-Type": "application/json"}, body.encode())


def _hide_type(response: Response) -> None:
    """Remove the Content-Type of an object that was put without one."""
    for name in [name for name in response.headers if name.lower() == "content-type"]:
        if response.headers[name] == _NO_TYPE:
            del response.headers[name]


def _with_md5(request: Request) -> Request:
    """The request with a checksum, which moto requires for a default retention and CloudServer does not."""
    if "Content-MD5" in request.headers:
        return request
    digest = hashlib.md5(request.body, usedforsecurity=False).digest()
    stated = base64.b64encode(digest).decode()
    return replace(request, headers=with_header(request.headers, "Content-MD5", stated))


def _deleted(request: Request) -> list[tuple[str, str]]:
    """The key and version id, which may be empty, of every object of a DeleteObjects."""
    root = parse_xml(request.body)
    if root.tag != "Delete":
        raise malformed()
    return [
        (one.findtext("Key") or "", one.findtext("VersionId") or "")
        for one in root.findall("Object")
    ]


def _owned_by(principal: Principal, response: Response) -> Response:
    """A listing of buckets with the caller's account as owner; moto has the same owner for all."""
    owner = owner_of(principal.account_id).encode()
    response.body = re.sub(rb"<Owner>.*?</Owner>", owner, response.body, flags=re.DOTALL)
    return response
