# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Forbidden,
    NotFound,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources import object as module
from ansible_collections.scality.backbeat.plugins.module_utils._resources.object import (
    Object,
    ObjectRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Deadline
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument, Refused

from ...fake_client import ENDPOINT, lost
from ...fake_s3 import FakeS3
from ...runs import converge, run

PUT, TAG, DELETE = "PutObject source/key", "PutObjectTagging source/key", "DeleteObject source/key"


def md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@pytest.fixture
def s3() -> FakeS3:
    server = FakeS3()
    server._add("source", versioning="Enabled")
    return server


def an_object(s3: FakeS3, **options: Any) -> Object:
    defaults = {
        "bucket": "source",
        "key": "key",
        "content": None,
        "src": None,
        "content_type": None,
        "metadata": None,
        "tags": None,
        "resend": "never",
        "state": "present",
    }
    return Object(ObjectRequest.from_options({**defaults, **options}), s3.api())


def latest(s3: FakeS3) -> dict[str, Any]:
    return s3.buckets["source"]["objects"]["key"][-1]


def test_a_new_object_is_empty_by_default(s3: FakeS3) -> None:
    predicted, done = converge(s3, lambda: an_object(s3))
    assert done["changes"] == [PUT]
    assert done["it"] == {
        "bucket": "source",
        "key": "key",
        "version_id": "key-1",
        "etag": md5(b""),
        "size": 0,
        "last_modified": "2026-11-22T17:21:14+00:00",
        "content_type": "binary/octet-stream",
        "metadata": {},
        "tags": None,
        "replication_status": None,
    }
    unknown = {"version_id": None, "last_modified": None, "content_type": None}
    assert predicted["it"] == {**done["it"], **unknown}


def test_a_new_object_is_put_as_requested(s3: FakeS3) -> None:
    asked = {
        "content": "Grüße\n",
        "content_type": "text/plain",
        "metadata": {"Author": "Operations", "count": 3, "final": True},
        "tags": {"Month": "november & more", "n": 1},
    }
    predicted, done = converge(s3, lambda: an_object(s3, **asked))
    assert latest(s3)["body"] == "Grüße\n".encode()
    assert latest(s3)["ContentType"] == "text/plain"
    assert done["it"]["metadata"] == {"author": "Operations", "count": "3", "final": "true"}
    assert done["it"]["tags"] == {"Month": "november & more", "n": "1"}
    assert predicted["diff"] == done["diff"]


def test_a_file_is_put(s3: FakeS3, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\0" * 3_000_000)
    _, done = converge(s3, lambda: an_object(s3, src=str(path)))
    assert (done["it"]["size"], done["it"]["etag"]) == (3_000_000, md5(path.read_bytes()))


def test_a_missing_file_is_named(s3: FakeS3, tmp_path: Path) -> None:
    with pytest.raises(
        Refused, match=r"Cannot read the file .*missing for source/key: No such file"
    ):
        an_object(s3, src=str(tmp_path / "missing"))


def test_a_file_that_is_too_large_is_refused(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 3)
    (tmp_path / "file").write_bytes(b"1234")
    with pytest.raises(Refused, match="has 4 bytes; this module puts objects of up to 3"):
        an_object(s3, src=str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, []),
        ({"content": "old"}, []),
        ({"content": "new"}, [PUT]),
        ({"content": "other"}, [PUT]),
        ({"metadata": {"a": "1"}}, []),
        ({"content": "old", "metadata": {"a": "2"}}, [PUT]),
        ({"content": "old", "metadata": {}}, [PUT]),
        ({"content_type": "text/plain"}, []),
        ({"content": "old", "content_type": "text/html"}, [PUT]),
        ({"tags": {"t": "1"}}, []),
        ({"tags": {"t": "2"}}, [TAG]),
        ({"tags": {}}, [TAG]),
        ({"content": "new", "tags": {"t": "2"}}, [PUT]),
    ],
)
def test_only_requested_values_are_compared(
    s3: FakeS3, options: dict[str, Any], changes: list[str]
) -> None:
    there = {"Metadata": {"a": "1"}, "ContentType": "text/plain", "tags": {"t": "1"}}
    s3._put("source", "key", b"old", **there)
    _, done = converge(s3, lambda: an_object(s3, **options))
    assert done["changes"] == changes
    assert latest(s3)["tags"] == options.get("tags", {"t": "1"})
    assert latest(s3)["Metadata"] == options.get("metadata", {"a": "1"})
    assert latest(s3)["ContentType"] == options.get("content_type", "text/plain")
    assert latest(s3)["body"] == options.get("content", "old").encode()


