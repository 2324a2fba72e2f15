# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication: which requests are accepted, and the errors of the others."""

from __future__ import annotations

import email.utils
import http.client
import time
from dataclasses import replace
from datetime import datetime, timezone
from email.message import Message
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
import requests
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.environments import ACCOUNTS, operator
from sandbox.messages import Refused, Request, with_header
from sandbox.signatures import check
from sandbox.tests.helpers import SOURCE, make_bucket, refusal

SERVED = pytest.mark.sandbox
KEY = operator("source", ACCOUNTS["source"])


def credentials(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    side = sandbox.source
    return {"access_key": side.access_key, "secret_key": side.secret_key, **changes}


@SERVED
@pytest.mark.parametrize("service", ["s3", "iam"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access_key": "SANDBOXUNKNOWN000001"}, "InvalidAccessKeyId"),
        ({"secret_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"session_token": "unexpected"}, "InvalidToken"),
    ],
)
def test_wrong_credentials_are_refused(
    sandbox: Sandbox, service: str, changes: dict[str, str], code: str
) -> None:
    client = sandbox.source.client(service, credentials(sandbox, **changes))
    call = client.list_buckets if service == "s3" else client.list_roles
    assert refusal(call)[:2] == (403, code)


@SERVED
def test_credentials_of_the_other_side_are_refused(sandbox: Sandbox) -> None:
    there = {"access_key": sandbox.target.access_key, "secret_key": sandbox.target.secret_key}
    s3 = sandbox.source.client("s3", there)
    assert refusal(s3.list_buckets)[:2] == (403, "InvalidAccessKeyId")


@SERVED
def test_temporary_credentials_require_a_session_token(sandbox: Sandbox) -> None:
    temporary = sandbox.source.temporary
    assert "Buckets" in sandbox.source.client("s3", temporary).list_buckets()
    without = {**temporary, "session_token": ""}
    assert refusal(sandbox.source.client("s3", without).list_buckets)[1] == "InvalidToken"


@SERVED
@pytest.mark.parametrize("service", ["s3", "iam"])
@pytest.mark.parametrize(
    ("minutes", "accepted"), [(14, True), (-14, True), (16, False), (-16, False)]
)
def test_clock_skew_above_15_minutes_is_refused(
    sandbox: Sandbox, service: str, minutes: int, accepted: bool
) -> None:
    sandbox.settings("source", clock_offset=minutes * 60)
    client = sandbox.source.client(service)
    call = client.list_buckets if service == "s3" else client.list_roles
    if accepted:
        date = call()["ResponseMetadata"]["HTTPHeaders"]["date"]
        skew = email.utils.parsedate_to_datetime(date).timestamp() - time.time()
        assert skew == pytest.approx(minutes * 60, abs=5)
    else:
        assert refusal(call)[:2] == (403, "RequestTimeTooSkewed")


@SERVED
def test_every_response_has_a_date(sandbox: Sandbox) -> None:
    for url in (sandbox.source.s3_url, sandbox.source.iam_url):
        answer = requests.get(f"{url}/nowhere", timeout=5)
        assert answer.status_code >= 400
        assert email.utils.parsedate_to_datetime(answer.headers["Date"])


@SERVED
def test_unsigned_request_is_refused(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.source.s3_url}/some-bucket", timeout=5)
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text


@SERVED
def test_unknown_host_is_refused(sandbox: Sandbox) -> None:
    headers = {"Host": "node1.example.com"}
    answer = requests.get(f"{sandbox.source.s3_url}/some-bucket", headers=headers, timeout=5)
    assert answer.status_code == 400
    assert "<Code>InvalidURI</Code>" in answer.text
    assert "Check your restEndpoints configuration" in answer.text


@SERVED
def test_changed_body_is_refused(sandbox: Sandbox) -> None:
    make_bucket(sandbox.source, SOURCE)
    url = f"{sandbox.source.s3_url}/{SOURCE}/k"
    request = AWSRequest("PUT", url, data=b"original")
    keys = Credentials(sandbox.source.access_key, sandbox.source.secret_key)
    S3SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("PUT", parts.path, b"tampered", dict(request.headers.items()))
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"XAmzContentSHA256Mismatch" in answer.read()


@SERVED
def test_presigned_url_is_accepted_until_it_expires(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_object(Bucket=SOURCE, Key="a b/ü", Body=b"here")
    where = {"Bucket": SOURCE, "Key": "a b/ü"}
    url = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    assert requests.get(url, timeout=5).content == b"here"
    assert (
        requests.get(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), timeout=5).status_code
        == 403
    )
    sandbox.settings("source", clock_offset=120)
    assert "Request has expired" in requests.get(url, timeout=5).text


@SERVED
def test_any_region_is_accepted(sandbox: Sandbox) -> None:
    s3 = boto3.client(
        "s3",
        endpoint_url=sandbox.source.s3_url,
        region_name="eu-central-9",
        aws_access_key_id=sandbox.source.access_key,
        aws_secret_access_key=sandbox.source.secret_key,
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
    s3.create_bucket(Bucket=SOURCE)
    assert s3.list_buckets()["Buckets"][0]["Name"] == SOURCE


def signed(service: str, method: str, url: str, body: bytes, headers: dict[str, str]) -> Request:
    """A request that botocore has signed."""
    aws = AWSRequest(method, url, data=body, headers=headers)
    auth: Any = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(Credentials(KEY.access_key, KEY.secret_key), service, "us-east-1").add_auth(aws)
    parts = urlsplit(aws.prepare().url)
    message = Message()
    message["Host"] = parts.netloc
    for name, value in aws.headers.items():
        message[name] = value
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request("iam" if service == "iam" else "s3", method, target, message, body)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@settings(deadline=None)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
    key=TEXT,
    query=st.dictionaries(TEXT.filter(bool), TEXT, max_size=3),
    body=st.binary(max_size=40),
    value=st.text("abc  ,;=", max_size=10),
)
def test_signature_of_botocore_is_accepted(
    method: str, key: str, query: dict[str, str], body: bytes, value: str
) -> None:
    text = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in query.items())
    url = f"http://localhost:1/bucket/{quote(key, safe='/-_.~')}" + (f"?{text}" if text else "")
    request = signed("s3", method, url, body, {"x-amz-meta-x": value.strip()})
    now = datetime.now(timezone.utc)
    assert check(request, now, lambda key: KEY if key == KEY.access_key else None) is KEY
    request = replace(request, headers=with_header(request.headers, "x-amz-meta-x", "other"))
    with pytest.raises(Refused):
        check(request, now, lambda _: KEY)
