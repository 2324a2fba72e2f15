# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_object on a server."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays

pytestmark = pytest.mark.lowest_boto3

BUCKET = "source-bucket"
KEY = "object-to-replicate"
HERE = {"bucket": BUCKET, "key": KEY}
PUT = [f"PutObject {BUCKET}/{KEY}"]


@pytest.fixture
def source(source: Side) -> Side:
    """The source with a versioned bucket."""
    source.do("bucket", name=BUCKET, versioning="enabled")
    return source


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def head(side: Side, key: str = KEY) -> Any:
    return side.s3.head_object(Bucket=BUCKET, Key=key)


def content(side: Side, key: str = KEY) -> bytes:
    body: bytes = side.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def tags(side: Side) -> dict[str, str]:
    answer = side.s3.get_object_tagging(Bucket=BUCKET, Key=KEY)
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def versions(side: Side) -> list[str]:
    answer = side.s3.list_object_versions(Bucket=BUCKET)
    return [one["VersionId"] for one in answer.get("Versions", [])]


def test_put_an_empty_object(source: Side) -> None:
    result = source.run_idempotent("object", **HERE)
    assert result["changes"] == PUT
    assert result["object"]["size"] == 0
    assert result["object"]["etag"] == md5(b"")
    assert result["object"]["version_id"] == head(source)["VersionId"]
    assert result["diff"]["before"] == {}
    assert content(source) == b""


def test_put_with_all_options(source: Side) -> None:
    result = source.run_idempotent(
        "object",
        **HERE,
        content="Grüße",
        content_type="text/plain; charset=utf-8",
        metadata={"Author": "me", "pages": 3},
        tags={"state": "final", "Case": "Kept + sent"},
    )
    assert result["object"]["tags"] == tags(source) == {"state": "final", "Case": "Kept + sent"}
    assert head(source)["Metadata"] == {"author": "me", "pages": "3"}
    assert head(source)["ContentType"] == "text/plain; charset=utf-8"
    assert content(source).decode() == "Grüße"


def test_put_a_file(source: Side, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 9000)
    result = source.run_idempotent("object", **HERE, src=str(file))
    assert result["object"]["size"] == 256 * 9000
    assert content(source) == file.read_bytes()


@pytest.mark.parametrize("in_process", [True, False])
def test_relative_src_is_the_same_file_in_process_and_as_a_module(
    source: Side, play: Plays, tmp_path: Path, in_process: bool
) -> None:
    """Relative paths start at the playbook's folder, wherever ansible-playbook was started."""
    home, folder = tmp_path / "home", tmp_path / "project" / "plays"
    files = {"~/file": home, "file": folder, "../file": folder.parent}
    for src, place in files.items():
        place.mkdir(parents=True, exist_ok=True)
        (place / "file").write_text(f"The file of {src}")
    objects = [{"bucket": BUCKET, "key": src, "src": src} for src in files]
    task = {"scality.backbeat.backbeat_object": {**source.connection("s3"), "objects": objects}}
    playbook = folder / "put.json"
    playbook.write_text(
        json.dumps(
            [{"hosts": "node1", "connection": "local", "gather_facts": False, "tasks": [task]}]
        )
    )
    play.environ["HOME"] = str(home)
    inventory = play.inventory(backbeat_in_process=in_process)
    played = play("-vvv", inventory=inventory, playbook=playbook).ok()
    assert ("AnsiballZ_backbeat_object" in played.output) is not in_process
    assert [content(source, src).decode() for src in files] == [
        f"The file of {src}" for src in files
    ]


def test_other_content_is_replaced_and_omitted_options_are_kept(source: Side) -> None:
    source.do(
        "object", **HERE, content="old", content_type="text/x-own", metadata={"a": "1"}, tags={"t": "1"}
    )  # fmt: skip
    result = source.run_idempotent("object", **HERE, content="new")
    assert result["changes"] == PUT
    assert result["diff"]["before"]["etag"] == md5(b"old")
    assert result["diff"]["after"]["etag"] == md5(b"new")
    assert content(source) == b"new"
    assert head(source)["Metadata"] == {"a": "1"}
    assert head(source)["ContentType"] == "text/x-own"
    assert tags(source) == {"t": "1"}
    assert len(versions(source)) == 2


