# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight has to look at for a host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.filter.preflight import FilterModule

plan_to_preflights = FilterModule().filters()["plan_to_preflights"]

HERE = {"endpoint_url": "http://node1"}
HERE_IAM = {"endpoint_url": "http://node1:8600"}
THERE = {
    "replication_s3": {"endpoint_url": "http://node6"},
    "replication_iam": {"endpoint_url": "http://node6:8600"},
}
ARN = "arn:aws:iam::123456789012:role/Source"
RULES = [{"id": "images", "prefix": "images/", "enabled": False}]


def plan(*pairs: dict[str, Any], source_arn: str = "", target_arn: str = "") -> dict[str, Any]:
    return {
        "outgoing": [{"source_bucket": "a", "target_bucket": "b", **pair} for pair in pairs],
        "source_role": {"name": "Source", "arn": source_arn},
        "target_role": {"name": "Target", "arn": target_arn},
    }


def test_a_pair_as_the_role_sets_it_up() -> None:
    assert plan_to_preflights(plan({}), HERE, HERE_IAM, THERE) == [
        {
            "source": {"bucket": "a", "role": "Source", "s3": HERE, "iam": HERE_IAM},
            "target": {
                "bucket": "b",
                "role": "Target",
                "s3": THERE["replication_s3"],
                "iam": THERE["replication_iam"],
            },
            "rules": [{"prefix": ""}],
            "known_sites": None,
        }
    ]


def test_several_pairs_with_rules() -> None:
    found = plan_to_preflights(
        plan({"rules": RULES}, {"source_bucket": "c"}), HERE, HERE_IAM, THERE, {"node6": "scality"}
    )
    assert [one["source"]["bucket"] for one in found] == ["a", "c"]
    assert [one["rules"] for one in found] == [RULES, [{"prefix": ""}]]
    assert found[0]["known_sites"] == {"node6": "scality"}


@pytest.mark.parametrize(
    ("options", "roles"),
    [
        ({}, ("Source", "Target")),
        ({"source_arn": ARN}, (ARN, "Target")),
        ({"target_arn": ARN}, ("Source", ARN)),
    ],
)
def test_roles_by_what_is_known(options: dict[str, str], roles: tuple[str, str]) -> None:
    (found,) = plan_to_preflights(plan({}, **options), HERE, HERE_IAM, THERE)
    assert (found["source"]["role"], found["target"]["role"]) == roles


@pytest.mark.parametrize(
    ("role", "roles"), [("x,y", ("x", "y")), ("x", ("x", None)), ("", ("Source", "Target"))]
)
def test_a_pair_with_roles_of_its_own(role: str, roles: tuple[str, str | None]) -> None:
    (found,) = plan_to_preflights(plan({"role": role}), HERE, HERE_IAM, THERE)
    assert (found["source"]["role"], found["target"]["role"]) == roles


def test_without_iam() -> None:
    (found,) = plan_to_preflights(plan({}), HERE, {}, {"replication_s3": HERE})
    assert (found["source"]["iam"], found["target"]["iam"]) == (None, None)
