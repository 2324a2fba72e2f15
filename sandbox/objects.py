# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replication of each version: its status, and the roles that were stamped on it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey

from .settings import Settings
from .store import Store, Version


@dataclass
class SiteStatus:
    """The replication of one version to one site; times in seconds since the epoch, 0 for never.

    attempts: how many have failed; changed: when the status was last written; failed: when it last became FAILED;
    unlisted: when it leaves the list of failures after a retry; copy: the version id of its copy in a public cloud.
    """

    status: str = "PENDING"
    attempts: int = 0
    changed: float = 0.0
    failed: float = 0.0
    unlisted: float = 0.0
    copy: str = ""

    def is_listed(self, settings: Settings) -> bool:
        """Whether it is in the list of failures."""
        now = time.time()
        recent = now - self.failed < settings.failures_kept
        return recent and (self.status == "FAILED" or now < self.unlisted)


@dataclass
class Replication:
    """The replication of one version.

    status: PENDING, PROCESSING, COMPLETED, FAILED or REPLICA; bucket: the name of the version's bucket; sites: the
    status by site; role, destination, storage_class: the configuration's when the version was written; reason: why the
    last attempt failed, or why there are no further ones; stamp: the number of this status, with which older orders are
    invalid; unversioned: a replica that was stored while its bucket's versioning was not Enabled; unreadable: it is in
    listings, but HEAD and GET do not find it.
    """

    status: str
    bucket: str = ""
    role: str = ""
    destination: str = ""
    storage_class: str = ""
    sites: dict[str, SiteStatus] = field(default_factory=dict)
    reason: str = ""
    stamp: int = 0
    unversioned: bool = False
    unreadable: bool = False

    def set_site(self, site: str, status: str) -> None:
        """Set a site's status, and the version's from those of all sites."""
        self.sites[site].status, self.sites[site].changed = status, time.time()
        statuses = [one.status for one in self.sites.values()]
        if "FAILED" in statuses:
            self.status = "FAILED"
        else:
            self.status = "PROCESSING" if "PENDING" in statuses else "COMPLETED"

    def as_dict(self) -> dict[str, Any]:
        """The form in an object's metadata in CloudServer."""
        return {
            "status": self.status,
            "backends": [
                {"site": site, "status": one.status, "dataStoreVersionId": one.copy}
                for site, one in self.sites.items()
            ],
            "content": ["DATA", "METADATA"] if self.sites else [],
            "destination": self.destination,
            "storageClass": self.storage_class or ",".join(self.sites),
            "role": self.role,
            "storageType": "",
            "dataStoreVersionId": "",
        }


def size_of(version: Version) -> int:
    return version.size if isinstance(version, FakeKey) else 0


