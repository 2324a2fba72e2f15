# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From pairs of buckets to the lists that modules take."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.scality.backbeat.plugins.filter import pairs as module

FILTERS = module.FilterModule().filters()
SOURCE, TARGET = "arn:aws:iam::1:role/S", "arn:aws:iam::2:role/T"


def pair(source: str = "a", target: str = "t", **options: Any) -> dict[str, Any]:
    return {"source_bucket": source, "target_bucket": target, **options}


def rule(prefix: str | None = None, **options: Any) -> dict[str, Any]:
    return {**({} if prefix is None else {"prefix": prefix}), **options}


PAIRS = [pair("a", "t"), pair("b", "t", rules=[rule("x/", enabled=False), rule("y/")])]


@pytest.mark.parametrize(("side", "names"), [("source", ["a", "b"]), ("target", ["t"])])
def test_buckets_are_named_once(side: str, names: list[str]) -> None:
    buckets = FILTERS["pairs_to_buckets"](PAIRS, side)
    assert buckets == [{"name": name, "versioning": "enabled"} for name in names]


def test_buckets_have_a_location_where_one_is_given() -> None:
    assert FILTERS["pairs_to_buckets"]([pair()], "source", "paris") == [
        {"name": "a", "versioning": "enabled", "location": "paris"}
    ]


def test_replications() -> None:
    made = FILTERS["pairs_to_replications"](
        PAIRS, SOURCE, TARGET, True, {"paris": "scality"}, allow_pending_loss=True
    )
    shared = {
        "target_bucket": "t",
        "source_role": SOURCE,
        "target_role": TARGET,
        "purge_rules": True,
        "known_sites": {"paris": "scality"},
        "allow_pending_loss": True,
    }
    assert made == [
        {**shared, "bucket": "a", "rules": [{"prefix": ""}]},
        {**shared, "bucket": "b", "rules": PAIRS[1]["rules"]},
    ]


@pytest.mark.parametrize(
    ("options", "target_role", "roles"),
    [
        ({}, "", {"role": SOURCE}),
        ({"role": "x,y"}, TARGET, {"role": "x,y"}),
        ({"role": ""}, TARGET, {"source_role": SOURCE, "target_role": TARGET}),
    ],
)
def test_the_roles_of_a_replication(
    options: dict[str, Any], target_role: str, roles: dict[str, str]
) -> None:
    made = FILTERS["pairs_to_replications"]([pair(**options)], SOURCE, target_role)[0]
    assert {name: value for name, value in made.items() if "role" in name} == roles
    assert made.keys().isdisjoint({"purge_rules", "known_sites", "allow_pending_loss"})


def test_a_source_bucket_cannot_be_in_two_pairs() -> None:
    with pytest.raises(AnsibleFilterError, match="source bucket a is in several pairs"):
        FILTERS["pairs_to_replications"]([pair("a", "t"), pair("a", "u")], SOURCE, TARGET)


def test_removals_name_the_rules_that_a_pair_names() -> None:
    assert FILTERS["pairs_to_removals"](PAIRS) == [
        {"bucket": "a", "rules": None, "allow_pending_loss": False, "state": "absent"},
        {"bucket": "b", "rules": PAIRS[1]["rules"], "allow_pending_loss": False, "state": "absent"},
    ]


def test_absent_keeps_nothing_but_the_name() -> None:
    assert FILTERS["absent"]([{"name": "a", "versioning": "enabled"}]) == [
        {"name": "a", "state": "absent"}
    ]


@pytest.mark.parametrize(
    ("rules", "keys"),
    [
        (None, ["key"]),
        ([], ["key"]),
        ([rule("x/")], ["x/key"]),
        ([rule("x/"), rule("y/")], ["x/key"]),
        ([rule("x/", enabled=False), rule("y/", enabled=True)], ["y/key"]),
        ([rule("x/", enabled=False)], []),
        ([rule(id="only")], ["key"]),
    ],
)
def test_an_object_lies_under_the_first_rule_in_force(rules: Any, keys: list[str]) -> None:
    pairs = [pair(rules=rules)]
    assert FILTERS["pairs_to_objects"](pairs, "key") == [{"bucket": "a", "key": k} for k in keys]
    target = {"endpoint_url": "http://node6"}
    assert FILTERS["pairs_to_checks"](pairs, "key", target) == [
        {"bucket": "a", "key": k, "target": {"s3": target, "bucket": "t"}} for k in keys
    ]


@pytest.mark.parametrize(
    ("result", "arns"),
    [
        ({}, {}),
        ({"skipped": True}, {}),
        (
            {
                "results": [
                    {"iam_role": {"role_name": "S", "arn": SOURCE}},
                    {"iam_role": None},
                    {"failed": True},
                ]
            },
            {"S": SOURCE},
        ),
    ],
)
def test_arns_by_name(result: dict[str, Any], arns: dict[str, str]) -> None:
    assert FILTERS["role_arns"](result) == arns


@pytest.mark.parametrize("bad", [{"source_bucket": "a"}, pair(target=""), "a:b", None])
def test_a_pair_that_is_none_is_shown(bad: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="A pair of buckets needs target_bucket: "):
        FILTERS["pairs_to_buckets"]([bad], "target")
