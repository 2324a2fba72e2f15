# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the playbooks run their modules: on the controller, unless the inventory sets a connection."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays
from tests.integration.support.procedure import assert_replicated, set_up

PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
CONNECTION = ("ansible_connection", "ansible_python_interpreter")


def without_connection(inventory: Inventory) -> Inventory:
    """The inventory without connection variables, as in the README."""
    for name in CONNECTION:
        del inventory["all"]["vars"][name]
    return inventory


def test_shipped_inventory_sets_no_connection() -> None:
    shipped = yaml.safe_load((ROOT / "inventory" / "hosts.yml").read_text())
    assert "vars" not in shipped["all"]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: str(path.stem))
def test_plays_have_a_local_connection(playbook: Any) -> None:
    plays = yaml.safe_load(playbook.read_text())
    # Plays on ranges may use the connections of the workers, which the inventory sets.
    hosts = [one for one in plays if "hosts" in one]
    local = [one for one in hosts if one["hosts"] != "replication_verify_ranges"]
    assert local or playbook.stem == "setup-replication"
    assert {one.get("connection") for one in local} <= {"local"}


@pytest.mark.parametrize("in_process", [True, False])
def test_inventory_without_connection_variables_runs_on_the_controller(
    play: Plays, source: Side, target: Side, in_process: bool
) -> None:
    set_up(source, target, but=["buckets", "replication", "object"])
    inventory = without_connection(play.inventory(backbeat_in_process=in_process))
    played = play("-vvv", "--tags", "policies", inventory=inventory).ok()
    assert played.changed() == {}
    assert ("AnsiballZ_backbeat_policy" in played.output) is not in_process
    if not in_process:
        # A Python that Ansible discovers may lack boto3.
        assert f"{sys.executable} " in played.output
        assert "discovered Python interpreter" not in played.output


def test_run_limited_to_one_host_needs_no_connection_variables(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    limited = without_connection(play.inventory())
    play("--limit", "node1", "--check", inventory=limited).ok()


def test_connection_in_the_inventory_has_precedence(play: Plays) -> None:
    inventory = play.inventory(ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=1)
    played = play("--tags", "roles", inventory=inventory)
    assert played.code == 4
    assert "UNREACHABLE" in played.output
