# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter replication_plan, with the calls of the role: from inventory variables to plans and steps."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError, AnsibleUndefinedVariable

from .plans import (
    IAM,
    PAIR,
    S3,
    THERE_IAM,
    THERE_S3,
    HostVars,
    plan,
    replication_plan,
    step,
    two_hosts,
)

SOURCE_ROLE, TARGET_ROLE = "SourceRoleForS3Replication", "TargetRoleForS3Replication"
SOURCE_ARN = f"arn:aws:iam::123456789012:role/{SOURCE_ROLE}"
TARGET_ARN = f"arn:aws:iam::678901234567:role/{TARGET_ROLE}"
OTHER_ARN = "arn:aws:iam::777777777777:role/Other"


def created(name: str, arn: str) -> dict[str, Any]:
    return {"results": [{"iam_role": {"role_name": name, "arn": arn}}]}


def known_roles(hostvars: HostVars) -> HostVars:
    hostvars["node1"]["replication_roles_created"] = created(SOURCE_ROLE, SOURCE_ARN)
    hostvars["node6"]["replication_roles_created"] = created(TARGET_ROLE, TARGET_ARN)
    return hostvars


def test_a_host_is_refused_for_its_own_errors_and_blocked_by_those_of_others() -> None:
    hostvars = two_hosts(replication_verify="perhaps")
    sentence = "replication_verify of node1 is 'perhaps', but must be true or false."
    assert (plan(hostvars)["refused"], plan(hostvars)["blocked_by"]) == ([sentence], [])
    there = plan(hostvars, "node6")
    assert (there["refused"], there["blocked_by"]) == ([], ["node1"])


def test_an_error_of_a_target_outside_the_run_is_reported_for_its_source() -> None:
    hostvars = two_hosts()
    hostvars["node6"]["replication_location"] = ["a"]
    (sentence,) = plan(hostvars, hosts=["node1"])["refused"]
    assert sentence == "replication_location of node6 is a list, but must be text."
    assert plan(hostvars, hosts=["node1", "node6"])["refused"] == []


def test_an_error_of_an_unlinked_host_does_not_matter() -> None:
    hostvars = two_hosts()
    hostvars["other"] = {**hostvars["node1"], "replication_location": ["a"]}
    planned = plan(hostvars, hosts=["node1", "node6"])
    assert planned["refused"] == planned["blocked_by"] == []


def test_no_plan_is_made_while_variables_of_other_hosts_are_wrong() -> None:
    """An unknown target is reported when these can be read."""
    hostvars = two_hosts()
    hostvars["node1"]["replication_target_host"] = "node7"
    hostvars["other"] = {**two_hosts()["node1"], "replication_location": ["a"]}
    planned = plan(hostvars)
    assert (planned["refused"], planned["blocked_by"]) == ([], ["other"])
    del hostvars["other"]["replication_location"]
    sentence = "node1 replicates to the host node7, which is not in the inventory"
    assert any(sentence in one for one in plan(hostvars)["refused"])


def test_a_fact_contains_no_connection() -> None:
    hostvars = two_hosts(replication_s3={**S3, "access_key": "a", "secret_key": "hunter"})
    assert "hunter" not in str(plan(hostvars))


def test_variables_of_the_play_apply_to_all_hosts() -> None:
    """They are not in hostvars."""
    hostvars = two_hosts()
    variables = {**hostvars["node1"], "replication_target_role_name": "Shared"}
    planned = replication_plan(hostvars, "node1", variables)
    assert planned["target_roles"]["node6"]["name"] == "Shared"
    hostvars["node1"]["replication_target_role_name"] = "Own"
    assert plan(hostvars)["target_roles"]["node6"]["name"] == TARGET_ROLE


def test_roles_that_are_still_to_be_read() -> None:
    hostvars = two_hosts()
    assert step(hostvars, "unknown_roles") == [
        {"host": "node1", "name": SOURCE_ROLE},
        {"host": "node6", "name": TARGET_ROLE},
    ]
    hostvars["node1"]["replication_roles_read"] = [
        {"host": "node6", "iam_role": {"role_name": TARGET_ROLE, "arn": TARGET_ARN}}
    ]
    assert step(hostvars, "unknown_roles") == [{"host": "node1", "name": SOURCE_ROLE}]
    assert step(known_roles(hostvars), "unknown_roles") == []


