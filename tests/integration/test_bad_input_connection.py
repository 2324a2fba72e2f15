# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unreachable or wrong endpoints, refused credentials and invalid connection options: the messages of each module."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import session
from sandbox import Sandbox
from tests.integration.support.bad_input import (
    GOOD,
    IAM,
    S3,
    SUBJECT,
    Keyless,
    assert_failure,
    run_at,
)
from tests.integration.support.modules import OptionsRefused, Side

pytestmark = pytest.mark.lowest_boto3

EACH_MODULE = pytest.mark.parametrize("module", GOOD)


def endpoint(side: Side, module: str) -> str:
    return side.side.iam_url if module in IAM else side.side.s3_url


@EACH_MODULE
def test_closed_port_is_reported_with_the_url(source: Side, module: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = run_at(source, module, endpoint_url=url)
    message = assert_failure(
        result, url, "Could not connect", "Check endpoint_url (scheme, host, port)"
    )
    assert re.search(SUBJECT[module], message)
    assert result["error"]["endpoint"] == url


@EACH_MODULE
def test_unknown_host_name_is_reported_with_the_url(
    source: Side, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    url = "http://unknown.example"
    assert_failure(
        run_at(source, module, endpoint_url=url), url, "Check endpoint_url (scheme, host"
    )


@pytest.mark.parametrize("module", IAM)
def test_s3_endpoint_given_for_iam_is_reported(source: Side, module: str) -> None:
    url = source.side.s3_url
    result = run_at(source, module, endpoint_url=url)
    assert_failure(
        result, url, "If it is an S3 endpoint, give the IAM one (in Scality environments"
    )
    assert result["error"]["code"] == "MethodNotAllowed"


@pytest.mark.parametrize("module", S3)
def test_iam_endpoint_given_for_s3_is_reported(source: Side, module: str) -> None:
    url = source.side.iam_url
    message = assert_failure(run_at(source, module, endpoint_url=url), url)
    # A response to HEAD has no error code.
    bare = "check that endpoint_url is an endpoint of the right kind (S3 or IAM)"
    assert ("check that it is an S3 endpoint" if "object" not in module else bare) in message


@pytest.mark.parametrize("module", ["iam_role", "bucket", "object"])
def test_https_url_of_an_http_port_suggests_http(source: Side, module: str) -> None:
    url = endpoint(source, module).replace("http", "https")
    assert_failure(run_at(source, module, endpoint_url=url), url, "use http:// in endpoint_url")


@EACH_MODULE
def test_endpoint_that_is_neither_s3_nor_iam_is_reported(source: Side, module: str) -> None:
    """The sandbox's control port, which answers in JSON."""
    url = source.side.control_url
    assert_failure(
        run_at(source, module, endpoint_url=url), url, "check" if module in S3 else "Check"
    )


@EACH_MODULE
@pytest.mark.parametrize("status", [200, 302, 403, 404, 502])
def test_html_response_suggests_checking_for_a_proxy(
    source: Side, module: str, status: int
) -> None:
    source.sandbox.fail(how="html", status=status, times=0)
    result = run_at(source, module)
    message = assert_failure(result, endpoint(source, module), "whether a proxy")
    if status != 200:
        assert f"did not come from an {'IAM' if module in IAM else 'S3'} server" in message
        assert result["error"]["status"] == status


@EACH_MODULE
@pytest.mark.parametrize("how", ["garbage", "no-http", "reset", "truncated"])
def test_invalid_response_suggests_checking_endpoint_url(
    source: Side, module: str, how: str
) -> None:
    source.sandbox.fail(how=how, times=0)
    message = assert_failure(run_at(source, module), endpoint(source, module))
    assert re.search("[cC]heck .*endpoint_url", message)


@EACH_MODULE
def test_wrong_secret_key_is_reported_but_not_shown(source: Side, module: str) -> None:
    message = assert_failure(
        run_at(source, module, secret_key="mistyped"), endpoint(source, module)
    )
    assert "secret" in message
    assert "mistyped" not in message
    assert source.side.secret_key not in message


@EACH_MODULE
def test_unknown_access_key_is_reported(source: Side, module: str) -> None:
    result = run_at(source, module, access_key="UNKNOWN0000000000000")
    assert_failure(result, endpoint(source, module), "check profile", "access_key")
    assert result["error"]["status"] == 403


@EACH_MODULE
def test_invalid_session_token_is_reported_but_not_shown(source: Side, module: str) -> None:
    result = run_at(source, module, session_token="not-mine")
    message = assert_failure(
        result, endpoint(source, module), "check profile" if "object" in module else ""
    )
    assert "not-mine" not in message
    assert "object" in module or "check session_token" in message


@EACH_MODULE
@pytest.mark.parametrize(("offset", "direction"), [(1000, "behind"), (-1000, "ahead of")])
def test_clock_difference_is_reported_in_seconds(
    source: Side, module: str, offset: int, direction: str
) -> None:
    source.sandbox.settings(clock_offset=offset)
    message = assert_failure(run_at(source, module), endpoint(source, module), "by NTP")
    seconds = re.search(rf"this machine is (\d+) s {direction} the server, and 900 s", message)
    assert seconds is not None
    assert abs(int(seconds[1]) - 1000) <= 5


@EACH_MODULE
def test_missing_permission_is_reported(source: Side, module: str) -> None:
    nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [nothing]}
    keys = source.side.create_user("powerless", document)
    result = run_at(source, module, **keys)
    message = assert_failure(result, endpoint(source, module))
    assert result["error"]["status"] == 403
    assert re.search("permission|credentials are wrong", message)
    if module in IAM:
        assert "powerless is not authorized to perform: iam:" in message


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "form http://host:port"),
        ("", "form http://host:port"),
        ("node1:8600", "form http://host:port"),
        ("node1", "form http://host:port"),
        ("ftp://node1", "form http://host:port"),
        ("http://", "form http://host:port"),
        ("http://node1:99999", "Port out of range"),
        ("http://node1:https", "https"),
        ("http://[::1", "Invalid IPv6 URL"),
        ("http://node 1", "Check endpoint_url"),
        ("http://a..b", "Check endpoint_url"),
        ("http://user:hunter2@node1", "contains credentials"),
    ],
)
def test_malformed_endpoint_url_is_reported_without_its_password(
    source: Side, url: str | None, reason: str
) -> None:
    message = assert_failure(run_at(source, "bucket", endpoint_url=url), "endpoint_url", reason)
    assert "hunter2" not in message


