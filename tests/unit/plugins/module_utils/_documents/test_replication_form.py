# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication configurations in the form of the S3 API and of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Configuration,
    Rule,
    Site,
    describe,
    from_api,
    join_roles,
    join_sites,
    split_roles,
    split_sites,
    to_api,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import (
    InvalidDocument,
    UnsupportedConfiguration,
)

SOURCE = "arn:aws:iam::123456789012:role/S"
TARGET = "arn:aws:iam::678901234567:role/T"
V1: dict[str, Any] = {
    "ID": "r",
    "Prefix": "p/",
    "Status": "Enabled",
    "Destination": {"Bucket": "arn:aws:s3:::tgt"},
}

FORMS: dict[str, tuple[dict[str, Any], Configuration]] = {
    "no id, no sites": (
        {
            "Role": f"{SOURCE},{TARGET}",
            "Rules": [
                {"Prefix": "", "Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::tgt"}}
            ],
        },
        Configuration((SOURCE, TARGET), "tgt", (Rule(""),)),
    ),
    "everything": (
        {
            "Role": SOURCE,
            "Rules": [
                {
                    "ID": "one",
                    "Prefix": "a/",
                    "Status": "Disabled",
                    "Destination": {
                        "Bucket": "arn:aws:s3:::tgt",
                        "StorageClass": "x,y:preferred_read",
                    },
                },
                {
                    "ID": "two",
                    "Prefix": "b/",
                    "Status": "Enabled",
                    "Destination": {"Bucket": "arn:aws:s3:::tgt", "StorageClass": "STANDARD"},
                },
            ],
        },
        Configuration(
            (SOURCE,),
            "tgt",
            (
                Rule("a/", enabled=False, id="one", sites=(Site("x"), Site("y", True))),
                Rule("b/", id="two", sites=(Site("STANDARD"),)),
            ),
        ),
    ),
}


@pytest.mark.parametrize(("payload", "configuration"), FORMS.values(), ids=FORMS)
def test_a_configuration_is_read_and_written(
    payload: dict[str, Any], configuration: Configuration
) -> None:
    assert from_api(payload) == configuration
    assert to_api(configuration) == payload


def test_the_guides_configuration() -> None:
    guide = json.loads(
        (Path(__file__).parent / "data" / "guide-replication-configuration.json").read_text()
    )
    read = from_api(guide)
    assert read.target_bucket == "target-bucket"
    assert read.rules == (Rule(prefix="", enabled=True, id=None, sites=()),)
    assert to_api(read) == guide


def test_an_empty_id_or_storage_class_is_none() -> None:
    destination = {**V1["Destination"], "StorageClass": ""}
    read = from_api({"Role": SOURCE, "Rules": [{**V1, "ID": "", "Destination": destination}]})
    assert read.rules == (Rule("p/"),)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"Filter": {"Prefix": ""}}, "The element Filter of rule 2 (id 'r')"),
        ({"Priority": 1}, "The element Priority of rule 2 (id 'r')"),
        ({"DeleteMarkerReplication": {}}, "The element DeleteMarkerReplication of rule 2"),
        ({"SourceSelectionCriteria": {}}, "The element SourceSelectionCriteria of rule 2"),
        ({"ID": None, "Filter": {}}, "The element Filter of rule 2 (prefix 'p/')"),
        (
            {"Destination": {"Bucket": "arn:aws:s3:::tgt", "Account": "1"}},
            "The element Account of the Destination of rule 2 (id 'r')",
        ),
        (
            {"Destination": {"Bucket": "arn:aws:s3:::other"}},
            "rule 2 (id 'r') has the Destination 'arn:aws:s3:::other' and another rule",
        ),
    ],
)
def test_a_configuration_beyond_v1_is_refused(change: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedConfiguration) as caught:
        from_api({"Role": SOURCE, "Rules": [{**V1, "ID": "first"}, {**V1, **change}]})
    assert named in str(caught.value)


def test_a_rule_without_prefix_is_refused() -> None:
    rule = {key: value for key, value in V1.items() if key != "Prefix"}
    with pytest.raises(UnsupportedConfiguration, match=r"rule 1 \(id 'r'\) has no Prefix"):
        from_api({"Role": SOURCE, "Rules": [rule]})


def test_an_unknown_element_of_the_whole_is_refused() -> None:
    with pytest.raises(UnsupportedConfiguration, match="The element Mood of the replication"):
        from_api({"Role": SOURCE, "Rules": [V1], "Mood": "good"})


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"Role": SOURCE, "Rules": []}, "has no rules"),
        ({"Role": SOURCE}, "has no rules"),
        ({"Rules": [V1]}, "has no Role"),
        ({"Role": "", "Rules": [V1]}, "has no Role"),
        (
            {"Role": SOURCE, "Rules": [{**V1, "Status": "enabled"}]},
            "has the Status 'enabled': use En",
        ),
        ({"Role": SOURCE, "Rules": [{**V1, "Status": None}]}, "has the Status None"),
        ({"Role": SOURCE, "Rules": [{**V1, "Destination": {}}]}, "has None as its target"),
        (
            {"Role": SOURCE, "Rules": [{"Prefix": "", "Status": "Enabled"}]},
            "has None as its target",
        ),
        (
            {"Role": SOURCE, "Rules": [{**V1, "Destination": {"Bucket": "tgt"}}]},
            "has 'tgt' as its target",
        ),
        (
            {"Role": SOURCE, "Rules": [{**V1, "Destination": {"Bucket": "arn:aws:s3:::T_T"}}]},
            "The bucket name 'T_T' is invalid",
        ),
    ],
)
def test_a_broken_configuration_is_an_error(payload: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDocument, match=message) as caught:
        from_api(payload)
    assert not isinstance(caught.value, UnsupportedConfiguration)


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("a", (Site("a"),)),
        ("a,b:preferred_read", (Site("a"), Site("b", True))),
        ("a:preferred_read,b", (Site("a", True), Site("b"))),
        ("a, b", (Site("a"), Site(" b"))),
        ("a,", (Site("a"), Site(""))),
    ],
)
def test_sites_and_storage_class(text: str, sites: tuple[Site, ...]) -> None:
    assert split_sites(text) == sites
    assert join_sites(sites) == text


@pytest.mark.parametrize(
    ("text", "roles"),
    [("a", ("a",)), ("a,b", ("a", "b")), ("a, b", ("a", " b")), ("a,", ("a", ""))],
)
def test_roles_and_role(text: str, roles: tuple[str, ...]) -> None:
    assert split_roles(text) == roles
    assert join_roles(roles) == text


def test_a_result_shows_everything() -> None:
    configuration = FORMS["everything"][1]
    assert describe(configuration) == {
        "role": SOURCE,
        "roles": [SOURCE],
        "target_bucket": "tgt",
        "rules": [
            {
                "id": "one",
                "prefix": "a/",
                "enabled": False,
                "sites": [
                    {"name": "x", "preferred_read": False},
                    {"name": "y", "preferred_read": True},
                ],
                "storage_class": "x,y:preferred_read",
            },
            {
                "id": "two",
                "prefix": "b/",
                "enabled": True,
                "sites": [{"name": "STANDARD", "preferred_read": False}],
                "storage_class": "STANDARD",
            },
        ],
    }


def test_a_result_has_none_for_missing_elements() -> None:
    shown = describe(Configuration((SOURCE, TARGET), "tgt", (Rule(""),)))
    assert shown["role"] == f"{SOURCE},{TARGET}"
    assert shown["rules"] == [
        {"id": None, "prefix": "", "enabled": True, "sites": [], "storage_class": None}
    ]
