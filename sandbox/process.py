# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a sandbox, one for each environment: starts, finds, identifies and ends them."""

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

from .certificates import CA_FILE, SERVER_FILE, make_certificates
from .environments import SERVICES, Environment, check, operator, operators, other, pair, temporary
from .wire import get, post

ROOT = Path(__file__).resolve().parents[1]
STATE_FILE = "sandbox.json"
START_SECONDS = 60.0
STOP_SECONDS = 5.0


class SandboxError(Exception):
    """The sandbox cannot be started, found or stopped."""


@dataclass(frozen=True)
class Options:
    """The options for a start; settings: see settings.py; ports: by "<environment>_<service>", free ones by default."""

    tls: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    environments: tuple[Environment, ...] = field(default_factory=pair)

    def __post_init__(self) -> None:
        check(self.environments)
        known = {f"{one.name}_{service}" for one in self.environments for service in SERVICES}
        if unknown := set(self.ports) - known:
            raise ValueError(f"no such port: {', '.join(sorted(unknown))}; known: {sorted(known)}")

    def port(self, environment: str, service: str) -> int:
        return self.ports.get(f"{environment}_{service}", 0)

    def settings_of(self, environment: Environment) -> dict[str, Any]:
        return {**self.settings, **environment.settings}


def launch(state: Path, options: Options, owned: bool) -> tuple[dict[str, Any], list[Any]]:
    """Start all environments, and wait until they respond.

    state: a folder for profile files, logs, certificates and sandbox.json. owned: they end with this
    process. Returns the sandbox's description and the processes. Raises SandboxError.
    """
    state.mkdir(parents=True, exist_ok=True)
    if options.tls:
        make_certificates(state)
    nonce = uuid.uuid4().hex
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for environment in options.environments:
            processes.append(_spawn(environment, state, nonce, options, owned))
        names = [environment.name for environment in options.environments]
        pairs = list(zip(names, processes, strict=True))
        ports = {name: _read_ports(name, process, state) for name, process in pairs}
        pids = {name: process.pid for name, process in pairs}
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
    environment: Environment, state: Path, nonce: str, options: Options, owned: bool
) -> subprocess.Popen[bytes]:
    name = environment.name
    command = [sys.executable, "-m", "sandbox.server", "--environment", name, "--nonce", nonce]
    command += ["--account", environment.account_id]
    command += ["--settings", json.dumps(options.settings_of(environment))]
    for service in SERVICES:
        command += [f"--{service}-port", str(options.port(name, service))]
    if options.tls:
        command += ["--certificate", str(state / SERVER_FILE)]
    if owned:
        command.append("--owned")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environ["PYTHONPATH"] = str(ROOT)
    with (state / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            # Ctrl-C must only reach the owner.
            start_new_session=True,
        )


def _read_ports(name: str, process: subprocess.Popen[bytes], state: Path) -> dict[str, int]:
    assert process.stdout is not None
    line = _read_line(process.stdout, START_SECONDS)
    try:
        answer = json.loads(line)
    except ValueError:
        log = (state / f"{name}.log").read_text(errors="replace").strip()
        raise SandboxError(f"{name} did not start: {log or 'it said nothing'}") from None
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
    ports: dict[str, dict[str, int]],
    pids: dict[str, int],
) -> dict[str, Any]:
    scheme = "https" if options.tls else "http"
    description: dict[str, Any] = {
        "nonce": nonce,
        "state": str(state),
        "environments": [one.name for one in options.environments],
        "options": asdict(options),
        "credentials_file": str(state / "credentials"),
        "config_file": str(state / "config"),
        "ca_bundle": str(state / CA_FILE) if options.tls else None,
    }
    for one in options.environments:
        name = one.name
        description[name] = {
            "s3_url": f"{scheme}://127.0.0.1:{ports[name]['s3']}",
            "iam_url": f"{scheme}://127.0.0.1:{ports[name]['iam']}",
            # Backbeat's own port does not use TLS.
            "backbeat_url": f"http://127.0.0.1:{ports[name]['backbeat']}",
            "control_url": f"http://127.0.0.1:{ports[name]['control']}",
            "pid": pids[name],
            **asdict(operator(name, one.account_id)),
            "temporary": asdict(temporary(name, one.account_id)),
            "other": asdict(other(name)),
        }
    return description


def _introduce(description: dict[str, Any]) -> None:
    """Send every environment the addresses of the others."""
    urls = {name: description[name]["control_url"] for name in description["environments"]}
    for url in urls.values():
        post(f"{url}/peers", json.dumps({"urls": urls}).encode())


def verify(description: dict[str, Any]) -> None:
    """Raise SandboxError unless every port belongs to this sandbox."""
    for name in description["environments"]:
        facts = description[name]
        try:
            hello = post(f"{facts['control_url']}/hello", b"{}", timeout=5.0)
            answers = [
                get(f"{facts[url]}/_/sandbox/nonce", description["ca_bundle"])[1].decode()
                for url in ("s3_url", "iam_url")
            ]
        except (OSError, ValueError) as error:
            raise SandboxError(f"the sandbox's {name} does not answer: {error}") from error
        if {hello.get("nonce"), *answers} != {description["nonce"]}:
            raise SandboxError(f"something else than the sandbox's {name} answers on its ports")


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End processes that were started here."""
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
    """Read the description of the sandbox that was started with this state folder."""
    try:
        return dict(json.loads((state / STATE_FILE).read_text()))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SandboxError(f"{state / STATE_FILE} is damaged: {error}") from error


def end_running(description: dict[str, Any]) -> None:
    """End a sandbox that another process started; only signals its own processes."""
    nonce = description["nonce"]
    pids = [description[name]["pid"] for name in description["environments"]]
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
    """Whether the process with this number runs and is a part of this sandbox."""
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
    for name in description["environments"]:
        for one in operators(name, description[name]["account_id"]):
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
