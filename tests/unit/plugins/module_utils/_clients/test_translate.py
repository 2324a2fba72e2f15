# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind of error for each failure of a call, and the message for the user."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import SSLError

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    iam_entities,
    s3_buckets,
    s3_objects,
    translate,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Call,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
    Unreadable,
    Unsupported,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import SERVICES

from .conftest import Wire

CALL = Call("PutThing", "http://node1", "put the thing")
NAMED = {"x-amz-request-id": "R1"}


def answer(
    code: str | None,
    status: int,
    message: str = "The reason.",
    headers: dict[str, str] | None = None,
    service: str = "s3",
) -> ApiError:
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message} if code else {},
        "ResponseMetadata": {
            "HTTPStatusCode": status,
            "HTTPHeaders": NAMED if headers is None else headers,
        },
    }
    return translate.from_answer(CALL, response, SERVICES[service])


@pytest.mark.parametrize(
    ("code", "status", "kind", "advice"),
    [
        ("AccessDenied", 403, Forbidden, "valid but may not do this"),
        ("403", 403, Forbidden, "may exist and belong to another account"),
        ("InvalidAccessKeyId", 403, Forbidden, "does not know the access key"),
        ("InvalidClientTokenId", 403, Forbidden, "does not know the access key"),
        ("SignatureDoesNotMatch", 403, Forbidden, "secret key does not belong to the access key"),
        ("ExpiredToken", 400, Forbidden, "get new temporary credentials"),
        ("SomethingNew", 403, Forbidden, ""),
        ("BucketAlreadyExists", 409, Forbidden, "belongs to another account"),
        ("NoSuchBucket", 404, NotFound, "Create the bucket first"),
        ("NoSuchKey", 404, NotFound, ""),
        ("NoSuchEntity", 404, NotFound, ""),
        ("ReplicationConfigurationNotFoundError", 404, NotFound, ""),
        ("404", 404, NotFound, "check the names"),
        ("SomethingNew", 404, NotFound, ""),
        ("MethodNotAllowed", 405, Unsupported, "does not support the S3 call PutThing"),
        ("NotImplemented", 501, Unsupported, "does not support"),
        ("SomethingNew", 501, Unsupported, "does not support"),
        ("EntityAlreadyExists", 409, Conflict, ""),
        ("OperationAborted", 409, Conflict, ""),
        ("BucketAlreadyOwnedByYou", 409, Conflict, ""),
        ("BucketNotEmpty", 409, Invalid, ""),
        ("InvalidBucketState", 409, Invalid, ""),
        ("MalformedXML", 400, Invalid, ""),
        ("BadDigest", 400, Invalid, ""),
        ("PermanentRedirect", 301, Invalid, ""),
        ("InternalError", 500, Unreachable, ""),
        ("SlowDown", 503, Unreachable, ""),
        ("RequestTimeout", 400, Unreachable, ""),
        ("Throttling", 400, Unreachable, ""),
        ("SomethingNew", 429, Unreachable, ""),
        ("SomethingNew", 500, Unreachable, ""),
        ("500", 500, Unreachable, "check endpoint_url"),
        ("502", 502, Unreachable, ""),
        (None, 503, Unreachable, ""),
    ],
)
def test_codes_and_statuses(
    code: str | None, status: int, kind: type[ApiError], advice: str
) -> None:
    error = answer(code, status)
    assert type(error) is kind
    assert advice in error.advice
    assert bool(error.advice) == bool(advice)
    assert (error.code, error.status) == (code or str(status), status)


def test_no_403_is_absence() -> None:
    for code in (*translate.KINDS, "SomethingNew"):
        if code not in ("404", *(c for c, kind in translate.KINDS.items() if kind is NotFound)):
            assert not isinstance(answer(code, 403), NotFound)


def test_a_message_has_the_call_the_endpoint_the_reason_and_the_remedy() -> None:
    error = answer("NoSuchBucket", 404, "No such bucket.")
    assert str(error) == (
        "Failed to put the thing at http://node1: No such bucket (NoSuchBucket). "
        "Create the bucket first (backbeat_bucket), or check its name."
    )
    assert error.details["error"] == {
        "code": "NoSuchBucket",
        "message": "No such bucket",
        "status": 404,
        "request_id": "R1",
        "operation": "PutThing",
        "endpoint": "http://node1",
    }


def test_unsupported_calls_of_iam_say_where_iam_is() -> None:
    error = answer("MethodNotAllowed", 405, service="iam")
    assert "does not support the IAM call PutThing" in error.advice
    assert "8600" in error.advice


