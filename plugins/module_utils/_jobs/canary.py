# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A canary: a small object that is put on the source, must be replicated to the target, and is removed on both
sides."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._clients import s3_buckets, s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError, NotFound, Unreachable, Unsupported
from .._documents import names
from .._queries.object_check import ObjectCheck, ObjectCheckRequest, Replica
from .._waiting import Backoff
from .._work import Unsatisfied
from .job import Control, Job

BODY = b"Put to prove that replication works; it may be deleted.\n"
#: More versions than repeated puts after lost responses can make.
MOST_VERSIONS = 100
#: Seconds in which a server may still put an object after the call was interrupted.
LATE = 2.0


@dataclass(frozen=True)
class CanaryRequest:
    """The object's source and target, and how long to wait.

    key: its key, unique to the run, so that no other object is affected. timeout, max_delay: in seconds.
    """

    source_bucket: str
    target_bucket: str
    key: str
    timeout: float = 300.0
    max_delay: float = 5.0

    @classmethod
    def from_options(cls, options: Mapping[str, Any], prefix: str = "") -> CanaryRequest:
        """From the options of a task: {source_bucket, target_bucket, key, wait_timeout, wait_max_delay}.

        `key` is the beginning of the object's key, after `prefix`; the rest is generated here. Raises InvalidDocument.
        """
        return cls(
            names.check_bucket_name(options["source_bucket"]),
            names.check_bucket_name(options["target_bucket"]),
            names.check_object_key(f"{prefix}{options['key']}-{uuid.uuid4()}"),
            options["wait_timeout"],
            options["wait_max_delay"],
        )


@dataclass
class Outcome:
    """The outcome of a canary.

    not_put, not_replicated: the failure, if any. seen: the last state of the object and its replica, None if it was not
    put. changes: the writes, in order. left_behind: by "source" or "target", which versions could not be removed, and
    why.
    """

    seen: dict[str, Any] | None = None
    not_put: Unsatisfied | None = None
    not_replicated: Unsatisfied | None = None
    left_behind: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    @property
    def failure(self) -> Unsatisfied | None:
        return self.not_put or self.not_replicated

    @property
    def warnings(self) -> list[str]:
        return [f"{side}: {text}" for side, text in self.left_behind.items()]


class Upload:
    """Uploads one new version of an object. versions: the ids that the server returned."""

    def __init__(self, api: Api, bucket: str, key: str) -> None:
        self.api, self.bucket, self.key = api, bucket, key
        self.versions: list[str | None] = []
        self._lost = False
        self._interrupted = False

    def put(self, control: Control, body: bytes, content_type: str | None = None) -> str | None:
        """Put it, again if necessary. Returns the version id. Raises ApiError."""
        while True:
            try:
                version, _etag = s3_objects.put_object(
                    self.api,
                    self.bucket,
                    self.key,
                    body,
                    metadata={},
                    tags={},
                    content_type=content_type,
                )
                self.versions = [version]
                return version
            except BaseException as error:
                # The object may have been put although the call was interrupted or had no response.
                self._interrupted = not isinstance(error, ApiError)
                self._lost = self._lost or not isinstance(error, ApiError) or error.unsure
                if not isinstance(error, Unreachable):
                    raise
                control.check(f"putting {self.bucket}/{self.key}")
                if not self.api.backoff.pause():
                    raise
            found = s3_objects.head_object(self.api, self.bucket, self.key)
            if found is not None:
                self.versions = [found.version_id]
                return found.version_id

    def made(self, api: Api, bucket: str) -> list[str | None]:
        """The ids of the versions to remove from this bucket; after a lost response, all versions of the key."""
        if not self._lost:
            return self.versions
        pauses = Backoff(LATE if self._interrupted and api is self.api else 0.0)
        while True:
            found, _all = s3_objects.versions(api, bucket, self.key, MOST_VERSIONS)
            if found or not pauses.pause():
                return [one.version_id for one in found]