def test_backbeats_metadata_is_not_a_difference_and_is_not_sent_back(s3: FakeS3) -> None:
    added = {"paris-replication-status": "COMPLETED"}
    s3._put("source", "key", b"old", Metadata={"a": "1", **added})
    assert run(an_object(s3, content="old", metadata={"a": "1"}))["changes"] == []
    run(an_object(s3, content="new"))
    assert latest(s3)["Metadata"] == {"a": "1"}


@pytest.mark.parametrize("options", [{"metadata": {"a": "2"}}, {"content_type": "text/html"}])
@pytest.mark.parametrize("answer", [{}, {"ContentLength": None}], ids=["size", "no size"])
def test_metadata_cannot_change_without_the_content(
    s3: FakeS3, options: dict[str, Any], answer: dict[str, Any]
) -> None:
    """A response without Content-Length does not mean that the object is empty."""
    s3._put("source", "key", b"old", **answer)
    with pytest.raises(
        Refused, match=f"object source/key at {ENDPOINT} has other metadata .* give content"
    ):
        run(an_object(s3, **options))
    s3._put("source", "key", b"")
    _, done = converge(s3, lambda: an_object(s3, **options))
    assert done["changes"] == [PUT]


@pytest.mark.parametrize(("content", "changes"), [("old", []), ("new", [PUT]), ("longer", [PUT])])
def test_a_multipart_upload_is_compared_by_its_bytes(
    s3: FakeS3, content: str, changes: list[str]
) -> None:
    s3._put("source", "key", b"old", ETag='"9bb58f26192e4ba00f01e2e7b136bbd8-2"')
    assert run(an_object(s3, content=content))["changes"] == changes
    assert ("GetObject" in s3.calls) == (content != "longer")


def test_removal_puts_a_delete_marker_once(s3: FakeS3) -> None:
    s3._put("source", "key", b"old")
    _, done = converge(s3, lambda: an_object(s3, state="absent"))
    assert (done["changes"], done["it"]) == ([DELETE], None)
    assert len(s3.buckets["source"]["objects"]["key"]) == 2


def test_a_deleted_object_is_put_again(s3: FakeS3) -> None:
    s3._put("source", "key", marker=True)
    _, done = converge(s3, lambda: an_object(s3, content="new"))
    assert (done["changes"], done["diff"]["before"]) == ([PUT], {})


def test_a_put_with_a_lost_response_is_not_repeated(s3: FakeS3) -> None:
    s3.after("put_object", lost())
    result = run(an_object(s3, content="new"), timeout=10)
    assert result["changes"] == [PUT]
    assert len(s3.buckets["source"]["objects"]["key"]) == 1


def test_a_put_that_never_arrived_is_repeated(s3: FakeS3) -> None:
    s3.before("put_object", lost())
    result = run(an_object(s3, content="new"), timeout=10)
    assert result["changes"] == [PUT]
    assert len(s3.buckets["source"]["objects"]["key"]) == 1


def test_a_missing_bucket_is_named(s3: FakeS3) -> None:
    with pytest.raises(
        NotFound, match=r"Failed to put the object missing/key.*Create the bucket first"
    ):
        run(an_object(s3, bucket="missing"))