def test_an_unknown_host_name_is_explained() -> None:
    error = answer("InvalidURI", 400, "Could not parse. Check your restEndpoints configuration.")
    assert type(error) is Invalid
    assert "does not know the host name in endpoint_url" in error.advice


@pytest.mark.parametrize(("minutes", "direction"), [(20, "behind"), (-20, "ahead of")])
def test_clocks_that_differ_are_compared(minutes: int, direction: str) -> None:
    server = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    error = answer("RequestTimeTooSkewed", 403, headers={**NAMED, "date": format_datetime(server)})
    assert type(error) is Forbidden
    found = re.search(
        r"this machine is (\d+) s (.+) the server, and 900 s is the limit", error.advice
    )
    assert found is not None
    assert abs(int(found[1]) - 1200) <= 1
    assert found[2] == direction


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_clocks_that_differ_without_a_date(date: str | None) -> None:
    headers = NAMED if date is None else {**NAMED, "date": date}
    error = answer("RequestTimeTooSkewed", 403, headers=headers)
    assert error.advice.endswith("they differ by more than 15 minutes.")


PAGE = "<!DOCTYPE html><html><head><title>A proxy<meta></head><body>planted</body></html>"
READS = {
    "s3": lambda link: s3_buckets.versioning(link.api, "b"),
    "s3 HEAD": lambda link: s3_objects.head_object(link.api, "b", "k"),
    "iam": lambda link: iam_entities.get_role(link.api, "r"),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Unreadable),
        (403, Unreadable),
        (404, Unreadable),
        (500, Unreadable),
        (502, Unreachable),
        (503, Unreachable),
        (504, Unreachable),
    ],
)
def test_a_page_of_a_proxy_is_unreadable(
    s3: Wire, iam: Wire, read: str, status: int, kind: type[ApiError]
) -> None:
    link = iam if read == "iam" else s3
    body = "" if "HEAD" in read else PAGE
    link.answer(status, body, x_amz_request_id="", content_type="text/html; charset=utf-8")
    with pytest.raises(kind, match=r"whether a proxy( or load balancer)? answers in") as caught:
        READS[read](link)
    assert type(caught.value) is kind


@pytest.mark.parametrize("read", READS)
def test_another_services_404_does_not_mean_absence(s3: Wire, iam: Wire, read: str) -> None:
    link = iam if read == "iam" else s3
    body = "" if "HEAD" in read else '{"message": "no such page"}'
    link.answer(404, body, x_amz_request_id="", content_type="application/json")
    with pytest.raises(Unreadable, match="whether a proxy"):
        READS[read](link)


def test_an_html_object_is_an_object(s3: Wire) -> None:
    s3.answer(200, "", content_type="text/html", ETag='"e"', Content_Length="5")
    head = READS["s3 HEAD"](s3)
    assert (head.etag, head.content_type) == ("e", "text/html")


@pytest.mark.parametrize(
    ("read", "body"),
    [
        ("iam", "<GetRoleResponse><GetRoleResult><Role/></GetRoleResult></GetRoleResponse>"),
        ("iam", "<SomethingElse/>"),
        ("iam", ""),
        ("s3 HEAD", ""),
    ],
)
def test_unreadable_responses(s3: Wire, iam: Wire, read: str, body: str) -> None:
    link = iam if read == "iam" else s3
    link.answer(200, body)
    with pytest.raises(Unreadable, match="the response cannot be read") as caught:
        READS[read](link)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("body", ["not XML at all", '{"json": true}', "<Truncated><But"])
def test_broken_xml_is_read_again(s3: Wire, body: str) -> None:
    s3.answer(200, body)
    s3.answer(200, "<VersioningConfiguration/>")
    with pytest.raises(Unreachable, match="could not be read: check endpoint_url"):
        READS["s3"](s3)
    assert READS["s3"](s3) == ""


