# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the playbooks run their modules: on the controller, unless the inventory says otherwise."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays
from tests.integration.support.procedure import set_up
from tests.integration.test_half_done import arrives

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
CONNECTION = ("ansible_connection", "ansible_python_interpreter")


def without_connection(inventory: Inventory) -> Inventory:
    """The inventory as the README has it."""
    for name in CONNECTION:
        del inventory["all"]["vars"][name]
    return inventory


def test_the_shipped_inventory_sets_none() -> None:
    shipped = yaml.safe_load((ROOT / "inventory" / "hosts.yml").read_text())
    assert "vars" not in shipped["all"]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: str(path.stem))
def test_every_play_on_environments_is_local(playbook: Any) -> None:
    plays = yaml.safe_load(playbook.read_text())
    # A range is verified where its worker is; its tasks name the worker.
    hosts = [one for one in plays if "hosts" in one]
    local = [one for one in hosts if one["hosts"] != "replication_verify_ranges"]
    assert local or playbook.stem == "setup-replication"
    assert {one.get("connection") for one in local} <= {"local"}


@pytest.mark.parametrize("in_process", [True, False])
def test_an_inventory_of_endpoints_alone(
    play: Plays, source: Side, target: Side, in_process: bool
) -> None:
    set_up(source, target, but=["buckets", "replication", "object"])
    inventory = without_connection(play.inventory(backbeat_in_process=in_process))
    played = play("-vvv", "--tags", "policies", inventory=inventory).ok()
    assert played.changed() == {}
    assert ("AnsiballZ_backbeat_policy" in played.output) is not in_process
    if not in_process:
        # Not the one that Ansible would find, which need not have boto3.
        assert f"{sys.executable} " in played.output
        assert "discovered Python interpreter" not in played.output


def test_one_environment_of_endpoints_alone(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    arrives(source, target)
    limited = without_connection(play.inventory())
    play("--limit", "node1", "--check", inventory=limited).ok()


def test_what_the_inventory_says_comes_first(play: Plays) -> None:
    inventory = play.inventory(ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=1)
    played = play("--tags", "roles", inventory=inventory)
    assert played.code == 4
    assert "UNREACHABLE" in played.output
