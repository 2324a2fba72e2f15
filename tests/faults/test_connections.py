# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS certificates, sources of credentials, and proxies."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from botocore.exceptions import SSLError

from ansible_collections.scality.backbeat.plugins.module_utils._clients import session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Call
from ansible_collections.scality.backbeat.plugins.module_utils._clients.translate import (
    from_exception,
)
from sandbox import Sandbox
from tests.faults.support.responses import PAGE, ROLE, XML
from tests.integration.support.modules import Result, Side, task_of
from tests.support.scripted import Request, Scripted, scripted

pytestmark = pytest.mark.sandbox
#: These failures are permanent, so retries would only take time.
ONCE: dict[str, Any] = {"name": "R", "retry_timeout": 0.0}


@pytest.fixture(autouse=True)
def _forget_clients() -> Iterator[None]:
    """Clear the cached clients, because each test provides credentials in another way."""
    for cached in (session._client, session._session):
        cached.cache_clear()
    yield
    for cached in (session._client, session._session):
        cached.cache_clear()


@pytest.fixture(scope="module")
def secure() -> Iterator[Side]:
    with Sandbox(tls=True) as sandbox:
        yield Side(sandbox, sandbox.source)


class TestTls:
    @pytest.mark.parametrize("module", ["iam_role_info", "bucket"])
    def test_certificate_is_verified_by_default(self, secure: Side, module: str) -> None:
        result = secure.run(module, name="some-name", retry_timeout=30.0)
        assert result["failed"]
        assert "certificate" in result["msg"]
        assert "aws_ca_bundle" in result["msg"]
        assert not result["changed"]
        assert not secure.sandbox.calls()

    def test_ca_bundle_option_is_used(self, secure: Side) -> None:
        bundle = secure.sandbox.ca_bundle
        assert not secure.run("bucket", name="my-bucket", aws_ca_bundle=bundle).get("failed")

    def test_ca_bundle_of_the_environment_is_used(
        self, secure: Side, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(secure.sandbox.ca_bundle))
        assert not secure.run("iam_role_info", **ONCE).get("failed")

    def test_certificate_is_not_verified_if_validate_certs_is_false(self, secure: Side) -> None:
        assert not secure.run("iam_role_info", **ONCE, validate_certs=False).get("failed")

    def test_certificate_for_another_host_name_is_refused(
        self, secure: Side, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        resolve = socket.getaddrinfo

        def resolve_to_loopback(_host: Any, *arguments: Any, **named: Any) -> Any:
            return resolve("127.0.0.1", *arguments, **named)

        monkeypatch.setattr(socket, "getaddrinfo", resolve_to_loopback)
        url = secure.side.iam_url.replace("127.0.0.1", "another.example")
        bundle = secure.sandbox.ca_bundle
        result = secure.run("iam_role_info", **ONCE, endpoint_url=url, aws_ca_bundle=bundle)
        assert result["failed"]
        assert "The certificate is for another host name" in result["msg"]

    def test_http_url_of_an_https_port_is_explained(self, secure: Side) -> None:
        url = secure.side.iam_url.replace("https", "http")
        result = secure.run("iam_role_info", **ONCE, endpoint_url=url)
        assert result["failed"]
        assert "a port for https closes connections that use http" in result["msg"]

    def test_https_url_of_an_http_port_is_explained(self, source: Side) -> None:
        url = source.side.iam_url.replace("http", "https")
        result = source.run("iam_role_info", **ONCE, endpoint_url=url)
        assert "http://" in result["msg"]

    def test_client_certificate_is_sent(self, secure: Side, tmp_path: Path) -> None:
        folder = Path(str(secure.sandbox.ca_bundle)).parent
        certificate, key = _certificate(tmp_path)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "server.pem")
        tls.load_verify_locations(certificate)
        tls.verify_mode = ssl.CERT_REQUIRED
        options = {**ONCE, "aws_ca_bundle": secure.sandbox.ca_bundle}
        with scripted(tls) as server:
            server.respond_with("200 OK", XML, ROLE)
            options["endpoint_url"] = server.url
            options["include_policies"] = False
            assert secure.run("iam_role_info", **options)["failed"]
            for given in (
                [str(certificate), str(key)],
                str(_concatenated(tmp_path, certificate, key)),
            ):
                result = secure.run("iam_role_info", **options, aws_config={"client_cert": given})
                assert not result.get("failed"), result
                assert result["iam_role"]["role_name"] == "N"

    def test_missing_client_certificate_is_explained(self) -> None:
        """Tested without a server: it is chance whether the server's alert arrives before the connection ends."""
        alert = "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required"
        error = SSLError(endpoint_url="https://node1", error=Exception(alert))
        found = from_exception(Call("GetRole", "https://node1", "read the role R"), error)
        assert "give one and its key as client_cert" in str(found)


