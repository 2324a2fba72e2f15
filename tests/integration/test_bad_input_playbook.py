# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in an inventory, and an unreachable side: the messages of a playbook run."""

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


def no_target_host(hosts: Hosts) -> None:
    del hosts["node1"]["replication_target_host"]


def unknown_variable_for_pairs(hosts: Hosts) -> None:
    hosts["node1"]["replication_pair"] = hosts["node1"].pop("replication_pairs")


def unknown_connection_option(hosts: Hosts) -> None:
    hosts["node1"]["replication_s3"]["endpoint"] = hosts["node1"]["replication_s3"].pop(
        "endpoint_url"
    )


def unknown_option_of_a_rule(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"][0]["rules"] = [{"prefx": "images/"}]


def unknown_option_of_a_pair(hosts: Hosts) -> None:
    (pair,) = hosts["node1"]["replication_pairs"]
    pair["target_buket"] = pair.pop("target_bucket")


def unknown_variable_for_hosts(hosts: Hosts) -> None:
    hosts["node1"]["replication_host"] = "node1"


def backbeat_url_with_a_password(hosts: Hosts) -> None:
    hosts["node1"]["replication_backbeat_url"] = "http://user:planted@node1:8900"


def backbeat_url_without_a_scheme(hosts: Hosts) -> None:
    hosts["node1"]["replication_backbeat_url"] = "host:8900"


def empty_pairs(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"] = []


def pairs_as_a_dictionary(hosts: Hosts) -> None:
    (hosts["node1"]["replication_pairs"],) = hosts["node1"]["replication_pairs"]


def pairs_as_text(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"] = "source-bucket:target-bucket"


def overlapping_rules(hosts: Hosts) -> None:
    rules = [{"prefix": "images/"}, {"prefix": "images/2026/"}]
    hosts["node1"]["replication_pairs"][0]["rules"] = rules


def not_a_boolean(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify"] = "perhaps"


def target_without_iam(hosts: Hosts) -> None:
    del hosts["node6"]["replication_iam"]


def target_without_connections(hosts: Hosts) -> None:
    for service in ("s3", "iam"):
        del hosts["node6"][f"replication_{service}"]


def source_without_s3(hosts: Hosts) -> None:
    del hosts["node1"]["replication_s3"]


def target_not_in_the_inventory(hosts: Hosts) -> None:
    hosts["node1"]["replication_target_host"] = "node7"


def not_a_choice(hosts: Hosts) -> None:
    hosts["node1"]["replication_permissions"] = "most"


def not_a_number(hosts: Hosts) -> None:
    hosts["node1"]["replication_policy_max_size"] = "much"


def empty_key(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify_key"] = ""


def unprintable_key(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify_key"] = "a\tb"


def long_key(hosts: Hosts) -> None:
    hosts["node1"]["replication_verify_key"] = "a" * 1000


def empty_role_name(hosts: Hosts) -> None:
    hosts["node1"]["replication_source_role_name"] = ""


def incomplete_pair(hosts: Hosts) -> None:
    hosts["node1"]["replication_pairs"] = [{"source_bucket": "only"}]


LIMIT = ("--limit", "node1*")
Mistake = Callable[[Hosts], None]
Messages = dict[str, str]
#: Mistakes that each need a separate run, with the arguments of that run and the message.
OF_SEVERAL_VARIABLES: list[tuple[Mistake, tuple[str, ...], str]] = [
    (no_target_host, (), "has no target: set replication_target_host of node1"),
    (unknown_variable_for_pairs, (), "node1 has replication_target_host, but no pair of buckets"),
    (empty_pairs, (), "node1 has replication_target_host, but no pair of buckets"),
    (
        target_not_in_the_inventory,
        LIMIT,
        "node1 replicates to the host node7, which is not in the inventory",
    ),
    (target_without_iam, LIMIT, "The inventory lacks replication_iam of node6"),
    (target_without_connections, LIMIT, "The inventory lacks replication_s3 of node6"),
    (source_without_s3, LIMIT, "The inventory lacks replication_s3 of node1"),
    (empty_key, (), "replication_verify_key of node1: The object key is empty"),
    (unprintable_key, (), "replication_verify_key of node1: The object key 'a\\tb' has"),
    (long_key, (), "replication_verify_key of node1: The object key 'aaa"),
    (empty_role_name, (), "replication_source_role_name of node1: The role name '' has"),
]
#: Mistakes in the variables of one host, and the messages in a run of all hosts.
OF_ONE_HOST: list[tuple[Mistake, str]] = [
    (
        unknown_connection_option,
        "replication_s3 of node1 has no option endpoint. Did you mean endpoint_url?",
    ),
    (unknown_connection_option, "replication_s3 of node1 needs endpoint_url."),
    (
        unknown_option_of_a_pair,
        "Item 1 of replication_pairs of node1 has no option target_buket. Did you mean target_bucket?",
    ),
    (
        unknown_option_of_a_rule,
        "Item 1 of rules in item 1 of replication_pairs of node1 has no option prefx. Did you mean prefix?",
    ),
    (pairs_as_a_dictionary, "replication_pairs of node1 is a dictionary, but must be a list."),
    (pairs_as_text, "replication_pairs of node1 is text, but must be a list."),
    (
        unknown_variable_for_hosts,
        "replication_host of node1 is not a variable of the playbooks, so this run would apply to all hosts: "
        "limit it with replication_hosts.",
    ),
    (
        backbeat_url_with_a_password,
        "The replication_backbeat_url of node1 contains credentials: give them as profile",
    ),
    (
        backbeat_url_without_a_scheme,
        "The replication_backbeat_url of node1 'host:8900' must have the form http://host:port",
    ),
    (not_a_boolean, "replication_verify of node1 is 'perhaps', but must be true or false."),
]
#: The same in a run limited to the sources.
IN_A_RUN_OF_THE_SOURCE: list[tuple[Mistake, str]] = [
    (not_a_choice, "replication_permissions of node1 is 'most', but must be one of"),
    (not_a_number, "replication_policy_max_size"),
    (incomplete_pair, "target_bucket"),
]


#: Runs only the role's plan, which checks the inventory. The whole role would end at the first refused host.
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


def run_with_mistakes(
    plays: Plays, mistakes: list[tuple[Mistake, str]], *arguments: str
) -> Messages:
    """Runs the plan once, with separate hosts for each mistake; returns the messages by host."""
    playbook = plays.folder / "plan.yml"
    playbook.write_text(PLAN)
    hosts: Hosts = {}
    for mistake, _message in mistakes:
        pair = plays.inventory()["all"]["hosts"]
        mistake(pair)
        if pair["node1"].get("replication_target_host") == "node6":
            pair["node1"]["replication_target_host"] = rename_hosts("node6", mistake)
        hosts |= {rename_hosts(name, mistake): variables for name, variables in pair.items()}
    inventory = {"all": {**plays.inventory()["all"], "hosts": hosts}}
    played = plays("-v", *arguments, inventory=inventory, playbook=playbook).ok()
    assert "Traceback" not in played.output
    # The output includes all facts because of -v.
    assert "planted" not in played.output
    failed = [one for one in played.records if one["status"] == "ignored"]
    expected = {rename_hosts("node1", mistake) for mistake, _message in mistakes}
    assert sorted(one["host"] for one in failed) == sorted(expected)
    return {one["host"]: one["result"]["msg"] for one in failed}


def rename_hosts(text: str, mistake: Mistake) -> str:
    """The text with the names of the hosts that have this mistake."""
    return re.sub(r"node[16]", rf"\g<0>-{mistake.__name__}", text)


@pytest.fixture(scope="module")
def plays(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Plays:
    running_sandbox.reset()
    return Plays(running_sandbox, tmp_path_factory.mktemp("mistakes"))


@pytest.fixture(scope="module")
def messages_of_all_hosts(plays: Plays) -> Messages:
    return run_with_mistakes(plays, OF_ONE_HOST)


@pytest.fixture(scope="module")
def messages_of_the_sources(plays: Plays) -> Messages:
    return run_with_mistakes(plays, IN_A_RUN_OF_THE_SOURCE, *LIMIT)


@pytest.mark.parametrize(("mistake", "arguments", "message"), OF_SEVERAL_VARIABLES)
def test_invalid_inventory_is_refused_before_any_request(
    play: Plays, mistake: Mistake, arguments: tuple[str, ...], message: str
) -> None:
    inventory = play.inventory()
    mistake(inventory["all"]["hosts"])
    played = play(*arguments, inventory=inventory)
    assert message in played.failure()
    assert "Traceback" not in played.output
    assert play.sandbox.calls() == []


@pytest.mark.end_cores
@pytest.mark.parametrize(("mistake", "message"), OF_ONE_HOST)
def test_message_names_the_host_with_the_mistake(
    messages_of_all_hosts: Messages, mistake: Mistake, message: str
) -> None:
    assert rename_hosts(message, mistake) in messages_of_all_hosts[rename_hosts("node1", mistake)]


@pytest.mark.parametrize(("mistake", "message"), IN_A_RUN_OF_THE_SOURCE)
def test_mistakes_are_found_in_a_run_limited_to_the_sources(
    messages_of_the_sources: Messages, mistake: Mistake, message: str
) -> None:
    assert rename_hosts(message, mistake) in messages_of_the_sources[rename_hosts("node1", mistake)]


@pytest.mark.end_cores
@pytest.mark.parametrize("option", ["--tags", "--skip-tags"])
def test_unknown_tag_is_refused_with_a_suggestion(play: Plays, option: str) -> None:
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
def test_each_playbook_fails_with_an_unknown_tag(play: Plays, name: str) -> None:
    """Without this check, the run would do nothing and succeed."""
    played = play("--tags", "x", playbook=SETUP.with_name(name))
    assert "has the tag x" in played.output
    assert played.code == 2
    assert play.sandbox.calls() == []


@pytest.mark.end_cores
def test_tags_of_a_users_own_tasks_are_accepted(play: Plays, tmp_path: Path) -> None:
    """A run without tasks of the role warns of a similar tag, but does not check the role's variables."""
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
    unknown_variable_for_pairs(inventory["all"]["hosts"])
    played = play("--tags", "polices", playbook=file, inventory=inventory).ok()
    assert "Did you mean policies?" in played.output
    assert "lacks" not in played.output
    # The tag of the import_role task runs the whole role.
    assert (
        "replication_pair"
        in play("--tags", "storage", playbook=file, inventory=inventory).failure()
    )
    assert play.sandbox.calls() == []


@pytest.mark.parametrize(
    "name", ["replication_adopt_bucket", "replication_adopt_dir", "replication_host"]
)
def test_unknown_variable_of_adoption_is_refused(play: Plays, name: str) -> None:
    """Without this check, all buckets would be adopted, or files written to the default folder."""
    played = play("-e", f"{name}=x", "--limit", "node1", playbook=ADOPT)
    assert f"{name} of node1 is not a variable of" in played.failure()
    assert play.sandbox.calls() == []


@pytest.mark.end_cores
def test_unknown_variable_of_the_role_is_a_warning(play: Plays) -> None:
    inventory = play.inventory(replication_concurency=2)
    played = play("--limit", "node1", "--tags", "buckets", inventory=inventory).ok()
    (warning,) = re.findall(r"node1: the role has no variable[^?]*\?", played.output)
    assert " ".join(warning.split()) == (
        "node1: the role has no variable replication_concurency. Did you mean replication_concurrency?"
    )


def test_overlapping_rules_are_refused(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, but=["replication", "object"])
    inventory = play.inventory()
    overlapping_rules(inventory["all"]["hosts"])
    message = play("--tags", "replication", inventory=inventory).failure()
    assert message.startswith(
        f"The pair with source_bucket {SOURCE_BUCKET} in replication_pairs of node1: The prefixes of rule"
    )
    assert "change one of the prefixes, or remove one of the rules" in message


@pytest.fixture
def closed_url() -> Iterator[str]:
    """The URL of a port where no server listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_unreachable_target_stops_a_run_limited_to_the_source(
    play: Plays, source: Side, target: Side, closed_url: str
) -> None:
    """The run reads the target's role, so it checks the target's IAM endpoint before it writes."""
    set_up(source, target, but=["replication", "object"])
    inventory = play.inventory()
    connection = inventory["all"]["hosts"]["node6"]["replication_iam"]
    connection |= {"endpoint_url": closed_url, "retry_timeout": 0}
    source.sandbox.clear_calls()
    message = play("--limit", "node1", "--tags", "replication", inventory=inventory).failure()
    assert f"error endpoint-unreachable (target IAM at {closed_url}): Failed to " in message
    assert "Could not connect" in message
    assert "Check endpoint_url (scheme, host, port)" in message
    assert source.writes() == []


def test_s3_and_iam_credentials_of_two_accounts_are_refused(play: Plays) -> None:
    """The role would be created in an account that does not own the bucket, and objects would stay PENDING."""
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_iam"]["profile"] = "backbeat-source-other"
    message = play(inventory=inventory).failure()
    assert "error credentials-of-two-accounts (source IAM at " in message
    assert "credentials of one account in replication_s3 and replication_iam" in message
    assert play.sandbox.calls(write=True) == []


def test_swapped_credentials_are_reported_for_both_sides(play: Plays) -> None:
    """Each server reports an unknown access key. No secret is shown."""
    inventory = play.inventory()
    hosts = inventory["all"]["hosts"]
    profiles = {name: hosts[name]["replication_s3"]["profile"] for name in ("node1", "node6")}
    for name, other in (("node1", "node6"), ("node6", "node1")):
        for service in ("s3", "iam"):
            hosts[name][f"replication_{service}"] |= {"profile": profiles[other]}
    played = play(inventory=inventory)
    assert played.code == 2
    # Preflight checks all four endpoints before the first write.
    message = played.failure()
    for side in ("source", "target"):
        assert f"error credentials-invalid ({side}" in message
    assert "does not know the access key: check profile or access_key" in message
    assert not any(call["operation"].startswith(("Create", "Put")) for call in play.sandbox.calls())
    for side in play.sandbox.environments():
        assert side.secret_key not in played.output
    assert "Traceback" not in played.output
