# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs that name their site, or further targets on other sites: what is compared, retried, sent again and shown."""

from __future__ import annotations

from typing import Any

import pytest

from .plans import PAIR, HostVars, plan, step, two_hosts

AWS_S3 = {"endpoint_url": "http://aws"}
NODE7_S3 = {"endpoint_url": "http://node7"}
FURTHER = [
    {"target_host": "node7", "site": "seven"},
    {"target_host": "aws", "site": "west", "target_bucket": "cloud", "target_prefix": "bucket-a/"},
]
SITES = {"six": "scality", "seven": "scality", "west": "cloud"}
OTHER = {"source_bucket": "bucket-c", "target_bucket": "bucket-d"}


def sites(**variables: Any) -> HostVars:
    """One pair with two further targets, and one without a site."""
    pair = {**PAIR, "site": "six", "further_targets": FURTHER}
    given = {"replication_known_sites": SITES, **variables}
    hosts = {"node7": {"replication_s3": NODE7_S3}, "aws": {"replication_s3": AWS_S3}}
    return {**two_hosts(pair, OTHER, **given), **hosts}


def names(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["target"]["name"], one["target"]["bucket"]) for one in found]


ALL = [("node6", "bucket-b"), ("node6", "bucket-d"), ("node7", "bucket-b"), ("aws", "cloud")]


def test_all_targets_are_compared_each_with_its_site() -> None:
    found = step(sites(replication_backbeat_url="http://b"), "verifications")
    assert names(found) == ALL
    own = ("site", "cloud", "target_prefix", "backbeat_url")
    assert [{name: one[name] for name in own if name in one} for one in found] == [
        {"site": "six", "backbeat_url": "http://b"},
        {"backbeat_url": "http://b"},
        {"site": "seven", "backbeat_url": "http://b"},
        {"site": "west", "cloud": True, "target_prefix": "bucket-a/", "backbeat_url": "http://b"},
    ]
    assert [one["target"]["s3"]["endpoint_url"] for one in found[2:]] == [
        "http://node7",
        "http://aws",
    ]


def test_each_comparison_has_its_own_files() -> None:
    found = step(sites(replication_verify_folder="/reports"), "verifications")
    assert len({one["report_file"] for one in found}) == len(found)
    assert found[3]["report_file"] == "/reports/node1__bucket-a__aws__cloud.report.json"


def test_backfills_skip_clouds_with_a_message() -> None:
    found = step(sites(), "backfills")
    assert names(found) == ALL[:3]
    assert [one.get("site") for one in found] == ["six", None, "seven"]
    assert not any("cloud" in one for one in found)
    (sentence,) = step(sites(), "unsent")
    assert sentence.startswith("bucket-a to cloud of aws: nothing is sent again to a cloud")


def test_retries_read_the_failures_of_each_site() -> None:
    found = step(sites(), "retries")
    assert [(one["name"], one["sites"]) for one in found] == [
        ("bucket-a", ["six"]),
        ("bucket-c", list(SITES)),
        ("bucket-a to bucket-b of node7", ["seven"]),
        ("bucket-a to cloud of aws", ["west"]),
    ]
    # Its versions have other ids, so they do not show which versions the source may send.
    assert [one["target"] is None for one in found] == [False, False, False, True]


def test_ranges_and_parts_are_those_of_every_comparison() -> None:
    hostvars = sites(replication_verify_folder="/reports", replication_verify_workers=["w"])
    one = {"ranges": [{"number": 0, "after": "", "until": None}]}
    hostvars["node1"]["replication_verify_plans"] = [one] * 4
    found = step(hostvars, "ranges")
    assert [
        (one["target"]["name"], one["site"], one["cloud"], one["target_prefix"]) for one in found
    ] == [
        ("node6", "six", False, ""),
        ("node6", None, False, ""),
        ("node7", "seven", False, ""),
        ("aws", "west", True, "bucket-a/"),
    ]
    assert len(step(hostvars, "divisions")) == len(step(hostvars, "parts")) == 4


def test_reports_show_every_target_with_its_site() -> None:
    found = step(sites(), "report_pairs")
    assert [(one["target"], one["sites"]) for one in found] == [
        ("node6", ["six"]),
        ("node6", []),
        ("node7", ["seven"]),
        ("aws", ["west"]),
    ]


def test_a_further_target_is_not_set_up() -> None:
    with_it, without = plan(sites()), plan(two_hosts(PAIR, OTHER))
    for name in ("targets", "roles", "buckets", "proof_keys"):
        assert with_it[name] == without[name]


@pytest.mark.parametrize("way", ["target", "rule"])
def test_the_source_role_may_read_tags_for_a_cloud(way: str) -> None:
    hostvars = sites()
    if way == "rule":
        rules = [{"prefix": "", "sites": [{"name": "six"}, {"name": "west"}]}]
        hostvars["node1"]["replication_pairs"][0] = {**PAIR, "rules": rules}
    (policy,) = plan(hostvars)["policies"]
    assert policy["cloud_targets"]
    (policy,) = plan(two_hosts(PAIR, OTHER))["policies"]
    assert "cloud_targets" not in policy
    (removed,) = step(hostvars, "absent_policies")
    assert removed["cloud_targets"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"site": "five"}, "its site five is none of known sites (seven, six, west)"),
        (
            {"rules": [{"prefix": "", "sites": [{"name": "west"}]}]},
            "its site six is none of the sites of its rules (west)",
        ),
        ({"site": ""}, "with further_targets, the pair and each further target need a site"),
        ({"target_prefix": "a/"}, "target_prefix is set for node6, which is not a cloud"),
        (
            {"further_targets": [{"target_host": "node6", "site": "six"}]},
            "the bucket bucket-b of node6 is named as a target more than once",
        ),
        (
            {"further_targets": [{"target_host": "node7", "site": "seven", "target_bucket": "B"}]},
            "B",
        ),
        (
            {"further_targets": [{"target_host": "nowhere", "site": "seven"}]},
            "node1 replicates to the host nowhere, which is not in the inventory",
        ),
    ],
)
def test_errors_in_sites_are_reported(changes: dict[str, Any], sentence: str) -> None:
    hostvars = sites()
    hostvars["node1"]["replication_pairs"][0] |= changes
    refused = plan(hostvars)["refused"]
    assert any(sentence in one for one in refused), refused


def test_a_further_target_needs_a_connection() -> None:
    hostvars = sites()
    del hostvars["aws"]["replication_s3"]
    (sentence,) = plan(hostvars)["refused"]
    assert sentence.startswith("The inventory lacks replication_s3 of aws: ")
