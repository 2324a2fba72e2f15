# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages an object: its content, user metadata and tags, if the request has them."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO, Any, Literal

from .._clients import s3_buckets, s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError
from .._clients.s3_objects import Version
from .._documents import names
from .._documents.names import check_characters
from .._documents.replication import PENDING_STATUSES
from .._work import Change, InvalidDocument, Plan, Refused, quote

# The maximum size of one PutObject, in bytes.
METADATA = "metadata entry"
LARGEST = 5 * 1024**3
PIECE = 1024 * 1024
# The slowest connection for which time is allowed, in bytes per second.
SLOWEST = 1024 * 1024
Resend = Literal["never", "failed", "stuck", "unless_completed", "always"]
# Seconds: within five minutes, Backbeat has sent a version or stopped trying (measured).
STUCK_AFTER = 600.0


@dataclass(frozen=True)
class State:
    """The latest version. `matches`: whether its content is the requested one; `tags` None: not read."""

    head: s3_objects.Head
    tags: Mapping[str, str] | None
    matches: bool


@dataclass(frozen=True)
class ObjectRequest:
    """The desired state of an object; None keeps the current one.

    content or src (the path of a file): the object's content. metadata and tags as S3 sends them. resend: the states in
    which the latest version is sent again.
    """

    bucket: str
    key: str
    content: str | None = None
    src: str | None = None
    content_type: str | None = None
    metadata: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    resend: Resend = "never"
    present: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ObjectRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(
            bucket=names.check_bucket_name(options["bucket"]),
            key=names.check_object_key(options["key"]),
            content=options["content"],
            src=options["src"],
            # An empty content type cannot be stored: the server replaces it with its default.
            content_type=options["content_type"] or None,
            metadata=_texts(options["metadata"], METADATA),
            tags=_texts(options["tags"], "tag"),
            resend=options["resend"],
            present=options["state"] == "present",
        )


