# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, attaching to, checking and stopping a sandbox; no process or file remains."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import Environment, Sandbox, SandboxError
from sandbox.process import ROOT, is_ours, verify
from sandbox.tests.helpers import wait_for

pytestmark = pytest.mark.sandbox
#: One environment, for tests that do not need two: it starts in half the time.
ONE = (Environment("source"),)


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **options,
    )  # fmt: skip


def pids_of(description: dict[str, Any]) -> list[int]:
    return [description[side]["pid"] for side in ("source", "target")]


def all_ended(description: dict[str, Any]) -> bool:
    return not any(is_ours(pid, description["nonce"]) for pid in pids_of(description))


def test_background_sandbox_starts_and_stops(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    missing = command("status", *state)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert str(tmp_path) in missing.stderr
    started = command("start", *state, "--generation", "2025", "--delay", "0.1")
    assert started.returncode == 0, started.stderr
    description = json.loads(started.stdout)
    try:
        assert json.loads((tmp_path / "state" / "sandbox.json").read_text()) == description
        again = command("start", *state)
        assert json.loads(again.stdout) == description
        assert json.loads(command("status", *state).stdout) == description
        sandbox = Sandbox.attach(tmp_path / "state")
        assert sandbox.describe() == description
        assert sandbox.settings()["generation"] == 2025
        assert sandbox.source.client("s3").list_buckets()["Buckets"] == []
    finally:
        stopped = command("stop", *state)
    assert stopped.returncode == 0, stopped.stderr
    assert all_ended(description)
    assert command("stop", *state).returncode == 0
    with pytest.raises(SandboxError, match="no sandbox was started"):
        Sandbox.attach(tmp_path / "state")


def test_start_replaces_a_sandbox_with_a_dead_process(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path))
    first = json.loads(command("start", *state).stdout)
    second = first
    try:
        os.kill(first["source"]["pid"], signal.SIGKILL)
        wait_for(lambda: not is_ours(first["source"]["pid"], first["nonce"]))
        assert command("status", *state).returncode == 1
        second = json.loads(command("start", *state).stdout)
        assert second["nonce"] != first["nonce"]
        assert all_ended(first)
    finally:
        command("stop", *state)
    assert all_ended(second)


def test_profiles_have_the_keys_of_their_account(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.environ.items():
        monkeypatch.setenv(name, value)
    for side in (sandbox.source, sandbox.target):
        session = boto3.Session(profile_name=side.profile)
        assert session.region_name == "us-east-1"
        iam = session.client("iam", endpoint_url=side.iam_url)
        assert side.account_id in iam.get_user()["User"]["Arn"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_ends_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "run", "--state", str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("aws "):
            break
    description = json.loads((tmp_path / "sandbox.json").read_text())
    text = "".join(lines)
    for side in ("source", "target"):
        for name in ("s3_url", "iam_url", "profile", "account_id"):
            assert description[side][name] in text
    assert description["options"]["settings"]["generation"] == 2024
    process.send_signal(number)
    assert process.wait(10) == 0
    process.stdout.close()
    assert all_ended(description)


def test_servers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import json, os, signal, subprocess, sys
        from pathlib import Path
        from sandbox import Sandbox
        sandbox = Sandbox(state=Path(sys.argv[1])).start()
        # A child process that keeps all inherited file descriptors open.
        subprocess.Popen(["sleep", "30"], close_fds=False)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    description = json.loads((tmp_path / "sandbox.json").read_text())
    wait_for(lambda: all_ended(description), seconds=10)


def test_port_in_use_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sandbox = Sandbox(ports={"target_iam": port})
        with pytest.raises(SandboxError, match=rf"target.*{port}.*in use"):
            sandbox.start()


def test_fixed_port_is_used(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Sandbox(ports={"source_s3": port}, state=tmp_path) as sandbox:
        assert sandbox.source.s3_url == f"http://127.0.0.1:{port}"
        description = sandbox.describe()
    assert all_ended(description)


def test_another_server_on_the_port_is_detected(sandbox: Sandbox) -> None:
    description = sandbox.describe()
    verify(description)
    with pytest.raises(SandboxError, match="something else"):
        verify({**description, "nonce": "0" * 32})
    with Sandbox(environments=ONE) as another:
        description["source"]["s3_url"] = another["source"].s3_url
        with pytest.raises(SandboxError, match="something else"):
            verify(description)
    with pytest.raises(SandboxError, match="does not answer"):
        verify(description)


def test_temporary_folder_is_removed() -> None:
    with Sandbox(environments=ONE) as sandbox:
        state = Path(sandbox.describe()["state"])
        assert oct((state / "credentials").stat().st_mode)[-3:] == "600"
    assert not state.exists()


def test_servers_listen_only_on_loopback(sandbox: Sandbox) -> None:
    for pid in pids_of(sandbox.describe()):
        inodes = {
            os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()
        }
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                    assert fields[1].startswith("0100007F:"), fields[1]


def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Sandbox(environments=ONE) as sandbox:
        assert sandbox["source"].client("s3").list_buckets()["Buckets"] == []
