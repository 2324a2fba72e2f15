# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in an inventory, and a side that cannot be reached, as the user of the playbook sees them."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from tests.integration.support.modules import Side
from tests.integration.support.plays import SETUP, Plays
from tests.integration.support.procedure import SOURCE_BUCKET, set_up

Hosts = dict[str, dict[str, Any]]
ADOPT = SETUP.with_name("adopt_replication.yml")

pytestmark = [pytest.mark.playbook]


def no_target(hosts: Hosts) -> None:
    del hosts["node1"]["replication_target_host"]


def misspelt_pairs(hosts: Hosts) -> None:
    hosts["node1"]["replication_pair"] = hosts["node1"].pop("replication_pairs")


def no_url(hosts: Hosts) -> None:
    hosts["node1"]["replication_s3"]["endpoint"] = hosts["node1"]["replication_s3"].pop(
        "endpoint_url"
    )


def misspelt_rule(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"][0]["rules"] = [{"prefx": "images/"}]


def misspelt_bucket(hosts: Hosts) -> None:
    (pair,) = hosts["node1"]["replication_pairs"]
    pair["target_buket"] = pair.pop("target_bucket")


def misspelt_hosts(hosts: Hosts) -> None:
    hosts["node1"]["replication_host"] = "node1"


def backbeat_with_a_password(hosts: Hosts) -> None:
    hosts["node1"]["replication_backbeat_url"] = "http://user:planted@node1:8900"


def backbeat_without_a_scheme(hosts: Hosts) -> None:
    hosts["node1"]["replication_backbeat_url"] = "host:8900"


def no_pairs(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"] = []


def pairs_as_a_dictionary(hosts: Hosts) -> None:
    (hosts["node1"]["replication_pairs"],) = hosts["node1"]["replication_pairs"]


def pairs_as_text(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"] = "source-bucket:target-bucket"


def overlapping(hosts: Hosts) -> None:
    rules = [{"prefix": "images/"}, {"prefix": "images/2026/"}]
    hosts["node1"]["replication_pairs"][0]["rules"] = rules


def no_boolean(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify"] = "perhaps"


def no_iam_of_the_target(hosts: Hosts) -> None:
    del hosts["node6"]["replication_iam"]


def no_connection_of_the_target(hosts: Hosts) -> None:
    for service in ("s3", "iam"):
        del hosts["node6"][f"replication_{service}"]


def no_s3_of_the_source(hosts: Hosts) -> None:
    del hosts["node1"]["replication_s3"]


def no_such_target(hosts: Hosts) -> None:
    hosts["node1"]["replication_target_host"] = "node7"


def no_choice(hosts: Hosts) -> None:
    hosts["node1"]["replication_permissions"] = "most"


def no_number(hosts: Hosts) -> None:
    hosts["node1"]["replication_policy_max_size"] = "much"


def no_key(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify_key"] = ""


def unprintable_key(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify_key"] = "a\tb"


def long_key(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify_key"] = "a" * 1000


def no_name_of_the_role(hosts: Hosts) -> None:
    hosts["node1"]["replication_source_role_name"] = ""


def half_a_pair(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"] = [{"source_bucket": "only"}]


LIMIT = ("--limit", "node1*")
Mistake = Callable[[Hosts], None]
Messages = dict[str, str]
#: Mistakes for which it matters what else the inventory holds, and the arguments of the run.
OF_THE_INVENTORY: list[tuple[Mistake, tuple[str, ...], str]] = [
    (no_target, (), "has no target: set replication_target_host of node1"),
    (misspelt_pairs, (), "node1 has replication_target_host, but no pair of buckets"),
    (no_pairs, (), "node1 has replication_target_host, but no pair of buckets"),
    (
        no_such_target,
        LIMIT,
        "node1 replicates to the host node7, which is not in the inventory",
    ),
    (no_iam_of_the_target, LIMIT, "The inventory lacks replication_iam of node6"),
    (no_connection_of_the_target, LIMIT, "The inventory lacks replication_s3 of node6"),
    (no_s3_of_the_source, LIMIT, "The inventory lacks replication_s3 of node1"),
    (no_key, (), "replication_verify_key of node1: The object key is empty"),
    (unprintable_key, (), "replication_verify_key of node1: The object key 'a\\tb' has"),
    (long_key, (), "replication_verify_key of node1: The object key 'aaa"),
    (no_name_of_the_role, (), "replication_source_role_name of node1: The role name '' has"),
]
#: Mistakes of one host, in a run of all hosts.
ON_BOTH_SIDES: list[tuple[Mistake, str]] = [
    (no_url, "replication_s3 of node1 has no option endpoint. Did you mean endpoint_url?"),
    (no_url, "replication_s3 of node1 needs endpoint_url."),
    (
        misspelt_bucket,
        "Item 1 of replication_pairs of node1 has no option target_buket. Did you mean target_bucket?",
    ),
    (
        misspelt_rule,
        "Item 1 of rules in item 1 of replication_pairs of node1 has no option prefx. Did you mean prefix?",
    ),
    (pairs_as_a_dictionary, "replication_pairs of node1 is a dictionary, but must be a list."),
    (pairs_as_text, "replication_pairs of node1 is text, but must be a list."),
    (
        misspelt_hosts,
        "replication_host of node1 is not a variable of the playbooks, so this run would apply to all hosts: "
        "limit it with replication_hosts.",
    ),
    (
        backbeat_with_a_password,
        "The replication_backbeat_url of node1 contains credentials: give them as profile",
    ),
    (
        backbeat_without_a_scheme,
        "The replication_backbeat_url of node1 'host:8900' must have the form http://host:port",
    ),
    (no_boolean, "replication_verify of node1 is 'perhaps', but must be true or false."),
]
#: The same in a run of the sources alone, which need their targets' variables too.
ON_THE_SOURCE: list[tuple[Mistake, str]] = [
    (no_choice, "replication_permissions of node1 is 'most', but must be one of"),
    (no_number, "replication_policy_max_size"),
    (half_a_pair, "target_bucket"),
]


#: The role as far as it looks at the inventory: the first host that is refused would end a run of all of it.
PLAN = """---
- name: Plan
  hosts: all
  gather_facts: false
  tasks:
    - name: Plan
      ansible.builtin.import_role:
        name: scality.backbeat.replication
        tasks_from: plan
      ignore_errors: true
"""


def refused(plays: Plays, mistakes: list[tuple[Mistake, str]], *arguments: str) -> Messages:
    """The messages of one run in which each mistake is made in hosts of its own, called after it."""
    playbook = plays.folder / "plan.yml"
    playbook.write_text(PLAN)
    hosts: Hosts = {}
    for mistake, _message in mistakes:
        pair = plays.inventory()["all"]["hosts"]
        mistake(pair)
        if pair["node1"].get("replication_target_host") == "node6":
            pair["node1"]["replication_target_host"] = own("node6", mistake)
        hosts |= {own(name, mistake): variables for name, variables in pair.items()}
    inventory = {"all": {**plays.inventory()["all"], "hosts": hosts}}
    played = plays("-v", *arguments, inventory=inventory, playbook=playbook).ok()
    assert "Traceback" not in played.output
    # Facts are shown.
    assert "planted" not in played.output
    failed = [one for one in played.records if one["status"] == "ignored"]
    expected = {own("node1", mistake) for mistake, _message in mistakes}
    assert sorted(one["host"] for one in failed) == sorted(expected)
    return {one["host"]: one["result"]["msg"] for one in failed}


def own(text: str, mistake: Mistake) -> str:
    return re.sub(r"node[16]", rf"\g<0>-{mistake.__name__}", text)


@pytest.fixture(scope="module")
def plays(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Plays:
    running_sandbox.reset()
    return Plays(running_sandbox, tmp_path_factory.mktemp("mistakes"))


@pytest.fixture(scope="module")
def refused_on_both_sides(plays: Plays) -> Messages:
    return refused(plays, ON_BOTH_SIDES)


@pytest.fixture(scope="module")
def refused_on_the_source(plays: Plays) -> Messages:
    return refused(plays, ON_THE_SOURCE, *LIMIT)


@pytest.mark.parametrize(("mistake", "arguments", "message"), OF_THE_INVENTORY)
def test_mistakes_that_are_found_before_anything_is_done(
    play: Plays, mistake: Mistake, arguments: tuple[str, ...], message: str
) -> None:
    inventory = play.inventory()
    mistake(inventory["all"]["hosts"])
    played = play(*arguments, inventory=inventory)
    assert message in played.failure()
    assert "Traceback" not in played.output
    assert play.sandbox.calls() == []


@pytest.mark.end_cores
@pytest.mark.parametrize(("mistake", "message"), ON_BOTH_SIDES)
def test_mistakes_of_one_host_are_told_of_it(
    refused_on_both_sides: Messages, mistake: Mistake, message: str
) -> None:
    assert own(message, mistake) in refused_on_both_sides[own("node1", mistake)]


@pytest.mark.parametrize(("mistake", "message"), ON_THE_SOURCE)
def test_mistakes_of_either_side_are_found_by_the_source_alone(
    refused_on_the_source: Messages, mistake: Mistake, message: str
) -> None:
    assert own(message, mistake) in refused_on_the_source[own("node1", mistake)]


@pytest.mark.end_cores
@pytest.mark.parametrize("option", ["--tags", "--skip-tags"])
def test_a_misspelt_tag(play: Plays, option: str) -> None:
    message = play(option, "polices", "--limit", "node1").failure()
    assert message == (
        "No step of the role has the tag polices. Did you mean policies? Its tags are preflight, roles, policies, "
        "buckets, replication, verify."
    )
    assert play.sandbox.calls() == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.end_cores] if name == SETUP.name else [])
        for name in sorted(file.name for file in SETUP.parent.glob("*.yml"))
    ],
)
def test_a_tag_that_no_task_has(play: Plays, name: str) -> None:
    """Nothing would be done, and the run would be green."""
    played = play("--tags", "x", playbook=SETUP.with_name(name))
    assert "has the tag x" in played.output
    assert played.code == 2
    assert play.sandbox.calls() == []


@pytest.mark.end_cores
def test_tags_of_other_tasks(play: Plays, tmp_path: Path) -> None:
    """In a playbook of a user, they are none of the role's business, nor is what it would refuse."""
    file = tmp_path / "site.yml"
    imported = {"ansible.builtin.import_playbook": str(SETUP.with_name("validate_replication.yml"))}
    role = {"name": "scality.backbeat.replication"}
    tasks = [
        {"name": "Role", "ansible.builtin.import_role": role, "tags": ["storage"]},
        {"name": "Other", "ansible.builtin.debug": {"msg": "done"}, "tags": ["polices"]},
    ]
    play_of_user = {"name": "A play", "hosts": "node1", "gather_facts": False, "tasks": tasks}
    file.write_text(json.dumps([{"name": "Import", **imported}, play_of_user]))
    inventory = play.inventory()
    misspelt_pairs(inventory["all"]["hosts"])
    played = play("--tags", "polices", playbook=file, inventory=inventory).ok()
    assert "Did you mean policies?" in played.output
    assert "lacks" not in played.output
    # The tag that the role was given runs all of it.
    assert (
        "replication_pair"
        in play("--tags", "storage", playbook=file, inventory=inventory).failure()
    )
    assert play.sandbox.calls() == []


@pytest.mark.parametrize(
    "name", ["replication_adopt_bucket", "replication_adopt_dir", "replication_host"]
)
def test_a_misspelt_variable_of_adoption(play: Plays, name: str) -> None:
    """All buckets would be adopted, or files written to another place."""
    played = play("-e", f"{name}=x", "--limit", "node1", playbook=ADOPT)
    assert f"{name} of node1 is not a variable of" in played.failure()
    assert play.sandbox.calls() == []


@pytest.mark.end_cores
def test_a_misspelt_variable_of_the_role(play: Plays) -> None:
    inventory = play.inventory(replication_concurency=2)
    played = play("--limit", "node1", "--tags", "buckets", inventory=inventory).ok()
    (warning,) = re.findall(r"node1: the role has no variable[^?]*\?", played.output)
    assert " ".join(warning.split()) == (
        "node1: the role has no variable replication_concurency. Did you mean replication_concurrency?"
    )


def test_rules_that_overlap(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, but=["replication", "object"])
    inventory = play.inventory()
    overlapping(inventory["all"]["hosts"])
    message = play("--tags", "replication", inventory=inventory).failure()
    assert message.startswith(
        f"The pair with source_bucket {SOURCE_BUCKET} in replication_pairs of node1: The prefixes of rule"
    )
    assert "change one of the prefixes, or remove one of the rules" in message


@pytest.fixture
def closed() -> Iterator[str]:
    """The URL of a port where no server listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_the_other_side_cannot_be_read(
    play: Plays, source: Side, target: Side, closed: str
) -> None:
    """--limit to the source, which needs the target's role: its endpoint is tried before anything else."""
    set_up(source, target, but=["replication", "object"])
    inventory = play.inventory()
    there = inventory["all"]["hosts"]["node6"]["replication_iam"]
    there |= {"endpoint_url": closed, "retry_timeout": 0}
    source.sandbox.clear_calls()
    message = play("--limit", "node1", "--tags", "replication", inventory=inventory).failure()
    assert f"error endpoint-unreachable (target IAM at {closed}): Failed to " in message
    assert "Could not connect" in message
    assert "Check endpoint_url (scheme, host, port)" in message
    assert source.writes() == []


def test_s3_and_iam_of_different_accounts(play: Plays) -> None:
    """The role would be created in an account that does not own the bucket, and objects stay PENDING for ever."""
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_iam"]["profile"] = "backbeat-source-other"
    message = play(inventory=inventory).failure()
    assert "error credentials-of-two-accounts (source IAM at " in message
    assert "credentials of one account in replication_s3 and replication_iam" in message
    assert play.sandbox.calls(write=True) == []


def test_credentials_of_the_wrong_side(play: Plays) -> None:
    """The two profiles swapped: each server says that it does not know the key, and no secret is shown."""
    inventory = play.inventory()
    hosts = inventory["all"]["hosts"]
    profiles = {name: hosts[name]["replication_s3"]["profile"] for name in ("node1", "node6")}
    for name, other in (("node1", "node6"), ("node6", "node1")):
        for service in ("s3", "iam"):
            hosts[name][f"replication_{service}"] |= {"profile": profiles[other]}
    played = play(inventory=inventory)
    assert played.code == 2
    # Preflight tries all four endpoints before anything is written.
    message = played.failure()
    for side in ("source", "target"):
        assert f"error credentials-invalid ({side}" in message
    assert "does not know the access key: check profile or access_key" in message
    assert not any(call["operation"].startswith(("Create", "Put")) for call in play.sandbox.calls())
    for side in play.sandbox.environments():
        assert side.secret_key not in played.output
    assert "Traceback" not in played.output