class Object:
    """The resource "object"."""

    def __init__(self, request: ObjectRequest, api: Api) -> None:
        self.request = request
        self.api = api
        self.bucket = request.bucket
        self.key = request.key
        self.content = request.content
        self.src = request.src
        self.content_type = request.content_type
        self.metadata = request.metadata
        self.tags = request.tags
        self.size, self.md5 = self._measure() if self.request.present else (0, "")

    def read(self) -> State | None:
        head = s3_objects.head_object(self.api, self.bucket, self.key)
        if head is None:
            return None
        tags = (
            None if self.tags is None else s3_objects.object_tags(self.api, self.bucket, self.key)
        )
        return State(head, tags, self.request.present and self._content_matches(head))

    def plan(self, current: State | None) -> Plan[State]:
        if not self.request.present:
            delete = Change[State]("DeleteObject", self._where, self._delete, removes=True)
            return Plan(None, (delete,) if current else ())
        if current is None or not self._same_version(current):
            return Plan(self._predicted(current), (Change("PutObject", self._where, self._put),))
        if self.tags is not None and self.tags != current.tags:
            # Servers replicate a version again when its tags change, except replicas.
            sent = current.head.replication_status not in (None, "REPLICA")
            after = _pending(current) if sent else current
            return Plan(
                replace(after, tags=self.tags),
                (Change("PutObjectTagging", self._where, self._tag),),
            )
        if self._is_to_be_sent_again(current):
            again = Change[State]("PutObjectTagging", self._where, self._send_again)
            return Plan(_pending(current), (again,))
        return Plan(current)

    def _is_to_be_sent_again(self, current: State) -> bool:
        """Whether to send the latest version again. Not for replicas: they would be sent back to their source."""
        status, resend = current.head.replication_status, self.request.resend
        if resend == "never" or status == "REPLICA":
            return False
        if resend == "always" or status == "FAILED":
            return True
        if resend == "unless_completed":
            return status != "COMPLETED"
        return resend == "stuck" and status in PENDING_STATUSES and self._is_stuck(current.head)

    def _is_stuck(self, head: s3_objects.Head) -> bool:
        """Whether a pending version has other roles or another target than the current configuration.

        On servers that do not return a version's roles: whether it has been pending for longer than retries take.
        """
        version = Version(self.key, head.version_id or "null", head.modified or "")
        configuration = s3_buckets.replication(self.api, self.bucket)
        if configuration is None:
            return False
        try:
            stamp = s3_objects.stamp(self.api, self.bucket, version.key, version.version_id)
        except ApiError:
            stamp = {}
        if not stamp:
            limit = self.api.now - timedelta(seconds=STUCK_AFTER)
            return version.modified < limit.isoformat()
        targets = {rule["Destination"]["Bucket"] for rule in configuration["Rules"]}
        return stamp.get("role") != configuration["Role"] or stamp.get("destination") not in targets

    def _send_again(self, before: State | None) -> State | None:
        version_id = before.head.version_id if before else None
        s3_objects.send_again(self.api, self.bucket, self.key, version_id)
        return self.read()

    def describe(self, state: State | None) -> dict[str, Any] | None:
        if state is None:
            return None
        return {
            "bucket": self.bucket,
            "key": self.key,
            "version_id": state.head.version_id,
            "etag": state.head.etag,
            "size": state.head.size,
            "last_modified": state.head.modified,
            "content_type": state.head.content_type,
            "metadata": dict(state.head.metadata),
            "tags": None if state.tags is None else dict(state.tags),
            "replication_status": state.head.replication_status,
        }

    def compared(self, state: State | None) -> dict[str, Any]:
        if state is None:
            return {}
        shown: dict[str, Any] = {"etag": state.head.etag, "size": state.head.size}
        if self.content_type is not None:
            shown["content_type"] = state.head.content_type
        if self.metadata is not None:
            shown["metadata"] = dict(state.head.metadata)
        if state.tags is not None:
            shown["tags"] = dict(state.tags)
        return shown

    @property
    def _where(self) -> str:
        return f"{self.bucket}/{self.key}"

    @property
    def _asks_content(self) -> bool:
        return self.content is not None or self.src is not None

    def _measure(self) -> tuple[int, str]:
        digest, size = hashlib.md5(usedforsecurity=False), 0
        with self._open() as body:
            while piece := body.read(PIECE):
                digest.update(piece)
                size += len(piece)
        if size > LARGEST:
            raise Refused(
                f"{self.src} has {size} bytes; this module puts objects of up to {LARGEST}."
            )
        return size, digest.hexdigest()

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        if self.src is None:
            yield io.BytesIO((self.content or "").encode())
            return
        try:
            with open(os.path.expanduser(self.src), "rb") as body:
                yield body
        except OSError as error:
            raise Refused(
                f"Cannot read the file {self.src} for {self._where}: {error.strerror}. "
                "It is read where the module runs: check src, and that the file exists."
            ) from error

    def _content_matches(self, head: s3_objects.Head) -> bool:
        if not self._asks_content:
            return True
        if head.size not in (None, self.size):
            return False
        if "-" not in head.etag:
            return head.etag == self.md5
        # The ETag of a multipart upload is not a hash of the whole content, so the bytes are compared.
        self._allow_time(head.size or 0)
        digest = hashlib.md5(usedforsecurity=False)
        for piece in s3_objects.object_body(self.api, self.bucket, self.key, head.version_id):
            digest.update(piece)
        return digest.hexdigest() == self.md5

    def _allow_time(self, size: int) -> None:
        """Extend the task's deadline by the time that it takes to send or read so many bytes."""
        self.api.backoff.deadline.extend(size / SLOWEST)

    def _same_version(self, current: State) -> bool:
        same = (
            current.matches
            and self.metadata in (None, self._users_metadata(current))
            and self.content_type in (None, current.head.content_type)
        )
        # Some servers do not return the size; an object of unknown size may have content to lose.
        if not same and not self._asks_content and current.head.size != 0:
            raise Refused(
                f"The object {self._where} at {self.api.endpoint} has other metadata or another content type; "
                "S3 changes these only together with the content: give content or src as well."
            )
        return same

    def _predicted(self, current: State | None) -> State:
        head = s3_objects.Head(
            version_id=None,
            etag=self.md5,
            size=self.size,
            modified=None,
            content_type=self._type(current),
            metadata=self._metadata(current),
        )
        return State(head, self.tags, matches=True)

    def _metadata(self, current: State | None) -> Mapping[str, str]:
        if self.metadata is not None:
            return self.metadata
        return self._users_metadata(current) if current else {}

    def _users_metadata(self, current: State) -> Mapping[str, str]:
        """The metadata without the names that Backbeat adds, unless the request has them."""
        return {
            name: value
            for name, value in current.head.metadata.items()
            if not name.endswith("replication-status") or name in (self.metadata or {})
        }

    def _type(self, current: State | None) -> str | None:
        if self.content_type is not None:
            return self.content_type
        return current.head.content_type if current else None

    def _put(self, before: State | None) -> State | None:
        # New content is a new version without tags, so values that the request leaves alone are copied.
        tags = self.tags
        if tags is None and before is not None:
            tags = s3_objects.object_tags(self.api, self.bucket, self.key)
        self._allow_time(self.size)
        with self._open() as body:
            s3_objects.put_object(
                self.api,
                self.bucket,
                self.key,
                body,
                metadata=self._metadata(before),
                tags=tags or {},
                content_type=self._type(before),
            )
        return self.read()

    def _tag(self, before: State | None) -> State | None:
        s3_objects.put_object_tags(self.api, self.bucket, self.key, self.tags or {})
        return before and replace(before, tags=self.tags)

    def _delete(self, _before: State | None) -> None:
        s3_objects.delete_object(self.api, self.bucket, self.key)


def _pending(current: State) -> State:
    return replace(current, head=replace(current.head, replication_status="PENDING"))


def _texts(values: Mapping[str, Any] | None, what: str) -> dict[str, str] | None:
    """Names and values as S3 stores them.

    Metadata are headers: names in lower case, as botocore returns them, and no blanks around values. XML changes
    control characters in tags.
    """
    if values is None:
        return None
    found = {}
    for name, value in values.items():
        if value is None:
            raise InvalidDocument(
                f"The {what} {quote(str(name))} has no value: give it one, or leave it out."
            )
        text = str(value).lower() if isinstance(value, bool) else str(value)
        for part in (str(name), text):
            check_characters(part, f"{what} {quote(str(name))}:")
        found[str(name).lower() if what == METADATA else str(name)] = (
            text.strip() if what == METADATA else text
        )
    return found
