# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options, and their effect on requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    iam_entities,
    s3_buckets,
    s3_objects,
    session,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Forbidden
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import (
    BadConnection,
    open_api,
)

from .conftest import Wire, options, sent, wire


@pytest.fixture(autouse=True)
def _no_clients_of_other_tests() -> Iterator[None]:
    def forget() -> None:
        session._client.cache_clear()
        session._session.cache_clear()

    forget()
    yield
    forget()


def md5(body: Any) -> str:
    body = body.encode() if isinstance(body, str) else body
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    "url",
    [
        "http://node1",
        "https://node1:8443",
        "http://10.0.0.1:80/",
        "http://[::1]:8000",
        "HTTP://node1",
    ],
)
def test_good_endpoints(url: str) -> None:
    assert open_api(S3, options(endpoint_url=url)).endpoint == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (None, "'' must have the form"),
        ("", "'' must have the form http://host:port"),
        ("node1", "'node1' must have the form"),
        ("node1:8600", "'node1:8600' must have the form"),
        ("ftp://node1", "must have the form"),
        ("http://", "must have the form"),
        ("http://:80", "must have the form"),
        ("http://node1:0", "must have the form"),
        ("http://node1:port", "is not a URL: Port could not be cast"),
        ("http://node1:70000", "is not a URL: Port out of range"),
        ("http://[::1", "is not a URL"),
    ],
)
def test_bad_endpoints(url: str | None, message: str) -> None:
    with pytest.raises(BadConnection, match=message):
        open_api(S3, options(endpoint_url=url))


@pytest.mark.parametrize(
    "url",
    [
        "http://user:planted@node1",
        "http://planted@node1:8600",
        "http://user:plan/ted@node1",
        "user:planted@node1",
        "http://user:plan#ted@node1",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(BadConnection, match="contains credentials: give them as profile") as caught:
        open_api(S3, options(endpoint_url=url))
    assert "plan" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_unknown_profile_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile known]\nregion = us-east-1\n")
    wanted = options(profile="unknown", access_key=None, secret_key=None)
    with pytest.raises(
        BadConnection,
        match=r"http://node1 cannot be used: .*profile \(unknown\) could not be found",
    ):
        open_api(S3, wanted)


def test_a_profile_gives_the_credentials(tmp_path: Path) -> None:
    text = "[source]\naws_access_key_id = FROMFILE\naws_secret_access_key = s\n"
    (tmp_path / "credentials").write_text(text)
    with wire("s3", profile="source", access_key=None, secret_key=None) as link:
        link.answer(body="<VersioningConfiguration/>")
        s3_buckets.versioning(link.api, "b")
        assert "Credential=FROMFILE/" in sent(link.requests[0], "Authorization")


def test_missing_credentials_are_an_error_with_a_remedy() -> None:
    with wire("s3", access_key=None, secret_key=None) as link:
        with pytest.raises(
            Forbidden, match=r"Unable to locate credentials.* Give profile, or access_key"
        ):
            s3_buckets.versioning(link.api, "b")
        assert link.requests == []


def test_a_session_token_is_sent() -> None:
    with wire("s3", session_token="temporary") as link:
        link.answer(body="<VersioningConfiguration/>")
        s3_buckets.versioning(link.api, "b")
        assert sent(link.requests[0], "X-Amz-Security-Token") == "temporary"


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "botocore >= 1.36.0 is missing: install boto3"),
        ("1.35.99", "botocore 1.35.99 is too old, 1.36.0 or newer is needed"),
        ("0.9", "too old"),
    ],
)
def test_botocore_is_missing_or_too_old(
    monkeypatch: pytest.MonkeyPatch, version: str | None, message: str
) -> None:
    monkeypatch.setattr(session, "BOTOCORE_VERSION", version)
    with pytest.raises(BadConnection, match=message):
        open_api(S3, options())


@pytest.mark.parametrize("version", ["1.36.0", "1.100.0", "2.0", "1.36.0.dev1"])
def test_botocore_is_new_enough(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(session, "BOTOCORE_VERSION", version)
    assert open_api(S3, options()).service == S3


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"no_such_setting": 1}, "aws_config is not a botocore configuration: .*no_such_setting"),
        ({"s3": {"addressing_style": "sideways"}}, "sideways"),
        ({"retries": {"max_attempts": -1}}, "retries|max_attempts|greater"),
    ],
)
def test_bad_client_settings(config: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConnection, match=message):
        open_api(S3, options(aws_config=config))


