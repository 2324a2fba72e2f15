# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksums of recent clients, on servers that accept them and on servers that do not."""

from __future__ import annotations

import base64
import hashlib
import io

import boto3
import pytest
import requests
from botocore.config import Config

from sandbox import Sandbox
from sandbox.tests.helpers import SOURCE, configure, make_bucket, refusal, roles_for

pytestmark = pytest.mark.sandbox
ENABLED = {"VersioningConfiguration": {"Status": "Enabled"}}


class Stream(io.BytesIO):
    """A body that can be read only once, so that a client must send its checksum after it."""

    def seekable(self) -> bool:
        return False


def test_all_checksums_are_accepted_by_default(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    recent = sandbox.source.client("s3", request_checksum_calculation="when_supported")
    recent.put_bucket_versioning(Bucket=SOURCE, **ENABLED)
    recent.put_object(Bucket=SOURCE, Key="k", Body=b"content")
    assert s3.get_object(Bucket=SOURCE, Key="k")["Body"].read() == b"content"


def put_with_trailing_checksum(sandbox: Sandbox) -> requests.Response:
    """Put an object with a trailing checksum, as clients do over https."""
    s3 = sandbox.source.client("s3")
    where = {"Bucket": SOURCE, "Key": "k"}
    url = s3.generate_presigned_url("put_object", Params=where)
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": "3",
        "Content-Encoding": "aws-chunked",
    }
    body = b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n"
    return requests.put(url, data=body, headers=headers, timeout=5)


def test_trailing_checksum_is_accepted_or_refused_as_configured(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    assert put_with_trailing_checksum(sandbox).status_code == 200
    assert s3.get_object(Bucket=SOURCE, Key="k")["Body"].read() == b"abc"
    sandbox.settings("source", refuse_trailers=True)
    refused = put_with_trailing_checksum(sandbox)
    assert refused.status_code == 400
    assert "trailing checksum is not supported" in refused.text


def test_crc32_does_not_replace_a_required_content_md5(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    sandbox.settings("source", require_content_md5=True)
    crc32 = {"ChecksumAlgorithm": "CRC32"}
    assert refusal(s3.put_bucket_versioning, Bucket=SOURCE, **ENABLED, **crc32)[:2] == (
        400,
        "BadDigest",
    )
    recent = sandbox.source.client("s3", request_checksum_calculation="when_supported")
    assert refusal(configure, s3=recent, role=roles_for(sandbox))[1] == "BadDigest"
    recent.put_object(Bucket=SOURCE, Key="k", Body=b"no checksum is required here")


def with_content_md5(sandbox: Sandbox, value: str | None = None) -> object:
    """A client that sends Content-MD5, added by a handler of botocore's events."""
    s3 = sandbox.source.new_client("s3")

    def add(params: dict[str, object], **_: object) -> None:
        body = params["body"]
        assert isinstance(body, bytes)
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        headers = params["headers"]
        assert isinstance(headers, dict)
        headers["Content-MD5"] = value or digest
        headers.pop("x-amz-checksum-crc32", None)
        headers.pop("x-amz-sdk-checksum-algorithm", None)

    s3.meta.events.register("before-call.s3.PutBucketReplication", add)
    return s3


def test_content_md5_is_accepted(sandbox: Sandbox) -> None:
    make_bucket(sandbox.source, SOURCE)
    sandbox.settings("source", require_content_md5=True)
    configure(with_content_md5(sandbox), roles_for(sandbox))
    assert sandbox.source.client("s3").get_bucket_replication(Bucket=SOURCE)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("value", "code"),
    [("1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"), ("not base64!", "InvalidDigest")],
)
def test_wrong_content_md5_is_refused(
    sandbox: Sandbox, required: bool, value: str, code: str
) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    sandbox.settings("source", require_content_md5=required)
    wrong = with_content_md5(sandbox, value)
    assert refusal(configure, s3=wrong, role=roles_for(sandbox))[:2] == (400, code)
    missing = refusal(s3.get_bucket_replication, Bucket=SOURCE)
    assert missing[1] == "ReplicationConfigurationNotFoundError"


def test_stream_is_stored(sandbox: Sandbox) -> None:
    """Over plain http, clients sign a body of unknown length as a whole or in chunks."""
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.upload_fileobj(Stream(b"streamed" * 100), SOURCE, "k")
    assert s3.get_object(Bucket=SOURCE, Key="k")["Body"].read() == b"streamed" * 100


def test_clients_with_default_settings_work(sandbox: Sandbox) -> None:
    """boto3 with only the endpoint and keys set, as in users' scripts."""
    keys = {
        "aws_access_key_id": sandbox.source.access_key,
        "aws_secret_access_key": sandbox.source.secret_key,
    }
    config = Config(proxies={})
    s3 = boto3.client("s3", endpoint_url=sandbox.source.s3_url, config=config, **keys)
    s3.create_bucket(Bucket=SOURCE)
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"1", ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket=SOURCE, Key="k", ChecksumMode="ENABLED")["Body"].read() == b"1"
    refused = refusal(s3.delete_objects, Bucket=SOURCE, Delete={"Objects": [{"Key": "k"}]})
    assert refused[:2] == (400, "BadDigest")
    s3.delete_object(Bucket=SOURCE, Key="k")
    s3.delete_bucket(Bucket=SOURCE)