class Replications:
    """The replications by version in an environment; entries vanish with their versions."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Version, Replication] = WeakKeyDictionary()

    def get(self, version: Version | None) -> Replication | None:
        return None if version is None else self._known.get(version)

    def set(self, version: Version, replication: Replication) -> None:
        self._known[version] = replication

    def items(self) -> list[tuple[Version, Replication]]:
        return list(self._known.items())

    def clear(self) -> None:
        self._known.clear()


def facts_of(store: Store, bucket: FakeBucket, version: Version) -> dict[str, Any]:
    """The attributes that a replica has in common with its source version, without the data."""
    facts: dict[str, Any] = {
        "key": version.name,
        "version_id": str(version.version_id),
        "last_modified": version.last_modified.isoformat(),
        "marker": isinstance(version, FakeDeleteMarker),
    }
    if isinstance(version, FakeKey):
        tags = store.s3(bucket.account_id).tagger.get_tag_dict_for_resource(version.arn)
        facts.update(
            etag=version.etag.strip('"'),
            metadata=dict(version.metadata),
            storage=version.storage_class,
            tags=tags,
        )
    return facts


def put_replica(
    store: Store, known: Replications, bucket: FakeBucket, facts: dict[str, Any], data: bytes
) -> None:
    """Store a replica with the source's version id, in addition to other versions or in place of them.

    If versioning is not Enabled, only the latest replica of a key survives, as on CloudServer.
    """
    versioned = bucket.versioning_status is not None
    key = FakeKey(
        name=facts["key"],
        bucket_name=bucket.name,
        value=data,
        account_id=bucket.account_id,
        region_name=bucket.region_name,
        storage=facts.get("storage"),
        etag=facts.get("etag"),
        is_versioned=versioned,
        version_id=facts["version_id"],
    )
    new: Version = FakeDeleteMarker(key=key) if facts["marker"] else key
    new.last_modified = datetime.fromisoformat(facts["last_modified"])
    new._version_id = facts["version_id"]
    store.changed(bucket.name)
    before = store.versions(bucket, key.name)
    kept = [one for one in before if _survives(one, new, bucket, known)]
    known.set(new, Replication("REPLICA", bucket.name, unversioned=not bucket.is_versioned))
    bucket.keys.setlist(key.name, _placed(kept, new))
    if new is key:
        key.set_metadata(dict(facts["metadata"]), replace=True)
        store.s3(bucket.account_id).put_object_tagging(key, facts["tags"])
    if any(one.version_id == new.version_id for one in before):
        written_again(known, bucket, new)


def _placed(kept: list[Version], new: Version) -> list[Version]:
    """The versions including the new one, oldest first.

    CloudServer's version ids contain the time of writing, and order the versions. `null` does not: when it is
    replicated, it becomes the current version.
    """
    if new.version_id == "null":
        return [*kept, new]
    for number, one in enumerate(kept):
        if one.version_id != "null" and one.last_modified > new.last_modified:
            return [*kept[:number], new, *kept[number:]]
    return [*kept, new]


def put_copy(store: Store, bucket: FakeBucket, facts: dict[str, Any], data: bytes) -> None:
    """Store a copy as a public cloud does: with the cloud's own version id, date and ETag.

    An existing copy gets the tags, because nothing else can have changed. In a bucket with default encryption, ETags
    are not digests of the content.
    """
    there = store.version(bucket, facts["key"], facts["copy"])
    if isinstance(there, FakeKey):
        store.s3(bucket.account_id).put_object_tagging(there, facts["tags"])
        return
    key = FakeKey(
        name=facts["key"],
        bucket_name=bucket.name,
        value=data,
        account_id=bucket.account_id,
        region_name=bucket.region_name,
        is_versioned=True,
        version_id=facts["copy"],
        etag=uuid.uuid4().hex if bucket.encryption else None,
        encryption="aws:kms" if bucket.encryption else None,
    )
    new: Version = FakeDeleteMarker(key=key) if facts["marker"] else key
    new._version_id = facts["copy"]
    store.changed(bucket.name)
    bucket.keys.setlist(key.name, [*store.versions(bucket, key.name), new])
    if new is key:
        own = {
            "x-amz-meta-scal-replication-status": "REPLICA",
            "x-amz-meta-scal-version-id": facts["version_id"],
        }
        key.set_metadata({**own, **facts["metadata"]}, replace=True)
        store.s3(bucket.account_id).put_object_tagging(key, facts["tags"])


def written_again(known: Replications, bucket: FakeBucket, version: Version) -> None:
    """Update the key's `null` replica after its newest other version was written again, also by tags.

    The `null` version stays in listings, but is not found any more.
    """
    versions = bucket.keys.getlist(version.name, [])
    null = next((one for one in versions if one.version_id == "null"), None)
    replication = known.get(null)
    if null is None or null is version or replication is None or replication.status != "REPLICA":
        return
    newest = max((one for one in versions if one is not null), key=lambda one: one.last_modified)
    if newest is version:
        replication.unreadable = True
        others = [one for one in versions if one is not newest]
        bucket.keys.setlist(version.name, [*others, newest])


def _survives(one: Version, new: Version, bucket: FakeBucket, known: Replications) -> bool:
    if str(one.version_id) == str(new.version_id):
        return False
    replication = known.get(one)
    unversioned = replication is not None and replication.unversioned
    return bucket.is_versioned or not (unversioned or str(one.version_id) == "null")


def metadata_document(bucket: FakeBucket, version: Version, known: Replications) -> str:
    """The response of GET /_/backbeat/metadata: the object's metadata as a string in an object."""
    replication = known.get(version) or Replication("")
    marker = isinstance(version, FakeDeleteMarker)
    metadata: dict[str, Any] = {
        "owner-id": bucket.account_id,
        "key": version.name,
        "versionId": str(version.version_id),
        "last-modified": version.last_modified.isoformat(timespec="milliseconds") + "Z",
        "isDeleteMarker": marker,
        "content-length": 0,
        "replicationInfo": replication.as_dict(),
    }
    if isinstance(version, FakeKey):
        metadata["content-length"] = version.size
        metadata["content-md5"] = version.etag.strip('"')
    return json.dumps({"Body": json.dumps(metadata)})