def test_arns_of_the_inventory_are_not_read() -> None:
    hostvars = two_hosts(replication_source_role_arn=SOURCE_ARN)
    hostvars["node6"]["replication_target_role_arn"] = TARGET_ARN
    assert step(hostvars, "unknown_roles") == []
    (replication,) = step(hostvars, "replications")
    assert (replication["source_role"], replication["target_role"]) == (SOURCE_ARN, TARGET_ARN)


def test_policies_have_the_arns_of_roles_that_were_created() -> None:
    hostvars = two_hosts()
    assert step(hostvars, "policies")[0]["roles"] == [SOURCE_ROLE]
    assert step(known_roles(hostvars), "policies")[0]["roles"] == [SOURCE_ARN]


def test_a_task_that_was_skipped_or_failed_created_no_roles() -> None:
    hostvars = two_hosts(replication_roles_created={"skipped": True})
    hostvars["node6"]["replication_roles_created"] = {
        "results": [{"iam_role": None}, {"failed": True}]
    }
    assert len(step(hostvars, "unknown_roles")) == 2


def test_replications() -> None:
    own = f"{SOURCE_ARN},{TARGET_ARN}"
    rules = [{"prefix": "images/", "enabled": "no"}]
    hostvars = two_hosts(
        PAIR,
        {"source_bucket": "bucket-c", "target_bucket": "bucket-d", "rules": rules},
        {"source_bucket": "bucket-e", "target_bucket": "bucket-f", "role": own},
        replication_purge_rules="yes",
        replication_known_sites='{"paris": "scality"}',
        replication_allow_pending_loss="false",
    )
    shared = {"purge_rules": True, "known_sites": {"paris": "scality"}}
    roles = {"source_role": SOURCE_ARN, "target_role": TARGET_ARN}
    every, images = [{"prefix": ""}], [{"prefix": "images/", "enabled": False}]
    assert step(known_roles(hostvars), "replications") == [
        {"bucket": "bucket-a", "target_bucket": "bucket-b", "rules": every, **roles, **shared},
        {"bucket": "bucket-c", "target_bucket": "bucket-d", "rules": images, **roles, **shared},
        {"bucket": "bucket-e", "target_bucket": "bucket-f", "rules": every, "role": own, **shared},
    ]


@pytest.mark.parametrize("rules", [None, []])
def test_an_empty_list_of_rules_means_all_objects_in_every_step(rules: Any) -> None:
    """Teardown removes the rule that set-up creates."""
    hostvars = known_roles(two_hosts({**PAIR, "rules": rules}))
    for name in ("replications", "removals"):
        (one,) = step(hostvars, name)
        assert one["rules"] == [{"prefix": ""}], name


def test_options_with_default_values_are_left_out() -> None:
    (replication,) = step(known_roles(two_hosts()), "replications")
    assert replication.keys() == {"bucket", "target_bucket", "source_role", "target_role", "rules"}


@pytest.mark.parametrize("rules", [None, []])
def test_removals_have_the_rules_of_a_pair(rules: Any) -> None:
    named = [{"id": "a"}]
    hostvars = two_hosts(
        {**PAIR, "rules": rules},
        {"source_bucket": "bucket-c", "target_bucket": "bucket-d", "rules": named},
    )
    common = {
        "source_role": SOURCE_ROLE,
        "target_role": TARGET_ROLE,
        "state": "absent",
    }
    every = [{"prefix": ""}]
    assert step(hostvars, "removals") == [
        {"bucket": "bucket-a", "target_bucket": "bucket-b", "rules": every, **common},
        {"bucket": "bucket-c", "target_bucket": "bucket-d", "rules": named, **common},
    ]


def configuration(bucket: str, target_bucket: str, *roles: str) -> dict[str, Any]:
    """A result of backbeat_bucket_replication_info."""
    return {"replication": {"bucket": bucket, "target_bucket": target_bucket, "roles": list(roles)}}


