# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pairs of policy documents are equivalent."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents import policy
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from .generated import PROFILE, documents, json_values, rewritten

BASE: dict[str, Any] = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"],
}
OTHER: dict[str, Any] = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}


def doc(*statements: Any, **elements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", **elements, "Statement": list(statements)}


def with_(**elements: Any) -> dict[str, Any]:
    return doc({**BASE, **elements})


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return with_(Condition={operator: {key: value}})


def trusting(principal: Any) -> dict[str, Any]:
    return doc({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


ROOT = "arn:aws:iam::123456789012:root"
USER = "arn:aws:iam::123456789012:user/u"

SAME: dict[str, tuple[Any, Any]] = {
    "text and object": (json.dumps(doc(BASE)), doc(BASE)),
    "white space": (json.dumps(doc(BASE), indent=7), json.dumps(doc(BASE))),
    "order of keys": (
        doc(BASE),
        {"Statement": [dict(reversed(BASE.items()))], "Version": "2012-10-17"},
    ),
    "order of statements": (doc(BASE, OTHER), doc(OTHER, BASE)),
    "order of actions": (doc(BASE), with_(Action=["s3:PutObject", "s3:GetObject"])),
    "order of resources": (doc(BASE), with_(Resource=["arn:aws:s3:::b/*", "arn:aws:s3:::a/*"])),
    "statement and list of one": ({"Statement": BASE}, {"Statement": [BASE]}),
    "action and list of one": (with_(Action="s3:*"), with_(Action=["s3:*"])),
    "resource and list of one": (with_(Resource="*"), with_(Resource=["*"])),
    "case of an action": (with_(Action="s3:getobject"), with_(Action="S3:GetObject")),
    "case of a NotAction": (with_(NotAction="IAM:*"), with_(NotAction="iam:*")),
    "actions equal but for case": (with_(Action=["s3:Get*", "S3:get*"]), with_(Action="s3:Get*")),
    "repeated statement": (doc(BASE, BASE), doc(BASE)),
    "statement repeated in other words": (doc(BASE, {**BASE, "Sid": ""}), doc(BASE)),
    "repeated resource": (with_(Resource=["*", "*"]), with_(Resource="*")),
    "empty Sid": (with_(Sid=""), doc(BASE)),
    "empty Condition": (with_(Condition={}), doc(BASE)),
    "default version": ({"Statement": BASE}, {"Statement": BASE, "Version": "2008-10-17"}),
    "account and root": (trusting({"AWS": "123456789012"}), trusting({"AWS": ROOT})),
    "account twice": (trusting({"AWS": ["123456789012", ROOT]}), trusting({"AWS": [ROOT]})),
    "order of principals": (trusting({"AWS": [ROOT, USER]}), trusting({"AWS": [USER, ROOT]})),
    "service and list of one": (
        trusting({"Service": "backbeat"}),
        trusting({"Service": ["backbeat"]}),
    ),
    "true as text": (
        when("Bool", "aws:SecureTransport", True),
        when("Bool", "aws:SecureTransport", "true"),
    ),
    "false as text": (
        when("Bool", "aws:SecureTransport", False),
        when("Bool", "aws:SecureTransport", "false"),
    ),
    "number as text": (
        when("NumericEquals", "s3:max-keys", 10),
        when("NumericEquals", "s3:max-keys", ["10"]),
    ),
    "1.5 as text": (when("NumericEquals", "k", 1.5), when("NumericEquals", "k", "1.5")),
    "1.0 is the number 1": (when("NumericEquals", "k", 1.0), when("NumericEquals", "k", 1)),
    "order of operands": (
        when("StringLike", "k", ["a", "b"]),
        when("StringLike", "k", ["b", "a", "a"]),
    ),
    "order of operators": (
        with_(Condition={"Bool": {"k": "true"}, "Null": {"l": "true", "m": "true"}}),
        with_(Condition={"Null": {"m": "true", "l": "true"}, "Bool": {"k": "true"}}),
    ),
    "equal but odd": (
        {"Statement": 7, "x": [None, {"y": 1}]},
        {"x": [None, {"y": 1}], "Statement": 7},
    ),
    "the same broken text": ("{", "{"),
}

DIFFERENT: dict[str, tuple[Any, Any]] = {
    "effect": (doc(BASE), with_(Effect="Deny")),
    "case of an effect": (doc(BASE), with_(Effect="allow")),
    "one action fewer": (doc(BASE), with_(Action="s3:GetObject")),
    "action that only looks alike": (with_(Action="s3:K"), with_(Action="s3:\N{KELVIN SIGN}")),
    "case of a resource": (with_(Resource="arn:aws:s3:::a/K"), with_(Resource="arn:aws:s3:::a/k")),
    "Action and NotAction": (
        doc(OTHER),
        doc({"Effect": "Deny", "NotAction": "s3:DeleteObject", "Resource": "*"}),
    ),
    "Resource and NotResource": (
        doc(OTHER),
        doc({"Effect": "Deny", "Action": "s3:DeleteObject", "NotResource": "*"}),
    ),
    "no resource and an empty list": (
        with_(Resource=[]),
        doc({k: v for k, v in BASE.items() if k != "Resource"}),
    ),
    "one statement fewer": (doc(BASE, OTHER), doc(BASE)),
    "no statements and none": ({"Statement": []}, {}),
    "another Sid": (with_(Sid="a"), with_(Sid="b")),
    "a Sid and none": (with_(Sid="a"), doc(BASE)),
    "case of a Sid": (with_(Sid="a"), with_(Sid="A")),
    "Sid null": (with_(Sid=None), doc(BASE)),
    "version": (doc(BASE), {"Statement": [BASE]}),
    "Id": (doc(BASE, Id="a"), doc(BASE)),
    "unknown element of the document": (doc(BASE, Mood="good"), doc(BASE)),
    "unknown element of a statement": (with_(Mood="good"), doc(BASE)),
    "value of an unknown element": (with_(Mood="good"), with_(Mood=["good"])),
    "order in an unknown element": (doc(BASE, Mood=[1, 2]), doc(BASE, Mood=[2, 1])),
    "condition that is none": (with_(Condition=["x"]), with_(Condition="x")),
    "tests that are none": (with_(Condition={"Bool": ["k"]}), with_(Condition={"Bool": "k"})),
    "type in an unknown element": (with_(Mood=1), with_(Mood=True)),
    "case of an element's name": (with_(sid=""), doc(BASE)),
    "principal": (trusting({"Service": "backbeat"}), trusting({"Service": "other"})),
    "case of a service": (trusting({"Service": "backbeat"}), trusting({"Service": "Backbeat"})),
    "kind of principal": (trusting({"Service": "x"}), trusting({"Federated": "x"})),
    "one kind more": (trusting({"Service": "x"}), trusting({"Service": "x", "AWS": "*"})),
    "all principals, services too, and all accounts": (trusting("*"), trusting({"AWS": "*"})),
    "account of a Federated": (
        trusting({"Federated": "123456789012"}),
        trusting({"Federated": ROOT}),
    ),
    "account and user": (trusting({"AWS": "123456789012"}), trusting({"AWS": USER})),
    "account of 11 digits": (
        trusting({"AWS": "12345678901"}),
        trusting({"AWS": "arn:aws:iam::12345678901:root"}),
    ),
    "account as a number": (trusting({"AWS": 123456789012}), trusting({"AWS": "123456789012"})),
    "1.5 and 2.5": (when("NumericEquals", "k", 1.5), when("NumericEquals", "k", 2.5)),
    "1.5 and 2.5 as text": (when("NumericEquals", "k", "1.5"), when("NumericEquals", "k", "2.5")),
    "1 and the text 1.0": (when("StringEquals", "k", 1), when("StringEquals", "k", "1.0")),
    "1 and true": (when("StringEquals", "k", 1), when("StringEquals", "k", True)),
    "large numbers": (when("NumericEquals", "k", 2**60), when("NumericEquals", "k", 2**60 + 1)),
    "case of a value": (when("StringEquals", "k", "A"), when("StringEquals", "k", "a")),
    "true in another case": (when("Bool", "k", True), when("Bool", "k", "True")),
    "condition key": (when("Bool", "aws:a", True), when("Bool", "aws:b", True)),
    "case of a condition key": (
        when("IpAddress", "aws:SourceIp", "::1"),
        when("IpAddress", "aws:sourceip", "::1"),
    ),
    "case of an operator": (when("Bool", "k", True), when("bool", "k", True)),
    "operator": (when("StringEquals", "k", "a"), when("StringLike", "k", "a")),
    "a condition and none": (when("StringEquals", "k", "a"), doc(BASE)),
    "an operator without keys": (with_(Condition={"Bool": {}}), doc(BASE)),
    "no operand and none": (when("Bool", "k", []), with_(Condition={"Bool": {}})),
    "operand null": (when("Null", "k", None), when("Null", "k", "None")),
    "action that is no text": (with_(Action=1), with_(Action="1")),
    "list in a list": (with_(Action=[["a:b"]]), with_(Action=["a:b"])),
    "form and what looks like it": (with_(Action="a:b"), with_(Action=["any order", ["a:b"]])),
    "statement that is none": (doc(BASE, "x"), doc(BASE)),
    "odd documents": ({"Statement": 7}, {"Statement": "7"}),
    "numbers of unknown use": ([1], [True]),
    "a list and an object": ([], {}),
    "broken texts": ("{", "["),
    "broken text and its text in JSON": ("{", '"{"'),
    "a key twice": ('{"a": 1, "a": 2}', '{"a": 2}'),
}


@pytest.mark.parametrize(("a", "b"), SAME.values(), ids=SAME)
def test_these_mean_the_same(a: Any, b: Any) -> None:
    assert policy.normal_form(a) == policy.normal_form(b)
    assert policy.equivalent(a, b)


@pytest.mark.parametrize(("a", "b"), DIFFERENT.values(), ids=DIFFERENT)
def test_these_do_not(a: Any, b: Any) -> None:
    assert policy.normal_form(a) != policy.normal_form(b)
    assert not policy.equivalent(a, b)
    assert policy.equivalent(a, a)
    assert policy.equivalent(b, b)


def test_values_that_json_cannot_represent_are_an_error() -> None:
    with pytest.raises(InvalidDocument, match="a value of the type object"):
        policy.normal_form({"Statement": [object()]})


@settings(PROFILE)
@given(documents(), st.randoms(use_true_random=False))
def test_rewriting_keeps_the_meaning(document: dict[str, Any], chance: random.Random) -> None:
    other = rewritten(document, chance)
    assert policy.equivalent(document, other)
    assert policy.equivalent(other, json.dumps(document))


@settings(PROFILE)
@given(documents(), st.data())
def test_a_changed_text_changes_the_meaning(document: dict[str, Any], data: st.DataObject) -> None:
    statement = data.draw(st.sampled_from(document["Statement"]))
    element = data.draw(st.sampled_from(sorted(statement)))
    before = policy.normal_form(document)
    if isinstance(statement[element], dict):
        statement[element]["added"] = {"k": "added"} if element == "Condition" else "added"
    elif isinstance(statement[element], list):
        statement[element].append("added")
    else:
        statement[element] += "-added"
    others = [one for one in document["Statement"] if one is not statement]
    assert policy.normal_form(document) != before or statement in others


@settings(PROFILE)
@given(json_values(), json_values())
def test_odd_documents_are_equal_only_if_they_are(a: Any, b: Any) -> None:
    assert policy.equivalent(a, a)
    assert policy.equivalent(a, b) is policy.equivalent(b, a)
    if policy.equivalent(json.dumps([a]), json.dumps([b])):
        assert json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