class Canary(Job):
    """One canary. After an error, a timeout or an interrupt it is removed on both sides too."""

    def __init__(self, request: CanaryRequest, source: Api, target: Api) -> None:
        self.request = request
        self.source, self.target = source, target
        self._upload = Upload(source, request.source_bucket, request.key)

    def predict(self, control: Control) -> dict[str, Any]:
        return {"canary": None, "changes": self.planned()}

    def run(self, control: Control) -> dict[str, Any]:
        outcome = self.attempt(control)
        result = {
            "canary": outcome.seen,
            "changes": outcome.changes,
            "warnings": outcome.warnings,
        }
        if outcome.failure:
            raise outcome.failure.with_seen(result)
        return result

    def attempt(self, control: Control) -> Outcome:
        """Put it, wait for the replica, and remove both. Errors are in the outcome."""
        outcome = Outcome()
        try:
            self._prove(control, outcome)
        finally:
            self._remove(outcome)
        return outcome

    def planned(self) -> list[str]:
        """The changes that `run` would make, as text."""
        where, to = (
            f"{bucket}/{self.request.key}"
            for bucket in (self.request.source_bucket, self.request.target_bucket)
        )
        return [f"PutObject {where}", f"DeleteObject {where}", f"DeleteObject {to}"]

    def _prove(self, control: Control, outcome: Outcome) -> None:
        request = self.request
        try:
            version = self._upload.put(control, BODY, "text/plain")
        except ApiError as error:
            outcome.not_put = Unsatisfied(str(error), {})
            return
        outcome.changes.append(self.planned()[0])
        wanted = ObjectCheckRequest(
            bucket=request.source_bucket,
            key=request.key,
            version_id=version,
            replica=Replica(request.target_bucket, request.key),
            timeout=request.timeout,
            max_delay=request.max_delay,
            just_put=True,
        )
        check = ObjectCheck(
            wanted, self.source, self.target, progress=control.lines, sleep=control.sleep
        )
        try:
            outcome.seen = check.run()
        except Unsatisfied as unsatisfied:
            outcome.not_replicated, outcome.seen = unsatisfied, unsatisfied.seen
        except ApiError as error:
            outcome.not_replicated = Unsatisfied(str(error), {})
            outcome.seen = {}

    def _remove(self, outcome: Outcome) -> None:
        """Delete the object, first at the source: until then it can still be replicated."""
        key = self.request.key
        for side, api, bucket in (
            ("source", self.source, self.request.source_bucket),
            ("target", self.target, self.request.target_bucket),
        ):
            try:
                api.backoff.restart()
                for version in self._upload.made(api, bucket):
                    _delete(api, bucket, key, version)
                    outcome.changes.append(f"DeleteObject {bucket}/{key}")
            except ApiError as error:
                versions = ", ".join(filter(None, self._upload.versions)) or "unknown"
                outcome.left_behind[side] = f"{key}, version {versions}: {error}"


def _delete(api: Api, bucket: str, key: str, version_id: str | None) -> None:
    """Delete a version, again if necessary: the call is idempotent."""
    while True:
        try:
            s3_objects.delete_object(api, bucket, key, version_id)
            return
        except NotFound:
            return
        except Unreachable:
            if not api.backoff.pause():
                raise


def retentions(*places: tuple[Api, str]) -> tuple[list[str], list[str]]:
    """The buckets with a default retention, which prevents removing objects, such as "bucket (COMPLIANCE, 1 day)".

    The second list has a sentence for each bucket whose retention could not be read.
    """
    kept: list[str] = []
    unknown: list[str] = []
    for api, bucket in places:
        try:
            retention = s3_buckets.default_retention(api, bucket)
        except Unsupported:
            # A server without object lock.
            continue
        except Unreachable:
            raise
        except ApiError as error:
            unknown.append(
                f"It is unknown whether the bucket {bucket} has a default retention; an object is put anyway. {error}"
            )
            continue
        if retention:
            kept.append(f"{bucket} ({retention})")
    return kept, unknown
