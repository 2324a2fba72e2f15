# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets, their versioning and their replication configurations, by CloudServer's rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from moto.s3.models import FakeBucket

from .bucket_policies import compact
from .listing import HIDDEN
from .messages import Refused, Request, Response
from .rules import (
    NAMESPACE,
    Configuration,
    Sites,
    check_versioning,
    malformed,
    parse_xml,
    read_configuration,
    valid_bucket_name,
)
from .settings import Settings
from .store import Principal, Store

Handler = Callable[[Request, Principal, FakeBucket], Response]


class Buckets:
    """Serves requests about buckets, but not their objects, under the store's lock."""

    def __init__(
        self,
        store: Store,
        configurations: dict[str, Configuration],
        settings: Callable[[], Settings],
    ) -> None:
        self._store = store
        self._configurations = configurations
        self._settings = settings
        #: By operation, for an existing bucket of the caller.
        self.handlers: dict[str, Handler] = {
            "GetBucketReplication": self._get_replication,
            "PutBucketReplication": self._put_replication,
            "DeleteBucketReplication": self._delete_replication,
            "PutBucketVersioning": self._put_versioning,
            "DeleteBucket": self._delete_bucket,
            "GetBucketPolicy": self._get_policy,
            "PutBucketPolicy": self._put_policy,
            "DeleteBucketPolicy": self._delete_policy,
            "GetObjectLockConfiguration": self._get_object_lock,
            "GetBucketNotificationConfiguration": self._get_notification,
            "PutBucketNotificationConfiguration": self._put_notification,
        }
        self._notifications: dict[str, bytes] = {}

    def reset(self) -> None:
        self._notifications.clear()

    def read_configuration(self, request: Request) -> Configuration:
        """Raises Refused for a configuration that breaks a rule."""
        return read_configuration(request.body, Sites.of(self._settings()))

    def create(self, request: Request, principal: Principal) -> Response:
        name = request.bucket
        if not valid_bucket_name(name):
            raise Refused(400, "InvalidBucketName", "The specified bucket is not valid.")
        location = _location(request.body)
        if location and location not in self._settings().locations:
            raise Refused(
                400,
                "InvalidLocationConstraint",
                f"The specified location-constraint is not valid: {location}",
            )
        bucket = self._store.bucket(name)
        if bucket is None:
            # moto refuses us-east-1 as a location, which CloudServer accepts.
            body = b"" if location in ("", "us-east-1") else request.body
            return self._store.call(replace(request, body=body), principal)
        if bucket.account_id != principal.account_id:
            raise Refused(
                409,
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all "
                "users of the system. Please select a different name and try again.",
            )
        if bucket.region_name != "us-east-1":
            raise Refused(
                409,
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
            )
        return Response(200, {"Location": f"/{name}"})

    def _delete_bucket(
        self, request: Request, principal: Principal, bucket: FakeBucket
    ) -> Response:
        keys = self._store.sorted_keys(bucket)
        if keys and keys[0] >= HIDDEN:
            # Keys that are in no listing do not prevent the deletion of the bucket.
            for key in keys:
                bucket.keys.setlist(key.decode(), [])
                dict.pop(bucket.keys, key.decode())
        response = self._store.call(request, principal)
        if response.status == 204:
            self._configurations.pop(bucket.name, None)
            self._notifications.pop(bucket.name, None)
            self._store.bucket_policies.pop(bucket.name, None)
        return response

    def _get_policy(self, _request: Request, _principal: Principal, bucket: FakeBucket) -> Response:
        policy = self._store.bucket_policies.get(bucket.name)
        if policy is None:
            raise Refused(404, "NoSuchBucketPolicy", "The specified bucket does not have a policy.")
        return Response(200, {"Content-Type": "application/json"}, policy)

    def _put_policy(self, request: Request, _principal: Principal, bucket: FakeBucket) -> Response:
        self._store.bucket_policies[bucket.name] = compact(request.body, bucket.name)
        return Response(200)

    def _delete_policy(
        self, _request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        self._store.bucket_policies.pop(bucket.name, None)
        return Response(204)

    def _get_object_lock(
        self, request: Request, principal: Principal, bucket: FakeBucket
    ) -> Response:
        """moto returns both units of a default retention; servers return one."""
        response = self._store.call(request, principal)
        for unit in (b"<Days>0</Days>", b"<Years>0</Years>"):
            response.body = response.body.replace(unit, b"")
        return response

    def _get_notification(
        self, _request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        empty = f'<NotificationConfiguration xmlns="{NAMESPACE}"/>'.encode()
        body = self._notifications.get(bucket.name, empty)
        return Response(200, {"Content-Type": "application/xml"}, body)

    def _put_notification(
        self, request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        """Store the configuration unchanged: the sandbox sends no notifications."""
        if parse_xml(request.body).tag != "NotificationConfiguration":
            raise malformed()
        self._notifications[bucket.name] = request.body
        return Response(200)

    def _put_versioning(
        self, request: Request, principal: Principal, bucket: FakeBucket
    ) -> Response:
        status = parse_xml(request.body).findtext("Status")
        if status not in ("Enabled", "Suspended"):
            raise Refused(
                400,
                "IllegalVersioningConfigurationException",
                "Indicates that the versioning configuration specified in the request is invalid.",
            )
        if bucket.object_lock_enabled:
            raise Refused(
                409,
                "InvalidBucketState",
                "An Object Lock configuration is present on this bucket, so the versioning state "
                "cannot be changed.",
            )
        if status == "Suspended" and bucket.name in self._configurations:
            raise Refused(
                409,
                "InvalidBucketState",
                "A replication configuration is present on this bucket, so you cannot change the "
                "versioning state. To change the versioning state, first delete the replication "
                "configuration.",
            )
        return self._store.call(request, principal)

    def _get_replication(
        self, _request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        configuration = self._configurations.get(bucket.name)
        if configuration is None:
            raise Refused(
                404,
                "ReplicationConfigurationNotFoundError",
                "The replication configuration was not found",
            )
        return Response(200, {"Content-Type": "application/xml"}, configuration.to_xml())

    def _put_replication(
        self, request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        configuration = self.read_configuration(request)
        check_versioning(bucket.versioning_status)
        self._configurations[bucket.name] = configuration
        return Response(200)

    def _delete_replication(
        self, _request: Request, _principal: Principal, bucket: FakeBucket
    ) -> Response:
        self._configurations.pop(bucket.name, None)
        return Response(204)


def _location(body: bytes) -> str:
    return (parse_xml(body).findtext("LocationConstraint") or "") if body.strip() else ""