def removed(hostvars: HostVars, left: Any = None, *others: dict[str, Any]) -> HostVars:
    """The variables after teardown removed the pair; `left`: the remaining part of its configuration."""
    hostvars["node1"] |= {
        "replication_plan": plan(hostvars),
        "replication_removed": {"results": [left or {"replication": None}]},
        "replication_configurations": {
            "results": [configuration("bucket-a", "bucket-b", SOURCE_ARN, TARGET_ARN), *others]
        },
    }
    return hostvars


def withdrawn(hostvars: HostVars, host: str = "node1") -> list[tuple[Any, ...]]:
    names = ("name", "source_buckets", "target_buckets", "roles")
    return [tuple(one[name] for name in names) for one in step(hostvars, "absent_policies", host)]


SOURCE_POLICY, TARGET_POLICY = "SourcePolicyForS3Replication", "TargetPolicyForS3Replication"


def test_teardown_of_unused_resources() -> None:
    hostvars = removed(two_hosts())
    assert step(hostvars, "absent_buckets") == [{"name": "bucket-a", "state": "absent"}]
    assert withdrawn(hostvars) == [(SOURCE_POLICY, ["bucket-a"], [], [SOURCE_ROLE])]
    assert withdrawn(hostvars, "node6") == [(TARGET_POLICY, [], ["bucket-b"], [TARGET_ROLE])]
    (role,) = step(hostvars, "absent_roles")
    assert role == {"name": SOURCE_ROLE, "managed_policies": [], "state": "absent"}
    hostvars["node1"]["replication_policies_removed"] = {"results": [{"policy": None}]}
    (role,) = step(hostvars, "absent_roles")
    assert role["managed_policies"] == [SOURCE_POLICY]


def test_teardown_while_a_configuration_of_the_pair_remains(capsys: Any) -> None:
    left = configuration("bucket-a", "bucket-b", SOURCE_ARN, TARGET_ARN)
    hostvars = removed(two_hosts(), left)
    for host in hostvars:
        assert withdrawn(hostvars, host) == []
        assert step(hostvars, "absent_roles", host) == []
    # With other roles, it needs none of these.
    hostvars = removed(two_hosts(), configuration("bucket-a", "bucket-b", OTHER_ARN, OTHER_ARN))
    for host in hostvars:
        assert len(withdrawn(hostvars, host)) == len(step(hostvars, "absent_roles", host)) == 1


def test_teardown_while_another_bucket_uses_the_role() -> None:
    other = configuration("bucket-x", "bucket-y", SOURCE_ARN, OTHER_ARN)
    hostvars = removed(two_hosts(), None, other)
    # Attached to a role that it may not be detached from, the policy stays.
    assert withdrawn(hostvars) == [(SOURCE_POLICY, ["bucket-a"], [], [])]
    assert step(hostvars, "absent_roles") == []


def test_preflights() -> None:
    hostvars = two_hosts(PAIR, replication_known_sites={"node6": "scality"})
    theirs = {"bucket": "bucket-b", "role": TARGET_ROLE, "s3": THERE_S3, "iam": THERE_IAM}
    assert step(hostvars, "preflights") == [
        {
            "source": {"bucket": "bucket-a", "role": SOURCE_ROLE, "s3": S3, "iam": IAM},
            "target": theirs,
            "rules": [{"prefix": ""}],
            "known_sites": {"node6": "scality"},
        }
    ]


@pytest.mark.parametrize(
    ("role", "roles"),
    [
        (f"{OTHER_ARN},{TARGET_ARN}", (OTHER_ARN, TARGET_ARN)),
        (OTHER_ARN, (OTHER_ARN, None)),
        ("", (SOURCE_ARN, TARGET_ARN)),
    ],
)
def test_roles_of_a_preflight(role: str, roles: tuple[str, str | None]) -> None:
    hostvars = two_hosts({**PAIR, "role": role}, replication_source_role_arn=SOURCE_ARN)
    hostvars["node6"] = {"replication_s3": THERE_S3, "replication_target_role_arn": TARGET_ARN}
    (preflight,) = step(hostvars, "preflights")
    assert (preflight["source"]["role"], preflight["target"]["role"]) == roles
    assert preflight["target"]["iam"] is None


