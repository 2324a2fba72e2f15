# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers and imitations of servers, and the topics that each supports."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from benchmarks.stub_process import running_stub
from devtools.places import INVENTORY
from sandbox import Sandbox
from tests.contract.differences import KNOWN
from tests.e2e.environments import Environment, Pair, pairs_of
from tests.unit.plugins.fake_iam import FakeIam
from tests.unit.plugins.fake_s3 import FakeS3

GIVEN = os.environ.get(INVENTORY, "")
#: All topics; a test has one of them.
TOPICS = frozenset(
    {
        "roles",
        "policies",
        "policy versions",
        "attachments",
        "unknown calls",
        "buckets",
        "names and locations",
        "versioning",
        "configuration",
        "configuration rules",
        "objects",
        "content types",
        "tags",
        "versions",
        "listings",
        "keys",
        "errors",
        "other accounts",
        "bucket settings",
        "replication",
        "null versions",
        "backbeat",
    }
)
_IAM_CLAIMS = frozenset({"roles", "policies", "attachments"})
_S3_CLAIMS = frozenset({"buckets", "versioning", "configuration"})
FAKE_CLAIMS = (
    _IAM_CLAIMS | _S3_CLAIMS | {"policy versions", "objects", "tags", "versions", "other accounts"}
)
STUB_CLAIMS = _IAM_CLAIMS | {"buckets", "configuration"}


@dataclass
class Server:
    """One environment; `prefix`: of the names of all resources that tests create in it."""

    name: str
    s3: Any
    iam: Any
    prefix: str = field(default_factory=lambda: f"contract-{secrets.token_hex(4)}")
    #: Access keys for signed requests without boto3, and the S3 endpoint; empty for imitations without HTTP.
    keys: Mapping[str, str] = field(default_factory=dict)
    s3_url: str = ""
    #: S3 as another account, if one is known.
    other: Any = None
    other_keys: Mapping[str, str] = field(default_factory=dict)
    #: The time limit for a replication in seconds.
    patience: float = 10.0
    #: The role to use if this environment has no IAM step.
    role_arn: str = ""
    #: The known differences of these servers; see differences.py.
    differences: frozenset[str] = frozenset()
    #: The control interface of a sandbox; None for all others.
    sandbox: Sandbox | None = None
    #: Clean-up functions, newest last.
    undo: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        unknown = self.differences - KNOWN
        assert not unknown, f"contract_differences has unknown names: {sorted(unknown)}"

    def named(self, name: str) -> str:
        return f"{self.prefix}-{name}"


@cache
def pairs() -> list[Pair]:
    """The pairs of the given inventory."""
    with tempfile.TemporaryDirectory() as folder:
        return pairs_of(Path(GIVEN), Path(folder))


def names() -> list[str]:
    """The names of the servers to test: only real servers if an inventory is given."""
    return ["real"] if GIVEN else ["sandbox", "fake", "stub"]


def claims(name: str) -> frozenset[str]:
    return {"fake": FAKE_CLAIMS, "stub": STUB_CLAIMS}.get(name, TOPICS)


@contextmanager
def running(name: str) -> Iterator[tuple[Server, Server]]:
    """Source and target of this kind; an imitation with only one environment is both."""
    starts = {"real": _real, "sandbox": _sandbox, "fake": _fake, "stub": _stub}
    with contextmanager(starts[name])() as pair:
        yield pair


def _fake() -> Iterator[tuple[Server, Server]]:
    iam, s3 = FakeIam(), FakeS3()
    s3._add("of-another-account", foreign=True)
    server = Server("fake", s3, iam, other=s3)
    yield server, server


def _stub() -> Iterator[tuple[Server, Server]]:
    with running_stub() as stub:
        made = []
        for side in ("source", "target"):
            urls = {service: stub.urls[f"{side}_{service}"] for service in ("s3", "iam")}
            connection = {"access_key": "BENCHMARK", "secret_key": "not-a-secret"}
            where = Environment(
                side,
                {**connection, "endpoint_url": urls["s3"]},
                {**connection, "endpoint_url": urls["iam"]},
            )
            made.append(Server("stub", where.s3_client, where.iam_client, s3_url=urls["s3"]))
        yield made[0], made[1]


def _sandbox() -> Iterator[tuple[Server, Server]]:
    with Sandbox(generation=2025, delay=0.05) as sandbox:
        made = [
            Server(
                "sandbox",
                one.client("s3"),
                one.client("iam"),
                keys={"access_key": one.access_key, "secret_key": one.secret_key},
                s3_url=one.s3_url,
                other=one.client("s3", one.other),
                other_keys=one.other,
                sandbox=sandbox,
            )
            for one in (sandbox.source, sandbox.target)
        ]
        yield made[0], made[1]
        # A test may have treated an internal error of the sandbox as a refusal.
        assert sandbox.log_text() == ""


def _plain(where: Environment, service: str, keys: Mapping[str, str] | None = None) -> Any:
    """A plain boto3 client with these keys or the environment's; the collection's client adds headers."""
    made = where.client(service)
    found = made._request_signer._credentials.get_frozen_credentials()
    options = where.connection(service)
    return boto3.client(
        service,
        endpoint_url=made.meta.endpoint_url,
        region_name=made.meta.region_name,
        aws_access_key_id=keys["access_key"] if keys else found.access_key,
        aws_secret_access_key=keys["secret_key"] if keys else found.secret_key,
        aws_session_token=None if keys else found.token,
        verify=options.get("aws_ca_bundle") or options.get("validate_certs", True),
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _real() -> Iterator[tuple[Server, Server]]:
    pair = pairs()[0]
    made = []
    for where in (pair.source, pair.target):
        found = where.s3_client._request_signer._credentials.get_frozen_credentials()
        keys = {"access_key": found.access_key, "secret_key": found.secret_key}
        other = where.other_account
        made.append(
            Server(
                "real",
                _plain(where, "s3"),
                _plain(where, "iam") if where.iam else None,
                keys=keys,
                s3_url=str(where.s3["endpoint_url"]),
                other=_plain(where, "s3", other) if other else None,
                other_keys=other,
                role_arn=where.role_arn,
                differences=where.differences,
                patience=300.0,
            )
        )
    yield made[0], made[1]


def only_in_sandbox(server: Server) -> Any:
    """The sandbox's control interface, for states that a test cannot create on real servers."""
    if server.sandbox is None:
        pytest.skip("real servers cannot be paused or kept waiting here")
    return server.sandbox
