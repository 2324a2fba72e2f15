# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers' rules for replication configurations, checked locally and against recorded responses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.scality.backbeat.plugins.module_utils._documents.names import (
    UNKNOWN_ACCOUNT,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Configuration,
    Rule,
    Site,
    from_api,
    to_api,
    validate,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    same,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import (
    InvalidDocument,
    UnsupportedConfiguration,
)

SOURCE = "arn:aws:iam::123456789012:role/S"
TARGET = "arn:aws:iam::678901234567:role/T"
BOTH = (SOURCE, TARGET)
SITES = {"node6": "scality", "us-east-2": "cloud", "aws-node6": "cloud"}
CLOUDS = {"us-east-2": "cloud"}

RECORDED: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[5] / "sandbox" / "data" / "put-bucket-replication.yml").read_text()
)
BY_NAME = {case["name"]: case for case in RECORDED}

NEEDS_THE_SERVER = {
    "source never versioned": "versioning is the bucket's",
    "source versioning suspended": "versioning is the bucket's",
    "bucket missing": "only the server knows its buckets",
    "bucket of another account": "only the server knows its owner",
}
STRICTER = {
    "Prefix with Priority and DeleteMarkerReplication": "servers drop these without an error",
}


def config(
    *rules: Rule, roles: tuple[str, ...] = BOTH, target: str = "target-bucket"
) -> Configuration:
    return Configuration(roles, target, rules)


def test_the_exceptions_are_recorded_cases() -> None:
    assert NEEDS_THE_SERVER.keys() | STRICTER.keys() <= BY_NAME.keys()
    assert all(BY_NAME[name]["answer"]["status"] != 200 for name in NEEDS_THE_SERVER)
    assert all(BY_NAME[name]["answer"]["status"] == 200 for name in STRICTER)


@pytest.mark.parametrize(
    "name", [name for name in BY_NAME if name not in {**NEEDS_THE_SERVER, **STRICTER}]
)
def test_the_recorded_responses_agree(name: str) -> None:
    case = BY_NAME[name]
    if case["answer"]["status"] == 200:
        configuration = from_api(case["configuration"])
        validate(configuration, SITES)
        validate(configuration)
        assert to_api(configuration) == case["configuration"]
        assert same(configuration, from_api(case["stored"]))
    else:
        with pytest.raises(InvalidDocument):
            validate(from_api(case["configuration"]), SITES)


@pytest.mark.parametrize("name", NEEDS_THE_SERVER)
def test_values_that_only_the_server_can_check_are_accepted(name: str) -> None:
    configuration = from_api(BY_NAME[name]["configuration"])
    validate(configuration, SITES)
    assert to_api(configuration) == BY_NAME[name]["configuration"]


@pytest.mark.parametrize("name", STRICTER)
def test_elements_that_servers_would_drop_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedConfiguration):
        from_api(BY_NAME[name]["configuration"])


VALID: dict[str, tuple[Configuration, dict[str, str] | None]] = {
    "two roles": (config(Rule("")), None),
    "one role": (config(Rule(""), roles=(SOURCE,)), None),
    "a role that is predicted": (
        config(Rule(""), roles=(SOURCE, f"arn:aws:iam::{UNKNOWN_ACCOUNT}:role/T")),
        SITES,
    ),
    "1000 rules": (config(*(Rule(f"{number:03d}") for number in range(1000))), None),
    "prefix of 1024": (config(Rule("x" * 1024)), None),
    "id of 255": (config(Rule("", id="x" * 255)), None),
    "many without id": (config(Rule("a"), Rule("b"), Rule("c", id="")), None),
    "prefixes that only begin alike": (config(Rule("ab"), Rule("aa"), Rule("ba")), None),
    "any site where none are known": (config(Rule("", sites=(Site("x"), Site("y", True)))), None),
    "known site": (config(Rule("", sites=(Site("node6"),))), SITES),
    "storage class": (config(Rule("", sites=(Site("STANDARD_IA"),))), SITES),
    "cloud site": (config(Rule("", sites=(Site("us-east-2", True),)), roles=(SOURCE,)), SITES),
    "cloud and Scality in two rules": (
        config(Rule("a", sites=(Site("us-east-2"),)), Rule("b", sites=(Site("node6"),))),
        SITES,
    ),
    "cloud site and the default one": (
        config(Rule("a", sites=(Site("us-east-2"),)), Rule("b")),
        SITES,
    ),
    "cloud by default": (config(Rule(""), roles=(SOURCE,)), CLOUDS),
    "storage class of a cloud": (
        config(Rule("", sites=(Site("STANDARD"),)), roles=(SOURCE,)),
        CLOUDS,
    ),
}


@pytest.mark.parametrize(("configuration", "known"), VALID.values(), ids=VALID)
def test_these_are_valid(configuration: Configuration, known: dict[str, str] | None) -> None:
    validate(configuration, known)
    assert same(from_api(to_api(configuration)), configuration)


