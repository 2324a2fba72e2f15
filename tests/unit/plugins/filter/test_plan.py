# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host of an inventory has to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.filter.plan import FilterModule
from ansible_collections.scality.backbeat.plugins.plugin_utils._unknown_variables import (
    unknown_variables,
)
from devtools.places import ROOT

FILTERS = FilterModule().filters()
S3 = {"endpoint_url": "http://s3"}
IAM = {"endpoint_url": "http://iam"}
CONNECTIONS = {"replication_s3": S3, "replication_iam": IAM}
NAMES = {
    "source_role": "SourceRole",
    "target_role": "TargetRole",
    "source_policy": "SourcePolicy",
    "target_policy": "TargetPolicy",
}
ARN = "arn:aws:iam::123456789012:role/TargetRole"
MADE = {"results": [{"iam_role": {"role_name": "TargetRole", "arn": ARN}}]}


def pair(source: str = "a", target: str = "b", **options: Any) -> dict[str, Any]:
    return {"source_bucket": source, "target_bucket": target, **options}


def plan(hostvars: dict[str, dict[str, Any]], host: str = "here", **options: Any) -> dict[str, Any]:
    own = hostvars[host]
    arguments = {
        "hosts": list(hostvars),
        "pairs": own.get("replication_pairs", []),
        "target_host": own.get("replication_target_host", ""),
        "s3": own.get("replication_s3", {}),
        "iam": own.get("replication_iam", {}),
        "names": NAMES,
        "arns": {"source": "", "target": ""},
        "location": "",
        "verify_key": "proof",
        "policy": {"permissions": "least", "max_size": 6144},
        **options,
    }
    made: dict[str, Any] = FILTERS["replication_plan"](hostvars, host, **arguments)
    return made


def two_hosts(*pairs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    source = {"replication_target_host": "there", "replication_pairs": list(pairs)}
    return {"here": {**CONNECTIONS, **source}, "there": dict(CONNECTIONS)}


def test_a_source_gets_its_role_its_policy_and_its_buckets() -> None:
    pairs = [pair("a", "b"), pair("c", "b")]
    made = plan(two_hosts(*pairs))
    assert (made["source"], made["target"], made["missing"]) == (True, False, [])
    assert made["outgoing"] == pairs
    assert made["roles"] == [{"name": "SourceRole"}]
    assert made["policies"] == [
        {
            "name": "SourcePolicy",
            "side": "source",
            "source_buckets": ["a", "c"],
            "roles": ["SourceRole"],
            "permissions": "least",
            "max_size": 6144,
        }
    ]
    assert [bucket["name"] for bucket in made["buckets"]] == ["a", "c"]
    assert made["source_role"] == {"name": "SourceRole", "arn": ""}
    assert made["target_role"] == {"name": "TargetRole", "arn": ""}


def test_a_target_serves_all_hosts_that_name_it() -> None:
    hostvars = two_hosts(pair("a", "b"))
    second = {"replication_target_host": "there", "replication_pairs": [pair("a", "c")]}
    hostvars["elsewhere"] = {**CONNECTIONS, **second}
    made = plan(hostvars, "there")
    assert (made["source"], made["target"], made["outgoing"]) == (False, True, [])
    assert made["roles"] == [{"name": "TargetRole"}]
    (policy,) = made["policies"]
    assert (policy["side"], policy["target_buckets"]) == ("target", ["b", "c"])
    assert "source_buckets" not in policy
    assert [bucket["name"] for bucket in made["buckets"]] == ["b", "c"]


def test_the_guides_policy_speaks_of_both_sides() -> None:
    options = {"permissions": "guide", "max_size": 6144}
    for host in ("here", "there"):
        (policy,) = plan(two_hosts(pair("a", "b")), host, policy=options)["policies"]
        assert (policy["source_buckets"], policy["target_buckets"]) == (["a"], ["b"])


def test_one_role_may_serve_both_directions() -> None:
    hostvars = two_hosts(pair("a", "b"))
    hostvars["there"] |= {"replication_target_host": "here", "replication_pairs": [pair("b", "a")]}
    made = plan(hostvars, names={**NAMES, "target_role": "SourceRole"})
    assert made["roles"] == [{"name": "SourceRole"}]


def test_a_host_may_be_both() -> None:
    hostvars = two_hosts(pair("a", "b"))
    hostvars["there"] |= {"replication_target_host": "here", "replication_pairs": [pair("b", "a")]}
    made = plan(hostvars)
    assert (made["source"], made["target"]) == (True, True)
    assert [policy["name"] for policy in made["policies"]] == ["SourcePolicy", "TargetPolicy"]
    assert [bucket["name"] for bucket in made["buckets"]] == ["a"]


def test_a_bystander_has_nothing_to_do_and_needs_no_connection() -> None:
    made = plan(two_hosts(pair()) | {"bystander": {}}, "bystander")
    parts = ("source", "target", "roles", "policies", "buckets", "missing")
    assert not any(made[name] for name in parts)


def test_pairs_without_a_target_host_are_nothing_to_do() -> None:
    assert plan(two_hosts(), pairs=[pair()], target_host="")["source"] is False


def test_pairs_with_roles_of_their_own_need_none() -> None:
    made = plan(two_hosts(pair("a", "b", role="x,y")))
    assert (made["source"], made["uses_roles"]) == (True, False)
    assert made["roles"] == made["policies"] == []


def test_roles_that_exist_already_are_left_alone() -> None:
    made = plan(two_hosts(pair()), arns={"source": ARN, "target": ""}, iam={})
    assert made["roles"] == made["policies"] == []
    assert made["source_role"]["arn"] == ARN


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"replication_target_role_arn": ARN}, ("TargetRole", ARN)),
        ({"replication_roles_made": MADE}, ("TargetRole", ARN)),
        ({"replication_target_role_name": "Other"}, ("Other", "")),
    ],
)
def test_the_other_host_says_what_its_role_is(
    known: dict[str, Any], expected: tuple[str, str]
) -> None:
    hostvars = two_hosts(pair())
    hostvars["there"] |= known
    role = plan(hostvars)["target_role"]
    assert (role["name"], role["arn"]) == expected


