# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A canary: a small object that is put on the source, has to arrive on the target, and is removed on both sides.

A preflight may end with one: it checks a pair, then tries to prove replication.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._clients import s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError, NotFound, Unreachable
from .._clients.session import Connections
from .._documents import names
from .._documents.names import check_object_key
from .._queries.object_check import ObjectCheck, ObjectCheckRequest, Replica
from .._queries.preflight.preflight import Examination, Preflight, PreflightRequest
from .._waiting import Progress
from .._work import Query, Unsatisfied
from .job import Control, Job

BODY = b"Put to prove that replication works; it may be deleted.\n"
#: More versions than a few lost answers can make.
MOST_VERSIONS = 100


@dataclass(frozen=True)
class CanaryRequest:
    """Where the object is put and expected, and how long to wait.

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

        `key` is its beginning, after `prefix`; the rest is made here. Raises InvalidDocument.
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
    """What became of a canary. not_put, not_replicated: the errors as sentences, empty if there was none.

    seen: what was last read of the object and its replica, None if it was not put. changes: the writes, in order.
    left_behind: by "source" or "target", which versions could not be removed, and why.
    """

    seen: dict[str, Any] | None = None
    not_put: str = ""
    not_replicated: str = ""
    left_behind: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)


class Upload:
    """One new version of an object. versions: the ids of what was put, as far as the server told."""

    def __init__(self, api: Api, bucket: str, key: str) -> None:
        self.api, self.bucket, self.key = api, bucket, key
        self.versions: list[str | None] = []
        self._lost = False

    def put(self, control: Control, body: bytes, content_type: str | None = None) -> str | None:
        """Returns its version id. Raises ApiError."""
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
                # Interrupted or without an answer, it may have been put all the same.
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
        """What the put made in this bucket, its source or target; after a lost answer whatever has the key."""
        if not self._lost:
            return self.versions
        found, _all = s3_objects.versions(api, bucket, self.key, MOST_VERSIONS)
        return [one.version_id for one in found]


class Canary(Job):
    """One canary. It is removed on both sides also after an error, a timeout or an interrupt."""

    def __init__(self, request: CanaryRequest, source: Api, target: Api) -> None:
        self.request = request
        self.source, self.target = source, target
        self._upload = Upload(source, request.source_bucket, request.key)

    def predict(self, control: Control) -> dict[str, Any]:
        return {"canary": None, "changes": self.planned()}

    def run(self, control: Control) -> dict[str, Any]:
        outcome = self.attempt(control)
        left = [f"{side}: {text}" for side, text in outcome.left_behind.items()]
        result = {"canary": outcome.seen, "changes": outcome.changes, "warnings": left}
        failed = outcome.not_put or outcome.not_replicated
        if failed:
            raise Unsatisfied(failed, result)
        return result

    def attempt(self, control: Control) -> Outcome:
        """Put it, wait for the replica, remove both. Errors are in the outcome."""
        outcome = Outcome()
        try:
            self._prove(control, outcome)
        finally:
            self._remove(outcome)
        return outcome

    def planned(self) -> list[str]:
        """The changes that it makes, as text."""
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
            outcome.not_put = str(error)
            return
        outcome.changes.append(self.planned()[0])
        wanted = ObjectCheckRequest(
            bucket=request.source_bucket,
            key=request.key,
            version_id=version,
            replica=Replica(request.target_bucket, request.key),
            timeout=request.timeout,
            max_delay=request.max_delay,
        )
        check = ObjectCheck(
            wanted, self.source, self.target, progress=control.lines, sleep=control.sleep
        )
        try:
            outcome.seen = check.run()
        except Unsatisfied as unsatisfied:
            outcome.not_replicated = str(unsatisfied)
            outcome.seen = unsatisfied.seen
        except ApiError as error:
            outcome.not_replicated = str(error)
            outcome.seen = {}

    def _remove(self, outcome: Outcome) -> None:
        """Delete what was put: on the source first, since until then a replica can still arrive."""
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
    """Delete a version until it is gone; a repetition does no harm."""
    while True:
        try:
            s3_objects.delete_object(api, bucket, key, version_id)
            return
        except NotFound:
            return
        except Unreachable:
            if not api.backoff.pause():
                raise


@dataclass(frozen=True)
class CanaryOptions:
    """key: the beginning of the object's key, after the rule's prefix. timeout, max_delay: of waiting, in seconds."""

    key: str
    timeout: float
    max_delay: float


@dataclass(frozen=True)
class ProvedPreflightRequest:
    """A preflight, and the canary that follows it; None: without one."""

    preflight: PreflightRequest
    canary: CanaryOptions | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ProvedPreflightRequest:
        """From the options of a task. Raises InvalidDocument."""
        asked = options["canary"]
        canary = asked and CanaryOptions(
            check_object_key(asked["key"]), asked["wait_timeout"], asked["wait_max_delay"]
        )
        return cls(PreflightRequest.from_options(options), canary or None)


def build(request: ProvedPreflightRequest, connections: Connections) -> Query:
    """The query alone if no canary is requested."""
    preflight = Preflight.build(request.preflight, connections)
    if request.canary is None:
        return preflight
    return ProvedPreflight(preflight, request.canary, connections.check_mode, connections.progress)


class ProvedPreflight(Query):
    """A preflight, then a canary."""

    def __init__(
        self,
        preflight: Preflight,
        canary: CanaryOptions,
        check_mode: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.preflight = preflight
        self.canary = canary
        self.check_mode = check_mode
        self.progress = progress or Progress()

    def run(self) -> dict[str, Any]:
        examination = self.preflight.examine()
        obstacle = "In check mode no object is put." if self.check_mode else examination.obstacle
        seen = None
        # In check mode, what a run would do.
        changed = not examination.obstacle
        if obstacle:
            examination.findings.add("canary-not-tried", examination.source.place, obstacle)
        else:
            outcome = self._prove(examination)
            seen, changed = outcome.seen, bool(outcome.changes)
        return self.preflight.report(examination, canary=seen, changed=changed)

    def _prove(self, examination: Examination) -> Outcome:
        """Let a canary prove that objects are replicated, and report what it shows as findings."""
        source, target, findings = examination.source, examination.target, examination.findings
        here, there = source.s3.api, target.s3.api
        if here is None or there is None:
            return Outcome()
        request = CanaryRequest(
            source.bucket,
            target.bucket,
            f"{examination.prefix}{self.canary.key}-{uuid.uuid4()}",
            self.canary.timeout,
            self.canary.max_delay,
        )
        outcome = Canary(request, here, there).attempt(Control(lines=self.progress))
        if outcome.not_put:
            findings.add("canary-not-put", source.place, outcome.not_put)
        if outcome.not_replicated:
            findings.add("canary-not-replicated", source.place, outcome.not_replicated)
        for side in (source, target):
            if side.name in outcome.left_behind:
                findings.add("canary-left-behind", side.place, outcome.left_behind[side.name])
        return outcome