def test_host_name_that_is_not_a_rest_endpoint_is_reported(source: Side) -> None:
    url = source.side.s3_url.replace("127.0.0.1", "127.1")
    assert_failure(run_at(source, "bucket", endpoint_url=url), url, "use one of its restEndpoints")
    assert_failure(run_at(source, "object", endpoint_url=url), url, "its restEndpoints")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"access_key": "", "secret_key": ""}, "access_key for http.* is empty"),
        ({"region": ""}, "region for http.* is empty"),
        ({"region": "not a region"}, "Check endpoint_url, region"),
        ({"access_key": "two\nlines"}, "check for a line break"),
        ({"aws_ca_bundle": "/no/such/file"}, "aws_ca_bundle /no/such/file is not a file"),
        ({"aws_config": {"conect_timeout": 3}}, "unexpected keyword argument 'conect_timeout'"),
        ({"aws_config": {"connect_timeout": "soon"}}, "connect was soon.* Check .*aws_config"),
        ({"aws_config": {"retries": 3}}, "aws_config is not a botocore configuration"),
        ({"aws_config": {"s3": "path"}}, "aws_config is not a botocore configuration"),
        ({"aws_config": {"s3": {"addressing_style": "x"}}}, "addressing style x is invalid"),
        ({"aws_config": {"proxies": "http://proxy"}}, "wrong type in aws_config"),
        ({"aws_config": {"proxies": {"http": "http://127.0.0.1:1"}}}, "connect to proxy URL"),
        ({"aws_config": {"max_pool_connections": "ten"}}, "wrong type in aws_config"),
        ({"aws_config": {"signature_version": "v9"}}, "Unknown Signature Version: v9"),
        ({"aws_config": {"read_timeout": -1}}, "read timeout to -1.* Check .*aws_config"),
        ({"aws_config": {"user_agent_extra": 5}}, "Check .*aws_config"),
        ({"aws_config": {"region_name": 5}}, "Check .*aws_config"),
    ],
)
def test_connection_option_with_an_unusable_value_is_reported(
    source: Side, wrong: dict[str, Any], reason: str
) -> None:
    assert re.search(reason, assert_failure(run_at(source, "bucket", **wrong)))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"profile": "other"}, "mutually exclusive: profile\\|access_key"),
        ({"retry_timeout": "soon"}, "retry_timeout"),
        ({"aws_config": "fast"}, "aws_config"),
        ({"endpoint": "http://node1"}, "endpoint"),
    ],
)
def test_options_outside_the_argument_spec_are_refused(
    source: Side, wrong: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OptionsRefused, match=reason):
        run_at(source, "bucket", **wrong)


