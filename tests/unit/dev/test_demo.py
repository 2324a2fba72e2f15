# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo fails if an expectation is not met, and leaves no process running."""

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
from sandbox.inventory import inventory
from tests.support import forked

OUTPUT = """\
TASK [scality.backbeat.replication : Create roles] *****************************
changed: [node6] => (item=one)
changed: [node1]
changed: [node6] => (item=two)

TASK [Create buckets] **********************************************************
ok: [node1]

TASK [scality.backbeat.replication : Report findings] **************************
fatal: [node1]: FAILED! =>
    msg:
    - 'error target-permission-missing (target role R
      at http://node6): It has no policy. Grant it.'
    - 'warning clock-skew (node1): 20 s.'
"""
SIDES = {
    side: {
        "s3_url": f"http://{side}:1",
        "iam_url": f"http://{side}:2",
        "profile": f"profile-{side}",
    }
    for side in ("source", "target")
}


def test_a_run_lists_changes_and_findings() -> None:
    run = demo.Run(0, OUTPUT)
    assert run.changes() == ["Create roles (node1, node6)"]
    assert run.findings() == [
        "error target-permission-missing (target role R at http://node6): It has no policy. Grant it."
    ]


def test_an_unmet_expectation_fails_with_the_output() -> None:
    demo.expect(True, "never")
    with pytest.raises(Failure, match=r"changed nothing(.|\n)*It has no policy"):
        demo.expect([], "The run changed nothing.", demo.Run(0, OUTPUT))


@pytest.mark.slow
@pytest.mark.playbook
def test_all_steps_are_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo itself fails for an unmet expectation; this test checks that it has all of them."""
    monkeypatch.setattr(demo, "started", forked.started)
    monkeypatch.setattr(sys, "argv", ["demo"])
    assert demo.main() == 0
    shown = capsys.readouterr().out
    told = [
        "would change: Create roles (node1, node6)",
        "changed: Configure replication (node1)",
        "object-to-replicate: COMPLETED on the source, REPLICA on the target",
        "changed: nothing",
        "written-while-broken: FAILED on the source, absent on the target",
        "error target-permission-missing",
        "changed: Attach policies (node6)",
        "written-while-broken: COMPLETED on the source, REPLICA on the target",
        "no errors or drift",
        "all versions are in sync",
        str(demo.PAGE),
    ]
    places = [shown.find(line) for line in told]
    assert -1 not in places, shown
    assert places == sorted(places)
    # The last line names the page, which opens in a browser.
    assert shown.splitlines()[-1] == str(demo.PAGE)
    assert "In sync" in demo.PAGE.read_text()


def test_the_inventory_has_the_form_of_the_shipped_one() -> None:
    """Only endpoints and profiles differ, so an inventory for the sandbox also works with real servers."""

    def form(value: object, path: str = "") -> set[str]:
        if isinstance(value, dict):
            return {leaf for key, one in value.items() for leaf in form(one, f"{path}/{key}")}
        return {path}

    shipped = yaml.safe_load((ROOT / "inventory" / "hosts.yml").read_text())
    ours = inventory(SIDES)
    # Plays that are not the collection's set no connection.
    local = ours["all"].pop("vars")
    assert local["ansible_connection"] == "local"
    assert form(ours) == form(shipped)
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
def test_no_process_is_left_after_a_stop(tmp_path: Path, number: signal.Signals) -> None:
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
            if "ansible-playbook" in line:
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