@pytest.mark.parametrize(
    ("rules", "keys"),
    [
        (None, ["key"]),
        ([], ["key"]),
        ([{"prefix": "x/"}], ["x/key"]),
        ([{"prefix": "x/"}, {"prefix": "y/"}], ["x/key"]),
        ([{"prefix": "x/", "enabled": "no"}, {"prefix": "y/", "enabled": True}], ["y/key"]),
        ([{"prefix": "x/", "enabled": False}], []),
        ([{"id": "only"}], ["key"]),
    ],
)
def test_a_canary_has_the_prefix_of_the_first_enabled_rule(rules: Any, keys: list[str]) -> None:
    hostvars = two_hosts({**PAIR, "rules": rules}, replication_verify_key="key")
    target = {"s3": THERE_S3, "bucket": "bucket-b"}
    assert step(hostvars, "proofs") == [
        {"bucket": "bucket-a", "key": key, "target": target, "fresh": True} for key in keys
    ]
    assert plan(hostvars)["proof_keys"] == keys


def test_a_retention_is_overridden_on_request() -> None:
    hostvars = two_hosts(PAIR, replication_verify_despite_retention="yes")
    assert step(hostvars, "proofs")[0]["despite_retention"] is True


SECOND = [{"changed": False}, {"changed": True}]


@pytest.mark.parametrize(
    ("host", "result", "again"),
    [
        ("node1", {"replication_roles_created": {"changed": True, "results": []}}, [True, True]),
        (
            "node6",
            {"replication_policies_attached": {"changed": True, "results": []}},
            [True, True],
        ),
        (
            "node1",
            {"replication_policies_attached": {"changed": False, "results": []}},
            [False, False],
        ),
        ("node1", {"replication_configured": {"changed": True, "results": SECOND}}, [False, True]),
        (
            "node6",
            {"replication_buckets_created": {"changed": True, "results": SECOND}},
            [False, True],
        ),
        # Steps that this run did not check, or not completely.
        ("node6", {"replication_policies_attached": None}, [True, True]),
        ("node1", {"replication_configured": {"skipped": True, "changed": False}}, [True, True]),
        ("node6", {"replication_buckets_created": {"failed": True, "results": []}}, [True, True]),
        ("node6", {"replication_plan": None}, [True, True]),
    ],
)
def test_a_proof_is_renewed_after_changes_and_without_a_check(
    host: str, result: dict[str, Any], again: list[bool]
) -> None:
    hostvars = two_hosts(PAIR, {"source_bucket": "bucket-c", "target_bucket": "bucket-d"})
    for each in list(hostvars):
        hostvars[each]["replication_plan"] = plan(hostvars, each)
        for name in ("roles_created", "policies_attached", "buckets_created", "configured"):
            hostvars[each][f"replication_{name}"] = {"changed": False, "results": []}
    hostvars[host] |= result
    assert [one.get("fresh", False) for one in step(hostvars, "proofs")] == again


def test_several_targets_of_one_source() -> None:
    hostvars = two_hosts(
        PAIR,
        {"source_bucket": "bucket-c", "target_bucket": "bucket-c", "target_host": "node7"},
    )
    hostvars["node7"] = {
        "replication_s3": {"endpoint_url": "http://node7"},
        "replication_iam": {"endpoint_url": "http://node7:8600"},
        "replication_target_role_name": "Other",
        "replication_roles_created": created("Other", OTHER_ARN),
    }
    known_roles(hostvars)
    roles = [one["target_role"] for one in step(hostvars, "replications")]
    assert roles == [TARGET_ARN, OTHER_ARN]
    connections = [one["target"]["s3"]["endpoint_url"] for one in step(hostvars, "proofs")]
    assert connections == ["http://node6", "http://node7"]
    assert plan(hostvars, "node7")["buckets"] == [{"name": "bucket-c", "versioning": "enabled"}]
    assert plan(hostvars, "node6")["buckets"] == [{"name": "bucket-b", "versioning": "enabled"}]


class Undefined(dict[str, Any]):
    """Variables of a host, one of which uses hostvars, so that only this host can evaluate it."""

    def __init__(self, variables: dict[str, Any], name: str) -> None:
        super().__init__(variables)
        self.name = name

    def get(self, name: str, default: Any = None) -> Any:
        if name == self.name:
            raise AnsibleUndefinedVariable("'hostvars' is undefined")
        return super().get(name, default)


