# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No form of a secret is shown, whatever the source of the secret is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.scality.backbeat.plugins.module_utils._clients import session
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    environment_secrets,
    hidden,
    secrets,
)
from ansible_collections.scality.backbeat.plugins.modules import (
    backbeat_backfill,
    backbeat_bucket,
    backbeat_verify,
)

pytestmark = pytest.mark.lowest_boto3

SPEC = backbeat_bucket.TASK.argument_spec()["argument_spec"]
URL = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """AWS's files, which clients of other tests have not read."""
    for name in ("AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    for cached in (session._client, session._session):
        cached.cache_clear()
    session._ASKED.clear()
    session._SPARE.clear()


def outcome(**options: Any) -> str:
    """The displayed result of a task that cannot reach its server."""
    given = {name: one.get("default") for name, one in SPEC.items()}
    given |= {"endpoint_url": URL, "name": "a-bucket", "retry_timeout": 0.0, **options}
    result = backbeat_bucket.TASK.run(given, check_mode=False)
    assert result["failed"]
    return json.dumps(remove_values(result, hidden(SPEC, given)))


@pytest.mark.parametrize(
    "secret", ["a secret/with+signs", "line\none-more", "tail\r", "umläut&<x>"]
)
def test_every_form_that_a_library_may_write(secret: str) -> None:
    known = hidden(SPEC, {"secret_key": secret})
    for form in (
        secret,
        secret.strip(),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        json.dumps(secret)[1:-1],
        " ".join(secret.split()),
    ):
        assert form in known
    text = f"Invalid header value {secret.encode()!r}, {secret}"
    assert "secret" not in remove_values(text, known)
    assert "one-more" not in remove_values(text, known)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:hunter@node1", {"hunter"}),
        ("http://user:hunter//pw@node1", {"hunter//pw"}),
        ("http://token@node1", {"token"}),
        ("user:hunter@node1:8080", {"hunter"}),
        ("http://user:p%40ss@node1", {"p%40ss", "p@ss"}),
        ("http://node1", set()),
    ],
)
def test_credentials_in_urls(url: str, shown: set[str]) -> None:
    assert secrets(SPEC, {"endpoint_url": url}) == shown
    assert secrets(SPEC, {"aws_config": {"proxies": {"http": url}}}) == shown
    assert environment_secrets({"https_proxy": url}) == shown


def test_secrets_of_the_environment() -> None:
    environment = {
        "AWS_SECRET_ACCESS_KEY": "one",
        "AWS_SESSION_TOKEN": "two",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/a/file",
        "AWS_PROFILE": "a-profile",
        "HTTP_PROXY": "http://u:three@h",
        "TOKEN": "of something else",
    }
    assert environment_secrets(environment) == {"one", "two", "three"}


@pytest.mark.parametrize("token", ["planted\ntoken", "planted-token\r", "planted-token\r\n"])
def test_a_token_of_the_environment_that_cannot_be_sent(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    assert "planted" not in outcome()
    assert "planted" not in outcome(access_key="A", secret_key="k" * 20, session_token=token)


def test_a_key_of_a_profile_that_cannot_be_sent(files: Path) -> None:
    (files / "credentials").write_text(
        "[p]\naws_access_key_id = A\naws_secret_access_key = planted-key\naws_session_token = plantedü-token\n"
    )
    assert "planted" not in outcome(profile="p")
    assert session.profile_secrets() == {"planted-key", "plantedü-token"}


def test_a_token_from_a_program_that_cannot_be_sent(files: Path) -> None:
    found = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "planted-key"}
    answer = files / "answer.json"
    answer.write_text(json.dumps({**found, "SessionToken": "planted\ntoken"}))
    (files / "config").write_text(f"[profile p]\ncredential_process = cat {answer}\n")
    assert "Invalid header value" in outcome(profile="p")
    assert "planted" not in outcome(profile="p")
    assert session.profile_secrets() == {"planted-key", "planted\ntoken"}


@pytest.mark.parametrize("module", [backbeat_verify, backbeat_backfill])
def test_the_report_of_a_job(files: Path, module: Any) -> None:
    """The engine does not remove secrets from files, and reports become pages and metrics."""
    keys = {"access_key": "A", "secret_key": "planted-key", "session_token": "planted\ntoken"}
    side = {"s3": {"endpoint_url": URL, "retry_timeout": 0, **keys}, "bucket": "a-bucket"}
    given = {"source": side, "target": side, "report_file": str(files / "report.json")}
    if module is backbeat_backfill:
        given["checkpoint"] = str(files / "checkpoint")
    validated = ArgumentSpecValidator(**module.TASK.argument_spec()).validate(given)
    assert module.TASK.run(validated.validated_parameters, check_mode=False)["failed"]
    assert "Invalid header value" in (files / "report.json").read_text()
    assert not [one for one in files.iterdir() if "planted" in one.read_text()]


def test_the_password_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:planted@127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    text = outcome(endpoint_url="http://node1.invalid", access_key="A", secret_key="k" * 20)
    assert "planted" not in text


def test_a_password_with_a_slash_in_an_endpoint() -> None:
    text = outcome(endpoint_url="http://u:planted//password@node1", access_key="A", secret_key="k")
    assert "planted" not in text
    assert "password@" not in text


def test_short_secrets_of_the_environment_hide_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    assert "test" not in hidden(SPEC, {})
    assert "test" in hidden(SPEC, {"secret_key": "test"})