def test_client_settings_replace_the_defaults() -> None:
    config = open_api(S3, options(aws_config={"read_timeout": 5})).client.meta.config
    assert (config.read_timeout, config.connect_timeout) == (5, 10)
    assert config.s3 == {"addressing_style": "path"}
    assert config.retries["total_max_attempts"] == 1


def test_the_user_agent_names_the_collection(s3: Wire) -> None:
    s3.answer(body="<VersioningConfiguration/>")
    look(s3)
    assert "ansible-scality.backbeat" in sent(s3.requests[0], "User-Agent")


def look(link: Wire) -> None:
    s3_buckets.versioning(link.api, "b")


@pytest.mark.parametrize(
    ("validate", "bundle", "verify"),
    [(True, None, True), (False, None, False), (True, "ca.pem", "ca.pem")],
)
def test_certificates(tmp_path: Path, validate: bool, bundle: str | None, verify: Any) -> None:
    (tmp_path / "ca.pem").write_text("")
    path = bundle and str(tmp_path / bundle)
    wanted = options(validate_certs=validate, aws_ca_bundle=path)
    used = open_api(S3, wanted).client._endpoint.http_session._verify
    assert used == (path if bundle else verify)


def test_a_profile_may_name_the_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/from/the/environment.pem")
    used = open_api(S3, options()).client._endpoint.http_session._verify
    assert used == "/from/the/environment.pem"


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConnection, match=r"aws_ca_bundle .*missing\.pem is not a file"):
        open_api(S3, options(aws_ca_bundle=str(tmp_path / "missing.pem")))


def test_threads_share_one_client() -> None:
    with ThreadPoolExecutor(8) as pool:
        apis = list(pool.map(lambda _: open_api(S3, options(), pool=8), range(32)))
    assert len({id(api.client) for api in apis}) == 1
    assert len({id(api.backoff) for api in apis}) == 32
    assert apis[0].client.meta.config.max_pool_connections == 8


def test_other_options_have_another_client() -> None:
    first, second = (open_api(S3, options(access_key=key)) for key in ("A", "B"))
    assert first.client is not second.client


def test_credentials_of_cloud_instances_are_not_looked_up() -> None:
    providers = session._session(None, asks=True).get_component("credential_provider").providers
    assert {one.METHOD for one in providers}.isdisjoint({"iam-role", "container-role"})


def profiles(folder: Path, monkeypatch: pytest.MonkeyPatch, **keys: str) -> None:
    lines = [
        f"[{name}]\naws_access_key_id={key}\naws_secret_access_key=s" for name, key in keys.items()
    ]
    (folder / "credentials").write_text("\n".join(lines))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))


def access_key(**given: Any) -> str:
    client = open_api(S3, {"endpoint_url": "http://node1", "region": "us-east-1", **given}).client
    return str(client._request_signer._credentials.access_key)


def test_a_session_that_was_loaded_in_advance_works_with_any_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_SPARE", [])
    session.warm()
    (spare,) = session._SPARE
    profiles(tmp_path, monkeypatch, default="D", one="A", two="B")
    assert access_key(profile="one") == "A"
    assert session._session("one", asks=True) is spare
    assert access_key(profile="two") == "B"
    assert access_key() == "D"


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_PROFILE", "unknown"), ("AWS_CONFIG_FILE", "broken")]
)
def test_loading_in_advance_leaves_errors_to_the_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (tmp_path / "broken").write_text("no section\n")
    monkeypatch.setenv(name, str(tmp_path / value) if value == "broken" else value)
    session.warm()
    with pytest.raises(BadConnection):
        open_api(S3, {"endpoint_url": "http://node1", "region": "us-east-1"})