@pytest.mark.parametrize(
    ("host", "lacks", "named"),
    [
        ("here", "replication_s3", "replication_s3 of here"),
        ("here", "replication_iam", "replication_iam of here"),
        ("there", "replication_s3", "replication_s3 of there"),
        ("there", "replication_iam", "replication_iam of there"),
    ],
)
def test_what_the_inventory_lacks_is_named(host: str, lacks: str, named: str) -> None:
    hostvars = two_hosts(pair())
    del hostvars[host][lacks]
    assert plan(hostvars)["missing"] == [named]


def test_an_unknown_target_host_is_named() -> None:
    hostvars = two_hosts(pair())
    del hostvars["there"]
    assert "the host there itself" in plan(hostvars)["missing"]


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("replication_target_host", "replication_target_host of here, to which its pairs go"),
        ("replication_pairs", "replication_pairs of here, the buckets to replicate"),
    ],
)
def test_half_of_what_makes_a_source_is_not_nothing_to_do(name: str, lacks: str) -> None:
    hostvars = two_hosts(pair())
    del hostvars["here"][name]
    assert plan(hostvars)["missing"] == [lacks]
    assert plan(hostvars, "there")["missing"] == [] or name == "replication_target_host"


def test_a_source_without_pairs_for_now_has_nothing_to_do() -> None:
    assert plan(two_hosts())["missing"] == []


def test_an_inventory_without_any_source_is_no_success() -> None:
    (missing,) = plan({"here": dict(CONNECTIONS), "there": dict(CONNECTIONS)})["missing"]
    assert missing.startswith("replication_target_host of any host")


def test_policies_get_the_arns_of_roles_that_were_made() -> None:
    policies = [{"name": "p", "roles": ["TargetRole", "Other"]}]
    assert FILTERS["with_role_arns"](policies, MADE) == [{"name": "p", "roles": [ARN, "Other"]}]
    assert FILTERS["with_role_arns"](policies, {}) == policies


@pytest.mark.parametrize(
    ("role_arn", "results", "expected"),
    [
        (ARN, [], ARN),
        ("", [], ""),
        ("", [{}, MADE], ARN),
        ("", [{"skipped": True}, MADE["results"][0]], ARN),
        ("", [{"iam_role": None}], ""),
    ],
)
def test_an_arn_is_found_in_what_was_made_or_read(
    role_arn: str, results: list[dict[str, Any]], expected: str
) -> None:
    assert FILTERS["role_arn"]({"name": "TargetRole", "arn": role_arn}, *results) == expected


def test_the_proof_of_a_bucket_that_also_receives_has_a_key_of_its_own() -> None:
    hosts = two_hosts(pair("a", "b"))
    assert plan(hosts)["verify_key"] == "proof"
    hosts["there"] |= {"replication_target_host": "here", "replication_pairs": [pair("b", "a")]}
    assert plan(hosts)["verify_key"] == "proof-from-here"
    assert plan(hosts, "there")["verify_key"] == "proof-from-there"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("replication_pair", "replication_pairs"),
        ("replication_purge_rule", "replication_purge_rules"),
        ("replication_source_role_nane", "replication_source_role_name"),
    ],
)
def test_a_misspelt_variable_is_named(name: str, meant: str) -> None:
    assert unknown_variables([name, "ansible_host"]) == {name: meant}


def test_what_is_another_name_is_left_alone() -> None:
    """What the role itself registers, and what a user has beside it."""
    role = ROOT / "roles" / "replication"
    own = set()
    for file in [*role.glob("tasks/*.yml"), *role.glob("vars/*.yml"), *role.glob("defaults/*.yml")]:
        own |= set(re.findall(r"\breplication_\w+", file.read_text()))
    assert len(own) > 30
    assert unknown_variables([*own, "replication_team", "replications_pairs", "pairs"]) == {}
