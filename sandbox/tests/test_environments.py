# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three environments: replication from A to B, from B to A, and from A to B and C."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import Environment, Sandbox, SandboxEnvironment, SandboxError, mesh
from sandbox.environments import check
from sandbox.inventory import inventory
from sandbox.tests.helpers import configure, make_bucket, status, wait_for_status

pytestmark = pytest.mark.sandbox
SHARED = "555555555555"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    environments = mesh(("a", "b", "c"), {"b": SHARED, "c": SHARED})
    with Sandbox(environments=environments, delay=0.02, assume_roles=False) as sandbox:
        yield sandbox


@pytest.fixture
def environments_abc(running: Sandbox) -> tuple[SandboxEnvironment, ...]:
    """Environments a, b and c, each with a bucket that has the environment's name."""
    running.reset()
    for one in running.environments():
        make_bucket(one, f"bucket-{one.name}")
    return tuple(running.environments())


def replicate(source: SandboxEnvironment, target: SandboxEnvironment, sites: str) -> None:
    role = ",".join(f"arn:aws:iam::{one.account_id}:role/r" for one in (source, target))
    bucket, target_bucket = f"bucket-{source.name}", f"bucket-{target.name}"
    configure(source.client("s3"), role, bucket, target_bucket, StorageClass=sites)


def test_site_determines_the_target_environment(
    environments_abc: tuple[SandboxEnvironment, ...],
) -> None:
    a, b, _ = environments_abc
    replicate(a, b, "b")
    replicate(b, a, "a")
    a.client("s3").put_object(Bucket="bucket-a", Key="from-a")
    b.client("s3").put_object(Bucket="bucket-b", Key="from-b")
    wait_for_status(a.client("s3"), "from-a", "COMPLETED", "bucket-a")
    wait_for_status(b.client("s3"), "from-b", "COMPLETED", "bucket-b")
    assert status(b.client("s3"), "from-a", "bucket-b") == "REPLICA"
    assert status(a.client("s3"), "from-b", "bucket-a") == "REPLICA"


def test_status_is_completed_when_both_sites_have_the_object(
    environments_abc: tuple[SandboxEnvironment, ...],
) -> None:
    a, b, c = environments_abc
    for one in (b, c):
        make_bucket(one, "bucket-shared")
    role = f"arn:aws:iam::{a.account_id}:role/r,arn:aws:iam::{SHARED}:role/r"
    s3 = a.client("s3")
    configure(s3, role, "bucket-a", "bucket-shared", StorageClass="b,c")
    s3.put_object(Bucket="bucket-a", Key="k")
    wait_for_status(s3, "k", "COMPLETED", "bucket-a")
    for one in (b, c):
        assert status(one.client("s3"), "k", "bucket-shared") == "REPLICA"
    a.control("settings", paused=["c"])
    s3.put_object(Bucket="bucket-a", Key="half")
    wait_for_status(s3, "half", "PROCESSING", "bucket-a")
    assert status(b.client("s3"), "half", "bucket-shared") == "REPLICA"
    a.control("settings", paused=False)
    wait_for_status(s3, "half", "COMPLETED", "bucket-a")


def test_status_is_failed_if_one_site_fails(
    environments_abc: tuple[SandboxEnvironment, ...],
) -> None:
    a, b, c = environments_abc
    make_bucket(b, "bucket-shared")
    role = f"arn:aws:iam::{a.account_id}:role/r,arn:aws:iam::{SHARED}:role/r"
    s3 = a.client("s3")
    configure(s3, role, "bucket-a", "bucket-shared", StorageClass="b,c")
    s3.put_object(Bucket="bucket-a", Key="k")
    wait_for_status(s3, "k", "FAILED", "bucket-a")
    wait_for_status(b.client("s3"), "k", "REPLICA", "bucket-shared")
    make_bucket(c, "bucket-shared")
    s3.put_object_tagging(Bucket="bucket-a", Key="k", Tagging={"TagSet": []})
    wait_for_status(s3, "k", "COMPLETED", "bucket-a")


def test_environments_have_the_given_names_and_accounts(running: Sandbox) -> None:
    assert [one.name for one in running.environments()] == ["a", "b", "c"]
    assert running["b"].account_id == running["c"].account_id == SHARED
    assert running["a"].account_id != SHARED
    assert running["c"].client("iam").get_user()["User"]["Arn"].split(":")[4] == SHARED
    with pytest.raises(SandboxError, match="no environment is named 'source'; there are a, b, c"):
        running.source  # noqa: B018
    assert set(inventory(running.describe())["all"]["hosts"]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("environments", "message"),
    [
        ((), "there is none"),
        ((Environment("a"), Environment("a")), "different names: a, a"),
        ((Environment("a", settings={"sites": {"s": "b"}, "default_site": "s"}),), "no environment 'b'"),
    ],
)  # fmt: skip
def test_inconsistent_environments_are_refused(
    environments: tuple[Environment, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check(environments)


@pytest.mark.parametrize("name", ["", "A", "two words", "source_s3", "1a"])
def test_invalid_environment_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        Environment(name)


def test_unknown_port_is_refused() -> None:
    with pytest.raises(ValueError, match="no such port: source_http"):
        Sandbox(ports={"source_http": 1})
