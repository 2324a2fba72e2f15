# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The validation of replication configurations, without HTTP, also against the recorded responses."""

from __future__ import annotations

import base64
import uuid
from typing import Any
from xml.sax.saxutils import escape

import pytest

from sandbox.messages import Refused
from sandbox.rules import (
    Configuration,
    Sites,
    check_versioning,
    parse_xml,
    read_configuration,
    valid_bucket_name,
)
from sandbox.settings import Settings
from sandbox.tests.helpers import RECORDED

KNOWN = Sites.of(Settings())
ROLES = "arn:aws:iam::123456789012:role/a,arn:aws:iam::678901234567:role/b"


def xml_of(value: Any, name: str = "ReplicationConfiguration") -> str:
    """The configuration of an API call as XML, without validation."""
    if isinstance(value, list):
        return "".join(xml_of(one, name) for one in value)
    if isinstance(value, dict):
        inner = "".join(xml_of(v, "Rule" if k == "Rules" else k) for k, v in value.items())
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def read(configuration: dict[str, Any], sites: Sites = KNOWN) -> Configuration:
    return read_configuration(xml_of(configuration).encode(), sites)


def rule(**changes: Any) -> dict[str, Any]:
    destination = {"Bucket": "arn:aws:s3:::target-bucket", **changes.pop("Destination", {})}
    return {"Prefix": "", "Status": "Enabled", "Destination": destination, **changes}


def refused(configuration: dict[str, Any], sites: Sites = KNOWN) -> tuple[int, str, str]:
    with pytest.raises(Refused) as caught:
        read(configuration, sites)
    return caught.value.status, caught.value.code, caught.value.message


def as_recorded(configuration: Configuration, sent: dict[str, Any]) -> dict[str, Any]:
    """The stored configuration in the form of the recordings."""
    rules = []
    for stored, given in zip(
        parse_xml(configuration.to_xml()).findall("Rule"), sent["Rules"], strict=True
    ):
        found = {child.tag: child.text or "" for child in stored if child.tag != "Destination"}
        destination = stored.find("Destination")
        assert destination is not None
        found["Destination"] = {child.tag: child.text or "" for child in destination}  # type: ignore[assignment]
        if not given.get("ID"):
            assert uuid.UUID(base64.b64decode(found["ID"]).decode()).version == 4
            found["ID"] = "<generated>"
        rules.append(found)
    return {"Role": configuration.role, "Rules": rules}


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_response_is_the_recorded_one(case: dict[str, Any]) -> None:
    if case.get("bucket") or case.get("caller"):
        read(case["configuration"])
        return
    try:
        configuration = read(case["configuration"])
        check_versioning(case["versioning"])
    except Refused as refusal:
        answer = {"status": refusal.status, "code": refusal.code, "message": refusal.message}
        assert answer == case["answer"]
        return
    assert case["answer"] == {"status": 200}
    assert as_recorded(configuration, case["configuration"]) == case["stored"]


def test_recorded_responses_exist() -> None:
    assert len(RECORDED) > 30


def test_generated_ids_are_unique() -> None:
    made = read({"Role": ROLES, "Rules": [rule(Prefix="a/"), rule(Prefix="b/", ID="")]}).rules
    assert len({one.id for one in made}) == 2
    assert {len(one.id) for one in made} == {48}


def test_more_than_a_thousand_rules_are_refused() -> None:
    rules = [rule(Prefix=f"{number:04}/") for number in range(1001)]
    assert len(read({"Role": ROLES, "Rules": rules[:1000]}).rules) == 1000
    assert refused({"Role": ROLES, "Rules": rules}) == (
        400,
        "InvalidRequest",
        "Number of defined replication rules cannot exceed 1000",
    )


@pytest.mark.parametrize(
    ("field", "longest", "code"),
    [("Prefix", 1024, "InvalidArgument"), ("ID", 255, "InvalidArgument")],
)
def test_too_long_prefix_or_id_is_refused(field: str, longest: int, code: str) -> None:
    read({"Role": ROLES, "Rules": [rule(**{field: "x" * longest})]})
    assert refused({"Role": ROLES, "Rules": [rule(**{field: "x" * (longest + 1)})]})[1] == code


@pytest.mark.parametrize("disabled", [0, 1])
def test_overlapping_prefixes_are_refused_even_if_one_rule_is_disabled(disabled: int) -> None:
    rules = [rule(Prefix="logs/2026"), rule(Prefix="logs/")]
    rules[disabled]["Status"] = "Disabled"
    assert refused({"Role": ROLES, "Rules": rules})[2] == (
        "Found overlapping prefixes 'logs/2026' and 'logs/'"
    )


@pytest.mark.parametrize(
    ("storage", "valid"),
    [
        ("node6:preferred_read", True),
        ("us-east-2:preferred_read,node6", True),
        ("us-east-2:preferred_read,node6:preferred_read", False),
        ("STANDARD_IA,REDUCED_REDUNDANCY", True),
        ("node6,", False),
        ("node6, us-east-2", False),
    ],
)
def test_storage_class_is_accepted_or_refused(storage: str, valid: bool) -> None:
    configuration = {"Role": ROLES, "Rules": [rule(Destination={"StorageClass": storage})]}
    if valid:
        assert read(configuration).rules[0].storage_class == storage
    else:
        assert refused(configuration)[1] == "MalformedXML"


def test_rule_without_a_site_is_validated_for_the_default_site() -> None:
    cloud = Sites({"us-east-2": "cloud"}, "us-east-2")
    assert refused({"Role": ROLES, "Rules": [rule()]}, cloud)[2].endswith("comma separator")
    assert read({"Role": ROLES.split(",")[0], "Rules": [rule()]}, cloud).rules


@pytest.mark.parametrize(
    "broken",
    [b"", b"not xml", b"<ReplicationConfiguration>", b"<Other><Rule/></Other>"],
)
def test_invalid_xml_is_refused(broken: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_configuration(broken, KNOWN)
    assert caught.value.code == "MalformedXML"


@pytest.mark.parametrize("missing", ["Role", "Destination", "Bucket", "Status"])
def test_missing_element_is_refused(missing: str) -> None:
    one = rule()
    configuration = {"Role": ROLES, "Rules": [one]}
    for place in (configuration, one, one["Destination"]):
        place.pop(missing, None)
    assert refused(configuration)[1] == "MalformedXML"


def test_rule_for_returns_the_enabled_rule_of_a_key() -> None:
    stored = read(
        {"Role": ROLES, "Rules": [rule(Prefix="a/", ID="a"), rule(Prefix="b/", Status="Disabled")]}
    )
    found = stored.rule_for("a/1")
    assert found is not None
    assert found.id == "a"
    assert stored.rule_for("b/1") is None
    assert stored.rule_for("c") is None


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("abc", True),
        ("a" * 63, True),
        ("with.dots-and-dashes0", True),
        ("ab", False),
        ("a" * 64, False),
        ("Upper", False),
        ("under_score", False),
        ("-dash", False),
        ("dash-", False),
        ("two..dots", False),
        ("192.168.0.1", False),
    ],
)
def test_bucket_name_is_valid_or_not(name: str, valid: bool) -> None:
    assert valid_bucket_name(name) is valid
