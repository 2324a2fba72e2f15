# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of each host of an inventory, and errors in the inventory."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.topology import (
    Environment,
    Topology,
    plan,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.topology_checks import (
    refusals,
)

ARN = "arn:aws:iam::123456789012:role/TargetRole"
HOST = {
    "replication_s3": {"endpoint_url": "http://there"},
    "replication_iam": {"endpoint_url": "http://iam"},
    "replication_source_role_name": "SourceRole",
    "replication_target_role_name": "TargetRole",
    "replication_source_policy_name": "SourcePolicy",
    "replication_target_policy_name": "TargetPolicy",
    "replication_verify_key": "proof",
}

Hosts = dict[str, dict[str, Any]]


def pair(source: str = "aaa", target: str = "bbb", **options: Any) -> dict[str, Any]:
    return {"source_bucket": source, "target_bucket": target, **options}


def source(*pairs: dict[str, Any], of: str = "there", **variables: Any) -> dict[str, Any]:
    given = {"replication_target_host": of, "replication_pairs": list(pairs)}
    own = {f"replication_{name}": value for name, value in variables.items()}
    return {**HOST, "replication_s3": {"endpoint_url": "http://here"}, **given, **own}


def two_hosts(*pairs: dict[str, Any], **variables: Any) -> Hosts:
    return {"here": source(*(pairs or [pair()]), **variables), "there": dict(HOST)}


def both_ways(**variables: Any) -> Hosts:
    here = source(pair("aaa", "bbb"), **variables)
    there = source(pair("bbb", "aaa"), of="here", s3=HOST["replication_s3"])
    return {"here": here, "there": there}


def topology(hosts: Hosts) -> Topology:
    return Topology({name: Environment.of(name, variables) for name, variables in hosts.items()})


def planned(hosts: Hosts, host: str = "here") -> dict[str, Any]:
    return plan(topology(hosts), host).describe()


def refused(hosts: Hosts, host: str = "here") -> list[str]:
    return refusals(topology(hosts), host, hosts.keys())


def test_a_source_has_its_role_its_policy_and_its_buckets() -> None:
    pairs = [pair("aaa", "bbb"), pair("ccc", "ddd")]
    made = planned(two_hosts(*pairs))
    assert (made["source"], made["target"]) == (True, False)
    assert made["outgoing"] == [{**one, "target_host": "there"} for one in pairs]
    assert made["roles"] == [{"name": "SourceRole"}]
    assert made["policies"] == [
        {
            "name": "SourcePolicy",
            "side": "source",
            "source_buckets": ["aaa", "ccc"],
            "roles": ["SourceRole"],
            "permissions": "least",
            "max_size": 6144,
        }
    ]
    assert made["buckets"] == [{"name": name, "versioning": "enabled"} for name in ("aaa", "ccc")]
    assert made["source_role"] == {"name": "SourceRole", "arn": ""}
    assert made["target_roles"] == {"there": {"name": "TargetRole", "arn": ""}}


def test_a_target_serves_all_hosts_that_name_it() -> None:
    hosts = two_hosts(pair("aaa", "bbb"))
    hosts["elsewhere"] = source(pair("aaa", "ccc"))
    made = planned(hosts, "there")
    assert (made["source"], made["target"], made["outgoing"]) == (False, True, [])
    assert made["sources"] == ["here", "elsewhere"]
    assert made["roles"] == [{"name": "TargetRole"}]
    (policy,) = made["policies"]
    assert (policy["side"], policy["target_buckets"]) == ("target", ["bbb", "ccc"])
    assert "source_buckets" not in policy
    assert [bucket["name"] for bucket in made["buckets"]] == ["bbb", "ccc"]


def test_a_pair_may_have_another_target_than_its_host() -> None:
    hosts = two_hosts(pair("aaa", "bbb"), pair("ccc", "ddd", target_host="elsewhere"))
    hosts["elsewhere"] = {**HOST, "replication_target_role_arn": ARN}
    made = planned(hosts)
    assert made["targets"] == ["there", "elsewhere"]
    assert made["target_roles"]["elsewhere"] == {"name": "TargetRole", "arn": ARN}
    assert made["policies"][0]["source_buckets"] == ["aaa", "ccc"]
    assert planned(hosts, "there")["policies"][0]["target_buckets"] == ["bbb"]
    assert [bucket["name"] for bucket in planned(hosts, "elsewhere")["buckets"]] == ["ddd"]