def test_s3s_response_to_an_iam_call_is_reported_as_wrong_endpoint(iam: Wire) -> None:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MethodNotAllowed</Code>'
        "<Message>The specified method is not allowed against this resource.</Message>"
        "<RequestId>R1</RequestId></Error>"
    )
    iam.answer(405, body)
    with pytest.raises(
        Unsupported, match=r"does not support the IAM call GetRole\. If it is an S3 endpoint"
    ):
        READS["iam"](iam)


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (exceptions.EndpointConnectionError(endpoint_url="u"), Unreachable, "Check endpoint_url"),
        (exceptions.ConnectTimeoutError(endpoint_url="u"), Unreachable, "Check endpoint_url"),
        (exceptions.ReadTimeoutError(endpoint_url="u"), Unreachable, "Check endpoint_url"),
        (exceptions.ConnectionClosedError(endpoint_url="u"), Unreachable, "Check endpoint_url"),
        (exceptions.ProxyConnectionError(proxy_url="u"), Unreachable, "any proxy"),
        (exceptions.HTTPClientError(error="e"), Unreachable, "Check endpoint_url"),
        (
            exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            Unreachable,
            "Check endpoint_url",
        ),
        (
            exceptions.ResponseStreamingError(error="e"),
            Unreachable,
            "Check endpoint_url",
        ),
        (
            exceptions.SSLError(endpoint_url="u", error="CERTIFICATE_VERIFY_FAILED self-signed"),
            Invalid,
            "Name the authority that signed the server's certificate in aws_ca_bundle",
        ),
        (
            exceptions.SSLError(endpoint_url="u", error="[SSL: WRONG_VERSION_NUMBER]"),
            Invalid,
            "does not speak TLS: use http://",
        ),
        (exceptions.SSLError(endpoint_url="u", error="EOF occurred"), Unreachable, "Check"),
        (exceptions.NoCredentialsError(), Forbidden, "Give profile, or access_key"),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="x"),
            Forbidden,
            "Give profile, or access_key",
        ),
        (
            exceptions.CredentialRetrievalError(provider="p", error_msg="e"),
            Forbidden,
            "Give profile",
        ),
        (exceptions.ParamValidationError(report="Missing x"), Invalid, ""),
        (exceptions.InvalidConfigError(error_msg="e"), Invalid, ""),
        (exceptions.ProfileNotFound(profile="p"), Invalid, ""),
        (KeyError("Role"), Unreadable, "whether a proxy answers"),
        (ValueError("no JSON"), Unreadable, "whether a proxy answers"),
    ],
)
def test_exceptions(error: Exception, kind: type[ApiError], advice: str) -> None:
    translated = translate.from_exception(CALL, error)
    assert type(translated) is kind
    assert advice in translated.advice
    assert bool(translated.advice) == bool(advice)
    assert translated.code is None
    assert str(translated).startswith("Failed to put the thing at http://node1: ")


@pytest.mark.parametrize("times", [1, 3])
def test_reads_are_repeated_while_there_is_time(s3: Wire, times: int) -> None:
    for _ in range(times):
        s3.fail(exceptions.ConnectionClosedError(endpoint_url="u"))
    s3.answer(body="<VersioningConfiguration/>")
    s3.api.backoff.timeout = 10.0
    assert READS["s3"](s3) == ""
    assert len(s3.requests) == times + 1


@pytest.mark.parametrize(
    ("code", "status", "requests"), [("SlowDown", 503, 7), ("AccessDenied", 403, 1)]
)
def test_reads_end_with_the_time_limit_or_a_response(
    s3: Wire, code: str, status: int, requests: int
) -> None:
    s3.answer(status, f"<Error><Code>{code}</Code><Message>m</Message></Error>")
    s3.api.backoff.timeout = 10.0
    with pytest.raises(ApiError, match=code):
        READS["s3"](s3)
    assert len(s3.requests) == requests


def test_writes_are_sent_once(s3: Wire) -> None:
    s3.answer(503, "<Error><Code>SlowDown</Code></Error>")
    s3.api.backoff.timeout = 10.0
    with pytest.raises(Unreachable):
        write(s3)
    assert len(s3.requests) == 1


def write(link: Wire) -> None:
    s3_buckets.delete_bucket(link.api, "b")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("certificate verify failed: certificate has expired", "have it renewed"),
        ("certificate verify failed: certificate is not yet valid", "not valid yet"),
        (
            "certificate verify failed: Hostname mismatch, certificate is not valid for 'a'",
            "another host name",
        ),
        (
            "certificate verify failed: IP address mismatch, certificate is not valid for '::1'",
            "another host name",
        ),
        ("hostname 'a' doesn't match 'b'", "another host name"),
        ("certificate verify failed: unable to get local issuer certificate", "aws_ca_bundle"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert", "requires a client certificate"),
        ("[X509: KEY_VALUES_MISMATCH] key values mismatch", "does not belong to its certificate"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "one that it trusts"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "does not speak TLS"),
        ("[SSL] record layer failure", "does not speak TLS"),
        ("[X509] PEM lib", "holds no certificates"),
    ],
)
def test_errors_of_tls_are_distinguished(text: str, advice: str) -> None:
    if "verify failed" in text:
        text = f"[SSL: CERTIFICATE_VERIFY_FAILED] {text} (_ssl.c:1006)"
    error = SSLError(endpoint_url="https://node1", error=Exception(text))
    found = translate.from_exception(CALL, error)
    assert isinstance(found, Invalid)
    assert advice in found.advice