CONFIGURATION = {
    "Role": "r",
    "Rules": [{"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "b"}}],
}
WRITES_WITH_CHECKSUM = {
    "PutBucketReplication": lambda api: s3_buckets.put_replication(api, "b", CONFIGURATION),
    "PutBucketVersioning": lambda api: s3_buckets.put_versioning(api, "b", "Enabled"),
    "PutObjectTagging": lambda api: s3_objects.put_object_tags(api, "b", "k", {"a": "ü"}),
}


@pytest.mark.parametrize("operation", WRITES_WITH_CHECKSUM)
def test_if_s3_requires_a_checksum_it_is_md5(s3: Wire, operation: str) -> None:
    s3.answer()
    WRITES_WITH_CHECKSUM[operation](s3.api)
    request = s3.requests[0]
    assert sent(request, "Content-MD5") == md5(request.body)
    assert not [name for name in request.headers if "checksum" in name.lower()]


def test_objects_are_sent_without_checksum_and_trailer(s3: Wire) -> None:
    s3.answer(ETag='"e"')
    put(s3)
    headers = {name.lower() for name in s3.requests[0].headers}
    assert not {name for name in headers if "checksum" in name or "trailer" in name}
    assert "content-md5" not in headers


def put(link: Wire) -> None:
    s3_objects.put_object(link.api, "b", "k", b"body", metadata={}, tags={}, content_type=None)


def test_requests_are_signed_and_have_the_bucket_in_the_path(s3: Wire) -> None:
    s3.answer(body="<VersioningConfiguration/>")
    look(s3)
    request = s3.requests[0]
    assert request.url == "http://node1/b?versioning"
    authorization = sent(request, "Authorization")
    assert "AWS4-HMAC-SHA256 Credential=AK/" in authorization
    assert "/us-east-1/s3/aws4_request" in authorization


def test_iam_calls_use_their_own_endpoint() -> None:
    with wire("iam") as link:
        link.answer(body="<GetUserResponse/>")
        with pytest.raises(Exception, match="cannot be read"):
            iam_entities.own_account(link.api)
        assert link.requests[0].url == "http://node1:8600/"
        assert "/us-east-1/iam/aws4_request" in sent(link.requests[0], "Authorization")


@pytest.mark.parametrize("status", [500, 503])
def test_botocore_does_not_retry(status: int) -> None:
    with wire("s3") as link:
        link.answer(status, "<Error><Code>SlowDown</Code></Error>")
        with pytest.raises(Exception, match="SlowDown"):
            put(link)
        assert len(link.requests) == 1


@pytest.mark.parametrize(
    "url", ["http://node1/bucket", "http://node1:80/a/b/", "http://node1/?x=1"]
)
def test_an_endpoint_with_a_path(url: str) -> None:
    with pytest.raises(BadConnection, match="must consist of scheme, host and port: leave out '/"):
        open_api(S3, options(endpoint_url=url))
    assert open_api(S3, options(endpoint_url="http://node1/")).endpoint == "http://node1/"


@pytest.fixture
def _no_sessions() -> Iterator[None]:
    """Sessions read the files at their creation."""
    for cached in (session._client, session._session):
        cached.cache_clear()
    session._SPARE.clear()
    yield
    for cached in (session._client, session._session):
        cached.cache_clear()


FILES = {
    "a profile that is not there": ("[default]\n", "not-there"),
    "a file that cannot be read": ("no section\n", None),
    "a value in place of a section": ("[default]\ns3 = virtual\n", None),
}


@pytest.mark.usefixtures("_no_sessions")
@pytest.mark.parametrize("name", FILES)
def test_explicit_keys_need_no_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, profile = FILES[name]
    for file in ("config", "credentials"):
        (tmp_path / file).write_text(text)
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    with wire(S3.name) as link:
        link.answer(body="<VersioningConfiguration/>")
        assert s3_buckets.versioning(link.api, "b") == ""
    assert "Credential=AK/" in sent(link.requests[0], "Authorization")


@pytest.mark.usefixtures("_no_sessions")
@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a profile that is not there", "Check profile"),
        ("a file that cannot be read", "Correct the file"),
        ("a value in place of a section", "such as `s3 = virtual`"),
    ],
)
def test_errors_in_the_files_are_reported(
    name: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, profile = FILES[name]
    (tmp_path / "config").write_text(text)
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(BadConnection) as caught:
        open_api(S3, options(access_key=None, secret_key=None))
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "names 0 files"),
        (["a", "b", "c"], "names 3 files"),
        (["{missing}"], "missing.pem in aws_config is not a file"),
        ("{missing}", "missing.pem in aws_config is not a file"),
        (["{text}"], "cannot be used"),
        (["{text}", "{text}"], "cannot be used"),
    ],
)
def test_a_client_certificate_that_cannot_be_used(files: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    names = {"missing": str(tmp_path / "missing.pem"), "text": str(tmp_path / "text.pem")}
    given = (
        files.format(**names) if isinstance(files, str) else [one.format(**names) for one in files]
    )
    with pytest.raises(BadConnection, match=message):
        open_api(S3, options(aws_config={"client_cert": given}))