def test_the_guides_policy_names_the_buckets_of_both_sides() -> None:
    hosts = two_hosts(permissions="guide")
    hosts["there"]["replication_permissions"] = "guide"
    for host in hosts:
        (policy,) = planned(hosts, host)["policies"]
        assert (policy["source_buckets"], policy["target_buckets"]) == (["aaa"], ["bbb"])


def test_one_role_may_serve_both_directions() -> None:
    made = planned(both_ways(target_role_name="SourceRole"))
    assert made["roles"] == [{"name": "SourceRole"}]


def test_a_host_may_be_both() -> None:
    made = planned(both_ways())
    assert (made["source"], made["target"]) == (True, True)
    assert [policy["name"] for policy in made["policies"]] == ["SourcePolicy", "TargetPolicy"]
    assert [bucket["name"] for bucket in made["buckets"]] == ["aaa"]


def test_the_proof_of_a_bucket_that_is_also_a_target_has_its_own_key() -> None:
    assert planned(two_hosts())["verify_key"] == "proof"
    assert planned(both_ways())["verify_key"] == "proof-from-here"
    assert planned(both_ways(), "there")["verify_key"] == "proof-from-there"


def test_an_uninvolved_host_has_no_work_and_needs_no_connection() -> None:
    hosts = two_hosts() | {"bystander": {}}
    made = planned(hosts, "bystander")
    assert not any(made[name] for name in ("source", "target", "roles", "policies", "buckets"))
    assert refused(hosts, "bystander") == []


def test_pairs_with_their_own_roles_need_none_of_the_hosts() -> None:
    hosts = two_hosts(pair("aaa", "bbb", role=f"{ARN},{ARN}"))
    made = planned(hosts)
    assert made["source"] is True
    assert made["roles"] == made["policies"] == []
    assert made["target_roles"] == {}
    for variables in hosts.values():
        del variables["replication_iam"]
    assert refused(hosts) == refused(hosts, "there") == []


def test_existing_roles_are_not_managed() -> None:
    hosts = two_hosts(source_role_arn=ARN)
    del hosts["here"]["replication_iam"]
    made = planned(hosts)
    assert made["roles"] == made["policies"] == []
    assert made["source_role"]["arn"] == ARN
    assert refused(hosts) == []


def test_buckets_have_a_location_if_one_is_given() -> None:
    assert planned(two_hosts(location="paris"))["buckets"] == [
        {"name": "aaa", "versioning": "enabled", "location": "paris"}
    ]


@pytest.mark.parametrize("host", ["here", "there"])
@pytest.mark.parametrize("variable", ["replication_s3", "replication_iam"])
def test_missing_variables_of_the_inventory_are_named(host: str, variable: str) -> None:
    hosts = two_hosts()
    del hosts[host][variable]
    (sentence,) = refused(hosts)
    assert sentence.startswith(f"The inventory lacks {variable} of {host}: ")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"replication_target_host": "x"}, "here replicates to the host x, which is not in"),
        ({"replication_target_host": ""}, "source_bucket aaa in replication_pairs of here has no"),
        (
            {"replication_pairs": [pair("aaa", "bbb"), pair("aaa", "ccc")]},
            "The source bucket aaa is in several pairs of replication_pairs of here",
        ),
    ],
)
def test_errors_in_pairs_are_named(changes: dict[str, Any], sentence: str) -> None:
    hosts = two_hosts()
    hosts["here"] |= changes
    (found,) = refused(hosts)
    assert sentence in found


def test_a_source_without_pairs_is_an_error() -> None:
    hosts = two_hosts() | {"idle": source()}
    (found,) = refused(hosts, "idle")
    assert found.startswith("idle has replication_target_host, but no pair")