def test_ca_bundle_without_certificates_is_reported(source: Side, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate\n")
    url = source.side.s3_url.replace("http", "https")
    result = run_at(source, "bucket", endpoint_url=url, aws_ca_bundle=str(bundle))
    assert_failure(result, url, "holds no certificates: name one in PEM format")


class ConnectionAttempts(list[Any]):
    """The addresses to which this process tries to connect. All connections are refused."""

    def connect(self, own: socket.socket, address: Any) -> None:
        self.append(address)
        raise ConnectionRefusedError


@pytest.fixture
def no_credentials(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> ConnectionAttempts:
    """Removes all credentials, but leaves the lookup of credentials from a cloud's metadata service enabled."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/credentials")
    for cached in (session._session, session._client):
        cached.cache_clear()
    attempts = ConnectionAttempts()
    monkeypatch.setattr(
        socket.socket, "connect", lambda own, address: attempts.connect(own, address)
    )
    return attempts


@pytest.fixture
def keyless(source: Side) -> Keyless:
    return Keyless(source.sandbox, source.side)


@EACH_MODULE
def test_missing_credentials_are_reported_without_a_connection(
    keyless: Keyless, module: str, no_credentials: ConnectionAttempts
) -> None:
    """botocore does not even ask a cloud's metadata service for credentials."""
    result = run_at(keyless, module)
    assert_failure(
        result, endpoint(keyless, module), "Unable to locate credentials", "Give profile, or"
    )
    assert no_credentials == []


@pytest.mark.usefixtures("no_credentials")
def test_access_key_without_secret_key_in_the_environment_is_reported(
    keyless: Keyless, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    assert_failure(run_at(keyless, "bucket"), "AWS_SECRET_ACCESS_KEY", "or profile")


def test_unknown_profile_is_reported_with_the_known_ones(
    keyless: Keyless, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile first]\nregion = us-east-1\n[profile second]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for module in ("iam_role", "bucket"):
        result = run_at(keyless, module, profile="third")
        assert_failure(
            result, "profile (third) could not be found", "Check profile", "first, second"
        )


@pytest.mark.usefixtures("no_credentials")
def test_profile_without_credentials_is_reported(
    keyless: Keyless, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile bare]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    result = run_at(keyless, "bucket", profile="bare")
    assert_failure(result, keyless.side.s3_url, "Unable to locate credentials", "Give profile, or")


def test_access_key_without_secret_key_in_the_options_is_reported(keyless: Keyless) -> None:
    half = {"access_key": "AKIA", "secret_key": None}
    assert_failure(
        run_at(keyless, "bucket", **half), keyless.side.s3_url, "Give access_key and secret"
    )
    with pytest.raises(OptionsRefused, match="required together: access_key, secret_key"):
        run_at(keyless, "bucket", access_key="AKIA")