@pytest.mark.parametrize(
    "options", [{"metadata": {"a": "2"}}, {"metadata": {}}, {"content_type": "text/y"}]
)
def test_other_metadata_creates_a_new_version(source: Side, options: dict[str, Any]) -> None:
    source.do("object", **HERE, content="x", content_type="text/x", metadata={"a": "1"})
    assert source.run_idempotent("object", **HERE, content="x", **options)["changes"] == PUT
    assert head(source)["Metadata"] == options.get("metadata", {"a": "1"})
    assert head(source)["ContentType"] == options.get("content_type", "text/x")


def test_other_tags_do_not_create_a_new_version(source: Side) -> None:
    source.do("object", **HERE, content="x", tags={"a": "1", "b": "2"})
    result = source.run_idempotent("object", **HERE, tags={"a": "1", "c": "3"})
    assert result["changes"] == [f"PutObjectTagging {BUCKET}/{KEY}"]
    assert result["diff"]["before"]["tags"] == {"a": "1", "b": "2"}
    assert result["diff"]["after"]["tags"] == {"a": "1", "c": "3"}
    assert tags(source) == {"a": "1", "c": "3"}
    assert len(versions(source)) == 1


def test_content_is_kept_if_the_option_is_omitted(source: Side) -> None:
    source.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"theirs", Metadata={"a": "1"})
    assert not source.run_idempotent("object", **HERE)["changed"]
    assert content(source) == b"theirs"


def test_other_metadata_without_content_is_refused(source: Side) -> None:
    source.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"theirs")
    result = source.run_idempotent("object", **HERE, metadata={"a": "1"})
    assert result["failed"]
    assert "give content or src as well" in result["msg"]
    assert content(source) == b"theirs"


def test_multipart_upload_with_the_same_content_is_unchanged(source: Side) -> None:
    data = b"x" * (5 * 1024 * 1024) + b"end"
    upload = source.s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]
    parts = []
    for number, part in enumerate((data[: 5 * 1024 * 1024], data[5 * 1024 * 1024 :]), 1):
        answer = source.s3.upload_part(
            Bucket=BUCKET, Key=KEY, UploadId=upload, PartNumber=number, Body=part
        )
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    source.s3.complete_multipart_upload(
        Bucket=BUCKET, Key=KEY, UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert not source.run_idempotent("object", **HERE, content=data.decode())["changed"]


def test_object_with_a_delete_marker_is_put_again(source: Side) -> None:
    source.do("object", **HERE, content="x")
    source.s3.delete_object(Bucket=BUCKET, Key=KEY)
    assert source.run_idempotent("object", **HERE, content="x")["changes"] == PUT
    assert content(source) == b"x"


def test_absent_puts_a_delete_marker_and_keeps_the_versions(source: Side) -> None:
    source.do("object", **HERE, content="x")
    result = source.run_idempotent("object", **HERE, state="absent")
    assert result["changes"] == [f"DeleteObject {BUCKET}/{KEY}"]
    assert result["object"] is None
    assert result["diff"]["after"] == {}
    listing = source.s3.list_object_versions(Bucket=BUCKET)
    assert (len(listing["Versions"]), len(listing["DeleteMarkers"])) == (1, 1)


def test_absent_without_an_object_changes_nothing(source: Side) -> None:
    assert not source.run_idempotent("object", **HERE, state="absent")["changed"]


def test_missing_src_is_an_error(source: Side, tmp_path: Path) -> None:
    result = source.run_idempotent("object", **HERE, src=str(tmp_path / "none"))
    assert result["failed"]
    assert f"Cannot read the file {tmp_path}/none" in result["msg"]


def test_one_failed_object_of_several_does_not_stop_the_others(source: Side) -> None:
    keys = ["a b+c%20&?#.txt", "ünï/côde ☃", "no//slashes/./lost/../"]
    items = [{"bucket": BUCKET, "key": key, "content": key} for key in keys]
    items.insert(1, {"bucket": "no-such-bucket", "key": "k", "content": ""})
    result = source.run("object", objects=items)
    assert result["msg"].startswith("1 of 4 objects failed.\nno-such-bucket/k: ")
    assert "Create the bucket first" in result["msg"]
    assert [content(source, key).decode() for key in keys] == keys
    again = source.run_idempotent("object", objects=[item for item in items if item["key"] != "k"])
    assert not again["changed"]
