# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two processes of a sandbox: started, found again, proved to be ours, and stopped."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from .accounts import SIDES, SideName, operator, operators, other, temporary
from .certificates import CA_FILE, SERVER_FILE, make_certificates
from .wire import get, post

ROOT = Path(__file__).resolve().parents[1]
STATE_FILE = "sandbox.json"
START_SECONDS = 60.0
STOP_SECONDS = 5.0


class SandboxError(Exception):
    """The sandbox cannot be started, found or stopped."""


@dataclass(frozen=True)
class Options:
    """How to start; settings: see settings.py; ports: 0 or absent for a free one."""

    tls: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def port(self, side: SideName, service: str) -> int:
        return self.ports.get(f"{side}_{service}", 0)


def launch(state: Path, options: Options, owned: bool) -> tuple[dict[str, Any], list[Any]]:
    """Starts both sides and waits until they answer.

    state: a folder for profile files, logs, certificates and sandbox.json. owned: they end with this
    process. Returns the sandbox's description and the two processes. Raises SandboxError.
    """
    state.mkdir(parents=True, exist_ok=True)
    if options.tls:
        make_certificates(state)
    nonce = uuid.uuid4().hex
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for side in SIDES:
            processes.append(_spawn(side, state, nonce, options, owned))
        pairs = list(zip(SIDES, processes, strict=True))
        ports = {side: _read_ports(side, process, state) for side, process in pairs}
        pids = {side: process.pid for side, process in pairs}
        description = _describe(state, nonce, options, ports, pids)
        _introduce(description)
        verify(description)
    except BaseException:
        end(processes)
        raise
    _write_profiles(description)
    _write(state / STATE_FILE, json.dumps(description, indent=2) + "\n")
    return description, processes


def _spawn(
    side: SideName, state: Path, nonce: str, options: Options, owned: bool
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sandbox.server", "--side", side, "--nonce", nonce]
    command += ["--settings", json.dumps(options.settings)]
    for service in ("s3", "iam"):
        command += [f"--{service}-port", str(options.port(side, service))]
    if options.tls:
        command += ["--certificate", str(state / SERVER_FILE)]
    if owned:
        command.append("--owned")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environ["PYTHONPATH"] = str(ROOT)
    with (state / f"{side}.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            # Ctrl-C is the owner's business.
            start_new_session=True,
        )


def _read_ports(side: SideName, process: subprocess.Popen[bytes], state: Path) -> dict[str, int]:
    assert process.stdout is not None
    line = _read_line(process.stdout, START_SECONDS)
    try:
        answer = json.loads(line)
    except ValueError:
        log = (state / f"{side}.log").read_text(errors="replace").strip()
        raise SandboxError(f"{side} did not start: {log or 'it said nothing'}") from None
    if "error" in answer:
        raise SandboxError(answer["error"])
    return dict(answer)


def _read_line(stream: IO[bytes], seconds: float) -> bytes:
    deadline = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(stream.fileno(), 4096) if ready else b""
        if not chunk:
            break
        line += chunk
    return line


def _describe(
    state: Path,
    nonce: str,
    options: Options,
    ports: dict[SideName, dict[str, int]],
    pids: dict[SideName, int],
) -> dict[str, Any]:
    scheme = "https" if options.tls else "http"
    description: dict[str, Any] = {
        "nonce": nonce,
        "state": str(state),
        "options": asdict(options),
        "credentials_file": str(state / "credentials"),
        "config_file": str(state / "config"),
        "ca_bundle": str(state / CA_FILE) if options.tls else None,
    }
    for side in SIDES:
        description[side] = {
            "s3_url": f"{scheme}://127.0.0.1:{ports[side]['s3']}",
            "iam_url": f"{scheme}://127.0.0.1:{ports[side]['iam']}",
            "control_url": f"http://127.0.0.1:{ports[side]['control']}",
            "pid": pids[side],
            **asdict(operator(side)),
            "temporary": asdict(temporary(side)),
            "other": asdict(other(side)),
        }
    return description


def _introduce(description: dict[str, Any]) -> None:
    for side, peer in (SIDES, SIDES[::-1]):
        url = description[peer]["control_url"]
        post(f"{description[side]['control_url']}/peer", json.dumps({"url": url}).encode())


def verify(description: dict[str, Any]) -> None:
    """Raises SandboxError unless every port is answered by this very sandbox."""
    for side in SIDES:
        facts = description[side]
        try:
            hello = post(f"{facts['control_url']}/hello", b"{}", timeout=5.0)
            answers = [
                get(f"{facts[url]}/_/sandbox/nonce", description["ca_bundle"])[1].decode()
                for url in ("s3_url", "iam_url")
            ]
        except (OSError, ValueError) as error:
            raise SandboxError(f"the sandbox's {side} does not answer: {error}") from error
        if {hello.get("nonce"), *answers} != {description["nonce"]}:
            raise SandboxError(f"something else than the sandbox's {side} answers on its ports")


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Stops processes that were started here."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def read_state(state: Path) -> dict[str, Any] | None:
    """The description of the sandbox that was started with this state folder."""
    try:
        return dict(json.loads((state / STATE_FILE).read_text()))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SandboxError(f"{state / STATE_FILE} is damaged: {error}") from error


def end_running(description: dict[str, Any]) -> None:
    """Stops a sandbox that was started by another process; signals nothing but its own processes."""
    nonce = description["nonce"]
    pids = [description[side]["pid"] for side in SIDES]
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        for pid in pids:
            if is_ours(pid, nonce):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while any(is_ours(pid, nonce) for pid in pids):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            break
    (Path(description["state"]) / STATE_FILE).unlink(missing_ok=True)


def is_ours(pid: int, nonce: str) -> bool:
    """Whether the process with this number runs and was started as part of that sandbox."""
    file = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return nonce.encode() in file.read_bytes()
        except OSError:
            return False
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    return nonce in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _write_profiles(description: dict[str, Any]) -> None:
    credentials, config = [], []
    for side in SIDES:
        for one in operators(side):
            credentials.append(f"[{one.profile}]")
            credentials.append(f"aws_access_key_id = {one.access_key}")
            credentials.append(f"aws_secret_access_key = {one.secret_key}")
            if one.session_token:
                credentials.append(f"aws_session_token = {one.session_token}")
            config.append(f"[profile {one.profile}]\nregion = us-east-1")
    _write(Path(description["credentials_file"]), "\n".join([*credentials, ""]))
    _write(Path(description["config_file"]), "\n".join([*config, ""]))


def _write(file: Path, text: str) -> None:
    new = file.with_name(f"{file.name}.new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(file)