@pytest.mark.parametrize("name", ["replication_s3", "replication_iam", "replication_pairs"])
def test_a_variable_that_only_another_host_can_evaluate_counts_as_set(name: str) -> None:
    hostvars = two_hosts()
    hostvars["node2"] = {**two_hosts(PAIR)["node1"], "replication_s3": {"endpoint_url": "http://b"}}
    hostvars["node2"]["replication_pairs"] = [{**PAIR, "target_bucket": "bucket-x"}]
    hostvars["node2"] = Undefined(hostvars["node2"], name)
    assert plan(hostvars)["refused"] == plan(hostvars)["blocked_by"] == []
    hostvars["node6"] = Undefined(hostvars["node6"], name)
    assert plan(hostvars)["refused"] == []


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"proof": "new"}, "replicated"),
        ({"proof": "valid"}, "replicated"),
        ({"proof": "unverified"}, "valid, roles unverified"),
        ({"proof": "none", "object": {"replication_status": "FAILED"}}, "FAILED"),
        (None, ""),
    ],
)
def test_reports_have_the_proof_of_each_pair(result: dict[str, Any] | None, words: str) -> None:
    """Not whether it is new or of an earlier run: the page would change with each run."""
    hostvars = two_hosts(replication_verify_folder="")
    if result is not None:
        hostvars["node1"]["replication_proved"] = {"results": [result]}
    (pair,) = step(hostvars, "report_pairs")
    assert pair["proof"] == words


def test_reports_have_the_findings_of_each_pair() -> None:
    hostvars = two_hosts(PAIR, {"source_bucket": "bucket-c", "target_bucket": "bucket-d"})
    assert [one["findings"] for one in step(hostvars, "report_pairs")] == [[], []]
    found = [{"id": "target-versioning-off"}]
    hostvars["node1"]["replication_preflight_seen"] = {"results": [{"findings": found}]}
    assert [one["findings"] for one in step(hostvars, "report_pairs")] == [found, []]


def test_a_validation_evaluates_the_findings() -> None:
    hostvars = two_hosts()
    finding = {"id": "role-missing", "severity": "error", "drift": False, "what": "No."}
    hostvars["node1"]["replication_preflight_seen"] = {
        "results": [{"findings": [finding], "lines": ["error role-missing"]}]
    }
    quiet = {"results": [{"findings": [], "lines": []}]}
    assert step(hostvars, "validation")["failed"]
    hostvars["node1"]["replication_preflight_seen"] = quiet
    assert not step(hostvars, "validation")["failed"]


def test_endpoints_of_a_pair_are_tested_once_in_a_run() -> None:
    """A teardown tests both sides before it removes anything."""
    hostvars = two_hosts()
    (trial,) = step(hostvars, "trials")
    assert (trial["source"]["bucket"], trial["target"]["bucket"]) == ("bucket-a", "bucket-b")
    assert (trial["source"]["s3"]["endpoint_url"], trial["target"]["s3"]["endpoint_url"]) == (
        "http://node1",
        "http://node6",
    )
    assert (trial["source"]["iam"], trial["target"]["iam"]) == (IAM, THERE_IAM)
    hostvars["node1"]["replication_preflight_seen"] = {"results": [{"findings": []}]}
    assert step(hostvars, "trials") == []


@pytest.mark.parametrize("name", ["replication_s3", "replication_iam"])
@pytest.mark.parametrize("template", [True, False])
def test_endpoints_that_only_another_host_can_evaluate_are_not_tested(
    name: str, template: bool
) -> None:
    hostvars = two_hosts()
    hostvars["node6"] = (
        {**hostvars["node6"], name: {"endpoint_url": "{{ hostvars.x }}"}}
        if template
        else Undefined(hostvars["node6"], name)
    )
    assert step(hostvars, "trials") == []


def test_an_unknown_step() -> None:
    with pytest.raises(AnsibleFilterError, match="A plan has no step 'bucket'"):
        step(two_hosts(), "bucket")


def test_the_filter_loads_without_botocore() -> None:
    """It is loaded again for each host, and botocore takes longer than all plans."""
    code = (
        "import sys\n"
        "import ansible_collections.scality.backbeat.plugins.filter.replication_plan\n"
        "print([name for name in sys.modules if name.startswith('boto')])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