def test_a_forbidden_object_is_not_absent(s3: FakeS3) -> None:
    s3.buckets["source"]["foreign"] = True
    with pytest.raises(Forbidden, match="may exist and belong to another account"):
        run(an_object(s3, state="absent"))
    assert s3.writes == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bucket": "BAD"}, "bucket name 'BAD'"),
        ({"key": ""}, "key is empty"),
        ({"key": "a\nb"}, "non-printable"),
    ],
)
def test_bad_names_are_refused_before_any_call(
    s3: FakeS3, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        an_object(s3, **options)


@pytest.mark.parametrize(
    ("resend", "status", "again"),
    [
        ("never", "FAILED", False),
        ("unless_completed", "FAILED", True),
        ("unless_completed", "PENDING", True),
        ("unless_completed", None, True),
        ("unless_completed", "COMPLETED", False),
        ("unless_completed", "REPLICA", False),
        ("always", "COMPLETED", True),
        ("always", "REPLICA", False),
    ],
)
def test_an_object_is_sent_again_with_its_own_tags(
    s3: FakeS3, resend: str, status: str | None, again: bool
) -> None:
    run(an_object(s3, content="text", tags={"a": "b"}))
    latest(s3)["ReplicationStatus"] = status
    before = dict(latest(s3))
    predicted = run(an_object(s3, resend=resend), check_mode=True)
    done = run(an_object(s3, resend=resend))
    assert predicted["changes"] == done["changes"]
    assert done["changes"] == [TAG] * again
    assert latest(s3)["tags"] == before["tags"]
    assert len(s3.buckets["source"]["objects"]["key"]) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"metadata": {"author": "  someone else "}},
        {"content_type": ""},
        {"metadata": {"empty": ""}},
        {"tags": {"blank": " x "}},
    ],
)
def test_values_that_a_server_stores_differently_are_put_once(
    s3: FakeS3, asked: dict[str, Any]
) -> None:
    """Blanks around values of headers are lost, and an empty content type is replaced."""
    put = s3.put_object

    def stored(**parameters: Any) -> Any:
        metadata = {name: value.strip() for name, value in parameters["Metadata"].items()}
        return put(**{**parameters, "Metadata": metadata})

    s3.put_object = stored
    converge(s3, lambda: an_object(s3, content="a", **asked))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"metadata": {"a": None}}, "metadata entry 'a' has no value"),
        ({"tags": {"a": None}}, "tag 'a' has no value"),
        ({"tags": {"a": "x\ry"}}, "tag 'a'.*non-printable"),
        ({"tags": {"a\r": "x"}}, "non-printable"),
        ({"metadata": {"a": "x\ny"}}, "metadata entry 'a'.*non-printable"),
    ],
)
def test_values_that_cannot_be_stored_are_refused(
    s3: FakeS3, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        an_object(s3, **asked)


ROLES = "arn:aws:iam::1:role/S,arn:aws:iam::2:role/T"
AGAIN = "PutObjectTagging source/key"


class TestSendingAgain:
    def put(self, s3: FakeS3, status: str | None, minutes: float = 0.0, stamp: str = "") -> None:
        moment = datetime.now(timezone.utc) - timedelta(minutes=minutes)
        s3._put("source", "key", b"a", tags={"own": "tag"}, LastModified=moment)
        if status:
            latest(s3)["ReplicationStatus"] = status
        rule = {"Destination": {"Bucket": "arn:aws:s3:::target"}, "Prefix": ""}
        s3.buckets["source"]["replication"] = {"Role": ROLES, "Rules": [rule]}
        if stamp:
            s3._add("_")
            info = {"replicationInfo": {"role": stamp, "destination": "arn:aws:s3:::target"}}
            body = json.dumps({"Body": json.dumps(info)}).encode()
            s3._put("_", "backbeat/metadata/source/key", body, VersionId="key-1")

    @pytest.mark.parametrize(
        ("resend", "status", "minutes", "stamp", "sent"),
        [
            ("never", "FAILED", 0, "", False),
            ("failed", "FAILED", 0, "", True),
            ("failed", "PENDING", 99, "", False),
            ("failed", "COMPLETED", 0, "", False),
            ("failed", None, 0, "", False),
            ("stuck", "FAILED", 0, "", True),
            ("stuck", "PENDING", 1, "", False),
            ("stuck", "PENDING", 11, "", True),
            ("stuck", "PENDING", 99, ROLES, False),
            ("stuck", "PENDING", 0, f"{ROLES}-old", True),
            ("stuck", "PROCESSING", 0, f"{ROLES}-old", True),
            ("stuck", "COMPLETED", 99, f"{ROLES}-old", False),
            ("always", "COMPLETED", 0, "", True),
            ("always", None, 0, "", True),
        ],
    )
    def test_depends_on_the_state(
        self, s3: FakeS3, resend: str, status: str | None, minutes: float, stamp: str, sent: bool
    ) -> None:
        self.put(s3, status, minutes, stamp)
        for check_mode in (True, False):
            result = run(an_object(s3, resend=resend), check_mode=check_mode)
            assert result["changes"] == ([AGAIN] if sent else [])
            assert latest(s3)["tags"] == {"own": "tag"}
        assert s3.writes == (["PutObjectTagging"] if sent else [])

    def test_is_not_needed_after_a_change(self, s3: FakeS3) -> None:
        self.put(s3, "FAILED")
        assert run(an_object(s3, resend="failed", content="b"))["changes"] == [PUT]
        self.put(s3, "FAILED")
        assert run(an_object(s3, resend="failed", tags={"a": "b"}))["changes"] == [AGAIN]
        assert latest(s3)["tags"] == {"a": "b"}

    def test_of_an_absent_object_puts_it(self, s3: FakeS3) -> None:
        assert run(an_object(s3, resend="failed"))["changes"] == [PUT]


def test_large_content_has_more_time(s3: FakeS3, tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as body:
        body.truncate(3 * 1024**2)
    wish = an_object(s3, src=str(file))
    wish.api.backoff.deadline = Deadline(10.0)
    run(wish)
    assert wish.api.backoff.deadline.seconds == 13.0
