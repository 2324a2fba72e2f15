# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration fails when what it shows is not what it promises, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from devtools import demo
from devtools.places import ROOT
from devtools.processes import Failure
from devtools.summary import Seen
from sandbox.inventory import inventory

OUTPUT = """\
PLAY RECAP *********************************************************************
node1                      : ok=9    changed={one}    unreachable=0    failed=0
node6                      : ok=5    changed={six}    unreachable=0    failed=0

"""
SIDES = {
    side: {
        "s3_url": f"http://{side}:1",
        "iam_url": f"http://{side}:2",
        "profile": f"profile-{side}",
    }
    for side in ("source", "target")
}


def recap(one: int, six: int) -> list[str]:
    return demo.recap(OUTPUT.format(one=one, six=six))


def seen(source: dict[str, str], target: dict[str, str]) -> list[Seen]:
    return [Seen("source", objects=source), Seen("target", objects=target)]


ARRIVED = seen({"key": "COMPLETED"}, {"key": "REPLICA"})


def test_a_recap_is_a_line_a_host() -> None:
    lines = recap(5, 3)
    assert [line.split()[0] for line in lines] == ["node1", "node6"]
    assert demo.changes(lines) == [5, 3]


def test_what_is_promised_passes() -> None:
    demo.judge([recap(5, 3), recap(0, 0)], ARRIVED)


@pytest.mark.parametrize(
    ("recaps", "found", "message"),
    [
        ([recap(0, 0), recap(0, 0)], ARRIVED, "first run changed nothing"),
        ([recap(5, 3), recap(0, 1)], ARRIVED, "second run changed 1"),
        ([recap(5, 3), []], ARRIVED, "no recap"),
        ([recap(5, 3), recap(0, 0)], seen({}, {}), "did not arrive"),
        ([recap(5, 3), recap(0, 0)], seen({"key": "PENDING"}, {"key": "REPLICA"}), "PENDING"),
        ([recap(5, 3), recap(0, 0)], seen({"key": "COMPLETED"}, {}), "did not arrive"),
        ([recap(5, 3), recap(0, 0)], seen({"key": "COMPLETED"}, {"key": "no status"}), "no status"),
    ],
)
def test_what_is_not_kept_fails(recaps: list[list[str]], found: list[Seen], message: str) -> None:
    with pytest.raises(Failure, match=message):
        demo.judge(recaps, found)


def test_the_inventory_has_the_form_of_the_shipped_one() -> None:
    """Only endpoints and profiles differ, so what works on the sandbox works on real servers."""

    def form(value: object, path: str = "") -> set[str]:
        if isinstance(value, dict):
            return {leaf for key, one in value.items() for leaf in form(one, f"{path}/{key}")}
        return {path}

    shipped = yaml.safe_load((ROOT / "inventory" / "hosts.yml").read_text())
    ours = inventory(SIDES)
    assert form(ours) == form(shipped)
    assert ours["all"]["vars"] == shipped["all"]["vars"]
    for host, variables in shipped["all"]["hosts"].items():
        for name in ("replication_pairs", "replication_target_host"):
            assert ours["all"]["hosts"][host].get(name) == variables.get(name)


def test_the_inventory_trusts_the_authority_of_the_sandbox() -> None:
    hosts = inventory({**SIDES, "ca_bundle": "/ca.pem"}, extra=1)["all"]["hosts"]
    assert hosts["node6"]["replication_iam"] == {
        "endpoint_url": "http://target:2",
        "profile": "profile-target",
        "region": "us-east-1",
        "aws_ca_bundle": "/ca.pem",
    }


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "devtools.demo"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if "TASK [" in line:
                process.send_signal(number)
                break
        output += process.stdout.read()
        assert process.wait(30) == 130, output
    addresses = [urlsplit(url).netloc for url in re.findall(r"http://[\d.:]+", output)]
    assert len(addresses) == 4, output
    for host, port in (address.split(":") for address in addresses):
        with socket.socket() as probe:
            assert probe.connect_ex((host, int(port))) != 0, f"{host}:{port} still answers"
    assert [file.name for file in tmp_path.iterdir() if "ansible" not in file.name] == []
