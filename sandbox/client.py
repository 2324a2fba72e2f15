# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of the sandbox for tests and tools."""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .environments import Environment, pair
from .process import Options, SandboxError, end, end_running, launch, read_state, verify
from .wire import post


class SandboxEnvironment:
    """One running environment: its endpoints and its operator's credentials."""

    def __init__(self, name: str, facts: dict[str, Any], ca_bundle: str | None) -> None:
        self.name = name
        self.s3_url: str = facts["s3_url"]
        self.iam_url: str = facts["iam_url"]
        #: Backbeat's own port, which requires no signature: <backbeat_url>/_/<route>.
        self.backbeat_url: str = facts["backbeat_url"]
        self.control_url: str = facts["control_url"]
        self.account_id: str = facts["account_id"]
        self.access_key: str = facts["access_key"]
        self.secret_key: str = facts["secret_key"]
        self.profile: str = facts["profile"]
        self.pid: int = facts["pid"]
        #: {account_id, profile, access_key, secret_key, session_token} of the operator with a
        #: session token, and of an account that owns nothing of this environment's.
        self.temporary: dict[str, str] = facts["temporary"]
        self.other: dict[str, str] = facts["other"]
        self._ca_bundle = ca_bundle
        self._clients: dict[str, Any] = {}

    def client(self, service: str, credentials: dict[str, str] | None = None, **config: Any) -> Any:
        """A boto3 client for "s3" or "iam" that never retries; the same one for the same arguments.

        credentials: access_key, secret_key and perhaps session_token, for others than the operator;
        config: values for botocore's Config.
        """
        place = [service, self.s3_url, self.iam_url, self._ca_bundle]
        key = json.dumps([place, credentials, config], sort_keys=True)
        if key not in self._clients:
            self._clients[key] = self.new_client(service, credentials, **config)
        return self._clients[key]

    def new_client(
        self, service: str, credentials: dict[str, str] | None = None, **config: Any
    ) -> Any:
        """A client that is not shared, for tests that register handlers on it."""
        from botocore.config import Config

        keys = credentials or {"access_key": self.access_key, "secret_key": self.secret_key}
        settings: dict[str, Any] = {
            "signature_version": "v4" if service == "iam" else "s3v4",
            "s3": {"addressing_style": "path"},
            "retries": {"total_max_attempts": 1},
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            "proxies": {},
        }
        return _session().client(
            service,
            endpoint_url=self.s3_url if service == "s3" else self.iam_url,
            region_name="us-east-1",
            aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"],
            aws_session_token=keys.get("session_token") or None,
            verify=self._ca_bundle,
            config=Config(**{**settings, **config}),
        )

    def create_user(self, name: str, policy: dict[str, Any]) -> dict[str, str]:
        """Create an IAM user with only this inline policy. Returns its credentials."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}

    def control(self, command: str, **values: Any) -> Any:
        """Send a command to the control port. Raises SandboxError if it is refused."""
        try:
            return post(f"{self.control_url}/{command}", json.dumps(values).encode())
        except (OSError, ValueError) as error:
            raise SandboxError(f"{self.name}: {command}: {error}") from error


@functools.cache
def _session() -> Any:
    import boto3

    return boto3.Session()


class Sandbox:
    """Environments on loopback that run during the `with` block: source and target, or others by name.

    generation, delay: the servers' generation and the replicator's delay in seconds; settings: of all
    environments, see settings.py; state: the folder for its files, a temporary one by default; ports:
    fixed ports by name (source_s3, source_iam, source_backbeat, ..), free ones by default;
    environments: see environments.py, the guide's pair by default. In all methods `side` is the name of
    one environment, None for all.
    """

    def __init__(
        self,
        generation: int = 2025,
        delay: float = 0.3,
        tls: bool = False,
        state: Path | None = None,
        ports: dict[str, int] | None = None,
        environments: Iterable[Environment] | None = None,
        **settings: Any,
    ) -> None:
        settings = {"generation": generation, "delay": delay, **settings}
        self._options = Options(tls, settings, ports or {}, tuple(environments or pair()))
        self._state = state
        self._temporary: str | None = None
        self._processes: list[Any] = []
        self._description: dict[str, Any] = {}

    @classmethod
    def attach(cls, state: Path | str) -> Sandbox:
        """The running sandbox of this state folder. Raises SandboxError if there is none."""
        description = read_state(Path(state))
        if description is None:
            raise SandboxError(f"no sandbox was started with the state folder {state}")
        verify(description)
        sandbox = cls()
        sandbox._use(description)
        return sandbox

    def start(self, owned: bool = True) -> Sandbox:
        """Start it; owned: it ends with this process. Raises SandboxError."""
        if self._state is None:
            self._temporary = tempfile.mkdtemp(prefix="backbeat-sandbox-")
        state = (self._state or Path(str(self._temporary))).resolve()
        try:
            description, self._processes = launch(state, self._options, owned)
        except BaseException:
            self._remove()
            raise
        self._use(description)
        return self

    def stop(self) -> None:
        """Stop it, also if another process started it. Idempotent."""
        if self._processes:
            end(self._processes)
            self._processes = []
        if self._description:
            end_running(self._description)
        self._remove()

    def _use(self, description: dict[str, Any]) -> None:
        self._description = description
        self.ca_bundle: str | None = description["ca_bundle"]
        self._environments = {
            name: SandboxEnvironment(name, description[name], self.ca_bundle)
            for name in description["environments"]
        }

    def _remove(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __getitem__(self, name: str) -> SandboxEnvironment:
        """The environment with this name. Raises SandboxError for an unknown name."""
        try:
            return self._environments[name]
        except KeyError:
            known = ", ".join(self._environments)
            raise SandboxError(f"no environment is named {name!r}; there are {known}") from None

    @property
    def source(self) -> SandboxEnvironment:
        return self["source"]

    @property
    def target(self) -> SandboxEnvironment:
        return self["target"]

    def environments(self, side: str | None = None) -> list[SandboxEnvironment]:
        """The environment with this name, or all in their order."""
        return list(self._environments.values()) if side is None else [self[side]]

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables with which a process only uses the sandbox's profiles."""
        return {
            "AWS_SHARED_CREDENTIALS_FILE": self._description["credentials_file"],
            "AWS_CONFIG_FILE": self._description["config_file"],
        }

    def describe(self) -> dict[str, Any]:
        """URLs, accounts, credentials, files, process numbers and nonce, as JSON types."""
        copy: dict[str, Any] = json.loads(json.dumps(self._description))
        return copy

    def log_text(self) -> str:
        """The servers' standard error output: their internal errors."""
        state = Path(self._description["state"])
        texts = [(state / f"{name}.log").read_text(errors="replace") for name in self._environments]
        return "".join(texts)

    def reset(self) -> None:
        """Reset all environments to their start: state, settings, faults and call log."""
        for one in self.environments():
            one.control("reset")

    def settings(self, side: str | None = None, **values: Any) -> dict[str, Any]:
        """Change settings. Returns those of the last environment."""
        result: dict[str, Any] = {}
        for one in self.environments(side):
            result = one.control("settings", **values)
        return result

    def refuse_writes(self, refuse: bool = True) -> None:
        """Refuse every write from now on with 500 SandboxRefusesWrites."""
        self.settings(refuse_writes=refuse)

    def fail(
        self,
        operation: str | None = None,
        nth: int = 1,
        side: str | None = None,
        how: str = "error",
        times: int = 1,
        **details: Any,
    ) -> None:
        """Make the nth matching call fail, and the following ones, `times` in total.

        times: 0 for all following calls; each environment counts separately. how and details: see faults.py.
        """
        given = {"operation": operation, "nth": nth, "how": how, "times": times, **details}
        for one in self.environments(side):
            one.control("fail", **given)

    def outage(
        self, side: str | None = None, service: str | None = None, down: bool = True
    ) -> None:
        """Make a service ("s3", "iam", "backbeat"), or all, refuse connections, or serve again."""
        for one in self.environments(side):
            one.control("outage", service=service, down=down)

    def clear_faults(self) -> None:
        for one in self.environments():
            one.control("clear_faults")

    def seed(self, side: str, bucket: str, count: int, **details: Any) -> int:
        """Put `count` keys into a bucket at once, without client calls. Returns the number of versions.

        details: prefix, first, versions, size, markers, status; see seeds.py. The same call for both buckets of a pair
        creates the same versions in both.
        """
        made: int = self[side].control("seed", bucket=bucket, count=count, **details)
        return made

    def calls(self, side: str | None = None, **wanted: Any) -> list[dict[str, Any]]:
        """The calls so far, oldest first, that have these values (see calls.py)."""
        entries = [entry for one in self.environments(side) for entry in one.control("calls")]
        found = [one for one in entries if all(one[name] == wanted[name] for name in wanted)]
        return sorted(found, key=lambda entry: entry["time"])

    def clear_calls(self) -> None:
        for one in self.environments():
            one.control("clear_calls")

    def wait_for_call(
        self, timeout: float = 10.0, side: str | None = None, **wanted: Any
    ) -> dict[str, Any]:
        """Wait for a call with these values, completed or not. Raises SandboxError after the timeout."""
        sides = self.environments(side)
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            for one in sides:
                # One server returns as soon as the call arrives; several are polled in turns.
                seconds = min(left, 5.0) if len(sides) == 1 else 0.05
                found = one.control("wait_for_call", wanted=wanted, seconds=seconds)
                if found:
                    return dict(found)
        raise SandboxError(f"no call with {wanted} within {timeout} s")


def default_state() -> Path:
    return Path(os.environ.get("BACKBEAT_SANDBOX_STATE", ".cache/sandbox"))
