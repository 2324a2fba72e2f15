# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-rulebook from its own virtualenv, against the sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from devtools.places import CACHE, ROOT
from sandbox import Sandbox

RULEBOOKS = ROOT / "extensions" / "eda" / "rulebooks"
#: Seconds that a test waits for what a rulebook does, including the start of Java.
TIMEOUT = 150.0


def missing() -> str:
    """The reason why ansible-rulebook cannot run here; empty if it can."""
    if shutil.which("java") is None:
        return "ansible-rulebook needs Java 17: install openjdk-17-jre-headless, or another package with `java`."
    if not (venv() / "bin" / "ansible-rulebook").is_file():
        return "ansible-rulebook is not installed: `dev.py test pytest` installs it and sets BACKBEAT_RULEBOOK."
    return ""


def venv() -> Path:
    return Path(os.environ.get("BACKBEAT_RULEBOOK") or CACHE / "rulebook")


def require() -> None:
    """Skip the test if ansible-rulebook is missing, or fail it in CI."""
    reason = missing()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@dataclass
class Rulebook:
    """A running ansible-rulebook."""

    process: subprocess.Popen[str]
    log: Path
    #: The log that ansible-playbook writes itself: ansible-rulebook prints the output of a failed playbook twice.
    plays: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def playbooks(self) -> int:
        """Number of playbooks that have ended."""
        return self.plays.read_text().count("PLAY RECAP") if self.plays.exists() else 0

    def last_rules(self) -> dict[str, str]:
        """The last fired rule of each rulebook, known once ansible-rulebook has ended."""
        stats = re.findall(r"ruleSetName='([^']*)', lastRuleFired='([^']*)'", self.output)
        return dict(stats)

    def until(self, happened: Callable[[], Any], seconds: float = TIMEOUT) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := happened()):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.2)
        return found

    def end(self, seconds: float = TIMEOUT) -> str:
        """Wait until it ends by itself; return the output."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"ansible-rulebook still ran after {seconds} s:\n{self.output}")
        return self.output


@contextmanager
def run_rulebook(
    rulebook: str | Path,
    sandbox: Sandbox,
    inventory: dict[str, Any],
    variables: Path | dict[str, Any],
    folder: Path,
) -> Iterator[Rulebook]:
    """Run ansible-rulebook with this rulebook, given by path or by full name; stop it afterwards."""
    hosts = folder / "hosts.json"
    hosts.write_text(json.dumps(inventory))
    if isinstance(variables, dict):
        file = folder / "variables.json"
        file.write_text(json.dumps(variables))
        variables = file
    program = venv() / "bin"
    log, plays = folder / "rulebook.log", folder / "plays.log"
    environ = {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        **sandbox.environ,
        "PATH": os.pathsep.join([str(program), os.environ["PATH"]]),
        "ANSIBLE_COLLECTIONS_PATH": str(CACHE),
        "ANSIBLE_LOG_PATH": str(plays),
        # The rulebook writes its checkpoint to HOME, and only one process may use it.
        "HOME": str(folder),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            # Its statistics are shown only with -v.
            [
                program / "ansible-rulebook",
                "-v",
                "--rulebook",
                rulebook,
                "-i",
                hosts,
                "-e",
                variables,
            ],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        yield Rulebook(process, log, plays)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        _kill_playbooks(plays)


def _kill_playbooks(plays: Path) -> None:
    """Kill the playbooks that still run: they have a session of their own, and one without its terminal may not end."""
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"ANSIBLE_LOG_PATH={plays}".encode() in environ.read_bytes().split(b"\0"):
                os.kill(int(environ.parent.name), signal.SIGKILL)


def write_rulebooks(
    folder: Path,
    sources: Mapping[str, dict[str, Any] | None],
    window: str = "1 second",
) -> Path:
    """Write these rulebooks to one file, with a shorter throttle and with those sources that are not None."""
    rulesets = []
    for name, source in sources.items():
        (ruleset,) = yaml.safe_load((RULEBOOKS / f"{name}.yml").read_text())
        for rule in ruleset["rules"]:
            if "throttle" in rule:
                rule["throttle"]["once_after"] = window
        if source is not None:
            ruleset["sources"] = [source]
        # The statistics identify rulesets by name.
        rulesets.append({**ruleset, "name": name})
    copy = folder / "rulebook.yml"
    copy.write_text(yaml.safe_dump(rulesets))
    return copy


def replay_source(folder: Path, name: str, *events: Any) -> dict[str, Any]:
    """A source that sends these events, waits for the playbooks that they start, and ends."""
    # From a file, since the arguments of a source are templates.
    file = folder / f"{name}.events.yml"
    file.write_text(yaml.safe_dump(list(events)))
    return {
        "eda.builtin.generic": {"payload_file": str(file), "shutdown_after": 4, "event_delay": 0.1}
    }
