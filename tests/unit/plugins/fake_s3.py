# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 server in memory, with the calls that the collection uses."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from .fake_client import FakeClient, refusal

MODIFIED = datetime(2026, 11, 22, 17, 21, 14, tzinfo=timezone.utc)


class FakeS3(FakeClient):
    """An S3 server with buckets by name; an object is a list of versions, newest last, as in HEAD and GET."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets: dict[str, dict[str, Any]] = {}

    def _add(self, name: str, **differences: Any) -> dict[str, Any]:
        """Create a bucket as another client."""
        bucket = {
            "versioning": "",
            "location": "",
            "replication": None,
            "objects": {},
            "foreign": False,
            "object_lock": False,
            **differences,
        }
        self.buckets[name] = bucket
        return bucket

    def _bucket(self, name: str) -> dict[str, Any]:
        if name not in self.buckets:
            raise refusal("NoSuchBucket", "The specified bucket does not exist", 404)
        if self.buckets[name]["foreign"]:
            raise refusal("AccessDenied", "Access Denied", 403)
        return self.buckets[name]

    # Buckets

    def list_buckets(self) -> Mapping[str, Any]:
        return {"Buckets": [{"Name": name} for name in self.buckets]}

    def get_bucket_versioning(self, Bucket: str) -> Mapping[str, Any]:
        status = self._bucket(Bucket)["versioning"]
        return {"Status": status} if status else {}

    def get_bucket_location(self, Bucket: str) -> Mapping[str, Any]:
        return {"LocationConstraint": self._bucket(Bucket)["location"]}

    def list_object_versions(
        self,
        Bucket: str,
        MaxKeys: int,
        Prefix: str = "",
        KeyMarker: str = "",
        VersionIdMarker: str = "",
    ) -> Mapping[str, Any]:
        """The versions in the order of their keys, the newest of a key first; delete markers count too."""
        entries = [
            (key, version)
            for key, versions in sorted(self._bucket(Bucket)["objects"].items())
            for version in reversed(versions)
            if key.startswith(Prefix)
        ]
        if KeyMarker:
            ids = [(key, version["VersionId"]) for key, version in entries]
            entries = entries[ids.index((KeyMarker, VersionIdMarker)) + 1 :]
        page = entries[:MaxKeys]
        answer: dict[str, Any] = {"Versions": [], "DeleteMarkers": []}
        for key, version in page:
            kind = "DeleteMarkers" if "marker" in version else "Versions"
            shown = {name: version[name] for name in ("VersionId", "LastModified")}
            answer[kind].append({"Key": key, **shown})
        if len(page) < len(entries):
            key, version = page[-1]
            answer |= {
                "IsTruncated": True,
                "NextKeyMarker": key,
                "NextVersionIdMarker": version["VersionId"],
            }
        return answer

    def create_bucket(
        self, Bucket: str, CreateBucketConfiguration: Mapping[str, str] | None = None
    ) -> None:
        location = (CreateBucketConfiguration or {}).get("LocationConstraint", "")
        if Bucket in self.buckets:
            if self.buckets[Bucket]["foreign"]:
                raise refusal("BucketAlreadyExists", "The bucket exists", 409)
            if location not in ("", "us-east-1"):
                raise refusal("BucketAlreadyOwnedByYou", "The bucket is yours", 409)
            return
        self._add(Bucket, location=location)

    def put_bucket_versioning(
        self, Bucket: str, VersioningConfiguration: Mapping[str, str]
    ) -> None:
        bucket, status = self._bucket(Bucket), VersioningConfiguration["Status"]
        if bucket["object_lock"]:
            raise refusal("InvalidBucketState", "An Object Lock configuration is present", 409)
        if status == "Suspended" and bucket["replication"]:
            raise refusal("InvalidBucketState", "A replication configuration is present", 409)
        bucket["versioning"] = status

    def delete_bucket(self, Bucket: str) -> None:
        if self._bucket(Bucket)["objects"]:
            raise refusal("BucketNotEmpty", "The bucket is not empty", 409)
        del self.buckets[Bucket]

    # Replication

    def get_bucket_replication(self, Bucket: str) -> Mapping[str, Any]:
        stored = self._bucket(Bucket)["replication"]
        if stored is None:
            raise refusal("ReplicationConfigurationNotFoundError", "No configuration", 404)
        return {"ReplicationConfiguration": stored}

    def put_bucket_replication(
        self, Bucket: str, ReplicationConfiguration: Mapping[str, Any]
    ) -> None:
        """As CloudServer does, generate missing IDs."""
        rules = [
            {"ID": f"made-up-{number}", **rule}
            for number, rule in enumerate(ReplicationConfiguration["Rules"])
        ]
        self._bucket(Bucket)["replication"] = {**ReplicationConfiguration, "Rules": rules}

    def delete_bucket_replication(self, Bucket: str) -> None:
        self._bucket(Bucket)["replication"] = None

    # Objects

    def _put(self, bucket: str, key: str, body: bytes = b"", **differences: Any) -> dict[str, Any]:
        """Put a version as another client."""
        versions = self.buckets[bucket]["objects"].setdefault(key, [])
        version = {
            "VersionId": f"{key}-{len(versions) + 1}",
            "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
            "ContentLength": len(body),
            "LastModified": MODIFIED,
            "ContentType": "binary/octet-stream",
            "Metadata": {},
            "body": body,
            "tags": {},
            **differences,
        }
        versions.append(version)
        return version

    def _version(self, bucket: str, key: str, version_id: str | None) -> dict[str, Any]:
        versions = self.buckets.get(bucket, {"objects": {}})["objects"].get(key, [])
        for version in reversed(versions):
            if version_id in (None, version["VersionId"]):
                if "marker" in version:
                    break
                return version
        raise refusal("NoSuchKey", "The specified key does not exist", 404)

    def head_object(self, Bucket: str, Key: str, VersionId: str | None = None) -> Mapping[str, Any]:
        """Responses to HEAD have no body, so the error code is the status."""
        if self.buckets.get(Bucket, {}).get("foreign"):
            raise refusal("403", "Forbidden", 403)
        try:
            version = self._version(Bucket, Key, VersionId)
        except ClientError as error:
            raise refusal("404", "Not Found", 404) from error
        return {name: value for name, value in version.items() if name[0].isupper()}

    def get_object(self, Bucket: str, Key: str, VersionId: str | None = None) -> Mapping[str, Any]:
        body = self._version(Bucket, Key, VersionId)["body"]
        return {"Body": StreamingBody(io.BytesIO(body), len(body))}

    def put_object(
        self,
        Bucket: str,
        Key: str,
        Body: Any,
        Metadata: Mapping[str, str],
        ContentType: str = "binary/octet-stream",
        Tagging: str = "",
    ) -> Mapping[str, Any]:
        self._bucket(Bucket)
        version = self._put(
            Bucket,
            Key,
            Body.read(),
            Metadata=dict(Metadata),
            ContentType=ContentType,
            tags=dict(parse_qsl(Tagging, keep_blank_values=True)),
        )
        return {"VersionId": version["VersionId"], "ETag": version["ETag"]}

    def delete_object(self, Bucket: str, Key: str) -> Mapping[str, Any]:
        marker = self._put(Bucket, Key, marker=True)
        return {"VersionId": marker["VersionId"]}

    def get_object_tagging(
        self, Bucket: str, Key: str, VersionId: str | None = None
    ) -> Mapping[str, Any]:
        tags = self._version(Bucket, Key, VersionId)["tags"]
        return {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}

    def put_object_tagging(
        self, Bucket: str, Key: str, Tagging: Mapping[str, Any], VersionId: str | None = None
    ) -> None:
        tags = {tag["Key"]: tag["Value"] for tag in Tagging["TagSet"]}
        self._version(Bucket, Key, VersionId)["tags"] = tags