def test_an_inventory_without_any_pair_is_an_error() -> None:
    hosts = {"here": dict(HOST), "there": dict(HOST)}
    (found,) = refused(hosts)
    assert found.startswith("No host of the inventory has replication_pairs")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"source_role_name": "a b"}, "replication_source_role_name of here: The role name 'a b'"),
        ({"source_role_name": "a,b"}, "The role name 'a,b' has a comma"),
        ({"target_policy_name": "ä"}, "replication_target_policy_name of here: The policy name"),
        ({"source_role_arn": "role"}, "replication_source_role_arn of here: 'role' is not an ARN"),
        ({"pairs": [pair("Upper")]}, "source_bucket Upper in replication_pairs of here: The bucket name"),
        ({"pairs": [pair("aaa", "b_b")]}, "The bucket name 'b_b' is invalid"),
        ({"pairs": [pair(role="x")]}, "'x' is not an ARN"),
        ({"pairs": [pair(rules=[{"prefix": "x"}, {"prefix": "xy"}])]}, "The prefixes of rule"),
        ({"pairs": [pair(rules=[{"id": "x"}, {"id": "x"}])]}, "of the rules given have the id"),
        ({"pairs": [pair(rules=[{"enabled": True}])]}, "has neither an id nor a prefix"),
        (
            {"pairs": [pair(rules=[{"prefix": "", "sites": [{"name": "x"}]}])], "known_sites": {"y": "scality"}},
            "x",
        ),
    ],
)  # fmt: skip
def test_values_that_no_server_would_accept_are_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    hosts = two_hosts()
    hosts["here"] |= {f"replication_{name}": value for name, value in changes.items()}
    (found,) = refused(hosts)
    assert sentence in found
    assert refused(hosts, "there") == []


def test_a_rule_that_exists_already_may_be_named_by_its_id() -> None:
    assert refused(two_hosts(pair(rules=[{"id": "x", "enabled": False}]))) == []


@pytest.mark.parametrize("url", ["http://there", "http://THERE:80/", "https://there:80"])
def test_both_sides_are_the_same_environment(url: str) -> None:
    hosts = two_hosts(s3={"endpoint_url": url})
    (found,) = refused(hosts)
    assert found.startswith("here and its target there are the same environment")
    # Two accounts of one environment may replicate to each other.
    hosts["here"]["replication_s3"]["profile"] = "other"
    assert refused(hosts) == []


def test_a_host_that_replicates_to_itself() -> None:
    hosts = two_hosts()
    hosts["here"]["replication_target_host"] = "here"
    assert any("here and its target here are the same environment" in one for one in refused(hosts))


def test_two_hosts_with_one_source_bucket() -> None:
    hosts = two_hosts() | {"again": source(pair("aaa", "ccc"))}
    (found,) = refused(hosts, "again")
    assert "The source bucket aaa is in replication_pairs of again and of here" in found
    hosts["again"]["replication_s3"] = {"endpoint_url": "http://elsewhere"}
    assert refused(hosts, "again") == []


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (None, None, True),
        ([{"prefix": "x/"}], None, True),
        ([{"prefix": "x/"}], [{"prefix": "x/y/"}], True),
        ([{"prefix": "x/"}], [{"prefix": "y/"}], False),
        ([{"prefix": "x/"}], [{"prefix": "x/", "enabled": False}], False),
    ],
)
def test_overlapping_prefixes_in_one_target_bucket(one: Any, other: Any, shared: bool) -> None:
    hosts = two_hosts(pair("aaa", "bbb", rules=one))
    hosts["elsewhere"] = source(pair("ccc", "bbb", rules=other))
    for host in ("here", "elsewhere"):
        found = refused(hosts, host)
        assert len(found) == shared
        assert all("into bbb of there" in sentence for sentence in found)
        assert refusals(topology(hosts), host, hosts.keys(), to_set_up=False) == []
    hosts["here"]["replication_pairs"][0]["allow_shared_target"] = True
    assert len(refused(hosts)) == shared
    hosts["elsewhere"]["replication_pairs"][0]["allow_shared_target"] = True
    assert refused(hosts) == []