class TestCredentials:
    @pytest.fixture(autouse=True)
    def profiles(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)

    def run(self, side: Side, **options: Any) -> Result:
        """Run the module without the keys that `Side.run` adds."""
        task = task_of("iam_role_info")
        given = {**ONCE, "endpoint_url": side.side.iam_url, **options}
        validated = ArgumentSpecValidator(**task.argument_spec()).validate(given)
        assert not validated.error_messages
        return task.run(validated.validated_parameters, check_mode=False)

    def test_profile_option_is_used(self, source: Side) -> None:
        assert not self.run(source, profile=source.side.profile).get("failed")

    def test_profile_of_the_environment_is_used(
        self, source: Side, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", source.side.profile)
        assert not self.run(source).get("failed")

    def test_keys_of_the_environment_are_used(
        self, source: Side, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", source.side.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", source.side.secret_key)
        assert not self.run(source).get("failed")

    def test_temporary_keys_of_the_environment_require_a_session_token(
        self, source: Side, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = source.side.temporary
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["access_key"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["secret_key"])
        assert self.run(source)["failed"]
        monkeypatch.setenv("AWS_SESSION_TOKEN", keys["session_token"])
        session._client.cache_clear()
        session._session.cache_clear()
        assert not self.run(source).get("failed")

    def test_temporary_keys_in_options_require_a_session_token(self, source: Side) -> None:
        keys = {name: source.side.temporary[name] for name in ("access_key", "secret_key")}
        token = source.side.temporary["session_token"]
        assert not self.run(source, **keys, session_token=token).get("failed")
        result = self.run(source, **keys)
        assert result["error"]["status"] == 403
        assert not self.run(source, profile=source.side.temporary["profile"]).get("failed")

    def test_keys_of_the_other_side_are_refused(self, source: Side, target: Side) -> None:
        result = self.run(source, profile=target.side.profile)
        assert "does not know the access key" in result["msg"]

    def test_keys_in_options_override_the_environment(
        self, source: Side, target: Side, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", target.side.profile)
        keys = {"access_key": source.side.access_key, "secret_key": source.side.secret_key}
        assert not self.run(source, **keys).get("failed")

    def test_missing_credentials_are_explained(self, source: Side) -> None:
        result = self.run(source)
        assert "profile, or access_key and secret_key" in result["msg"]


class TestProxies:
    @pytest.fixture
    def proxy(self) -> Iterator[Scripted]:
        with scripted() as scripted_server:
            scripted_server.answer = _forward
            yield scripted_server

    def test_proxy_option_is_used(self, source: Side, proxy: Scripted) -> None:
        assert source.do("iam_role", name="R", aws_config={"proxies": {"http": proxy.url}})[
            "changed"
        ]
        assert len(proxy.requests) == 2
        assert proxy.requests[0].startswith(f"POST {source.side.iam_url}/".encode())

    def test_proxy_of_the_environment_is_used(
        self, source: Side, proxy: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        source.do("bucket", name="my-bucket")
        assert len(proxy.requests) == 2

    def test_proxy_is_not_used_for_hosts_in_no_proxy(
        self, source: Side, proxy: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", proxy.url)
        source.do("bucket", name="my-bucket")
        assert not proxy.requests

    def test_proxy_password_is_sent(self, source: Side, proxy: Scripted) -> None:
        url = proxy.url.replace("http://", "http://user:the%2Fpassword@")
        source.do("iam_role", name="R", aws_config={"proxies": {"http": url}})
        # user:the/password
        assert b"Basic dXNlcjp0aGUvcGFzc3dvcmQ=" in proxy.requests[0]

    @pytest.mark.parametrize(
        "status", ["200 OK", "403 Forbidden", "407 Proxy", "502 Bad Gateway", "504 Late"]
    )
    def test_response_of_the_proxy_itself_is_explained(
        self, source: Side, proxy: Scripted, status: str
    ) -> None:
        proxy.respond_with(status, {"Content-Type": "text/html"}, PAGE)
        url = proxy.url.replace("http://", "http://user:the-password@")
        for module in ("iam_role", "bucket"):
            result = source.run(
                module, name="name", retry_timeout=0.0, aws_config={"proxies": {"http": url}}
            )
            assert result["failed"]
            assert not result["changed"]
            assert "proxy" in result["msg"]
            assert "the-password" not in str(result)

    def test_unreachable_proxy_is_explained(self, source: Side) -> None:
        url = "http://user:the-password@127.0.0.1:1"
        result = source.run("iam_role", **ONCE, aws_config={"proxies": {"http": url}})
        assert "proxy" in result["msg"]
        assert "the-password" not in str(result)


def _forward(request: Request) -> bytes:
    """Forward a request to the server in its URL; returns the response."""
    line, _, rest = request.raw.partition(b"\r\n")
    method, url, version = line.decode().split()
    parts = urlsplit(url)
    path = url.partition(parts.netloc)[2] or "/"
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=10) as server:
        server.sendall(f"{method} {path} {version}\r\nConnection: close\r\n".encode() + rest)
        return b"".join(iter(lambda: server.recv(65536), b""))


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "operator")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(pem))
    key.write_bytes(
        private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key


def _concatenated(folder: Path, *files: Path) -> Path:
    joined = folder / "joined.pem"
    joined.write_bytes(b"".join(file.read_bytes() for file in files))
    return joined