INVALID: dict[str, tuple[Configuration, dict[str, str] | None, str]] = {
    "no rules": (config(), None, "would have no rules: give at least one"),
    "too many rules": (
        config(*(Rule(f"{number:04d}") for number in range(1001))),
        None,
        "has 1001 rules: use at most 1000",
    ),
    "long prefix": (
        config(Rule("a"), Rule("x" * 1025, id="r")),
        None,
        r"The prefix of rule 2 \(id 'r', prefix 'x*\.\.\.\) has 1025 characters: use at most 1024",
    ),
    "prefix of surrogate pairs": (config(Rule("😀" * 513)), None, "has 1026 characters"),
    "long id": (config(Rule("", id="x" * 256)), None, "The id of rule 1 .* has 256 characters"),
    "id twice": (
        config(Rule("a", id="r"), Rule("b"), Rule("c", id="r")),
        None,
        r"Rule 1 and rule 3 \(id 'r', prefix 'c'\) have the same id",
    ),
    "overlap": (
        config(Rule("b/c", id="r"), Rule("a"), Rule("b")),
        None,
        r"prefixes of rule 3 \(prefix 'b'\) and rule 1 \(id 'r', prefix 'b/c'\) overlap",
    ),
    "overlap with an empty one": (
        config(Rule("a"), Rule("")),
        None,
        "rule 2 .* and rule 1 .* overlap",
    ),
    "overlap of equals": (config(Rule("a"), Rule("a")), None, "rule 1 .* and rule 2 .* overlap"),
    "overlap of a disabled one": (
        config(Rule("a"), Rule("ab", enabled=False)),
        None,
        "overlap, and servers refuse that even for disabled rules",
    ),
    "target": (config(Rule(""), target="T"), None, "The bucket name 'T' has 1 characters"),
    "target is an ARN": (config(Rule(""), target="arn:aws:s3:::tgt"), None, "bucket name 'arn:aws"),
    "unknown site": (
        config(Rule("", id="r", sites=(Site("nope"),))),
        SITES,
        r"The site 'nope' of rule 1 \(id 'r', prefix ''\) is unknown: use node6, us-east-2, aws-node6",
    ),
    "empty site": (config(Rule("", sites=(Site(""),))), None, "The site '' of rule 1"),
    "blank in a site": (
        config(Rule("", sites=(Site("a"), Site(" b")))),
        None,
        "The site ' b' of rule 1",
    ),
    "comma in a site": (config(Rule("", sites=(Site("a,b"),))), None, "The site 'a,b' of rule 1"),
    "colon in a site": (config(Rule("", sites=(Site("a:b"),))), None, "The site 'a:b' of rule 1"),
    "two to prefer": (
        config(Rule("", sites=(Site("a", True), Site("b", True)))),
        None,
        "The sites a, b of rule 1 .* are all preferred for reading: choose one",
    ),
    "no role": (config(Rule(""), roles=()), None, "names 0 roles"),
    "three roles": (config(Rule(""), roles=(*BOTH, SOURCE)), None, "names 3 roles"),
    "blank beside the comma": (
        config(Rule(""), roles=(SOURCE, f" {TARGET}")),
        None,
        "is not an ARN",
    ),
    "blank before the comma": (
        config(Rule(""), roles=(f"{SOURCE} ", TARGET)),
        None,
        "role name 'S '",
    ),
    "user": (
        config(Rule(""), roles=(SOURCE, TARGET.replace("role/", "user/"))),
        None,
        "user/T' is not",
    ),
    "comma in a role": (config(Rule(""), roles=(f"{SOURCE},x", TARGET)), None, "has a comma"),
    "one role for the default site": (
        config(Rule(""), roles=(SOURCE,)),
        SITES,
        "needs exactly two",
    ),
    "one role for a Scality site": (
        config(Rule("", sites=(Site("us-east-2"), Site("node6"))), roles=(SOURCE,)),
        SITES,
        f"The role '{SOURCE}' names one role, but a Scality site needs exactly two",
    ),
    "two roles for a cloud": (
        config(Rule("", sites=(Site("us-east-2"),))),
        SITES,
        "names two roles, but cloud sites take exactly one",
    ),
    "two roles for a cloud by default": (config(Rule("")), CLOUDS, "cloud sites take exactly one"),
    "kind of site": (
        config(Rule("")),
        {"node6": "Scality"},
        "The known site 'node6' is of the kind 'Scality': use scality or cloud",
    ),
}


@pytest.mark.parametrize(("configuration", "known", "message"), INVALID.values(), ids=INVALID)
def test_these_are_invalid_and_the_message_has_the_reason(
    configuration: Configuration, known: dict[str, str] | None, message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        validate(configuration, known)


@pytest.mark.parametrize("text", ["a\r", "a\n", "\ta", "a\x00"])
@pytest.mark.parametrize("what", ["prefix", "id"])
def test_control_characters_are_refused(what: str, text: str) -> None:
    """XML would change them, so another rule than the requested one would be stored."""
    rule = Rule(prefix=text if what == "prefix" else "", id=text if what == "id" else "one")
    with pytest.raises(InvalidDocument, match=rf"The {what} of rule 1 .*non-printable character"):
        validate(config(rule), None)
