# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and measuring policy documents."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents import policy
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

STATEMENT = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [STATEMENT]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (DOCUMENT, DOCUMENT),
        ('{"Statement": {"Effect": "Allow"}}', {"Statement": {"Effect": "Allow"}}),
        (
            ' \n{"Statement": [{}], "X": [1, null, true, 1.5]}',
            {"Statement": [{}], "X": [1, None, True, 1.5]},
        ),
        (OrderedDict(DOCUMENT), DOCUMENT),
        (
            MappingProxyType({"Statement": (MappingProxyType(STATEMENT),)}),
            {"Statement": [STATEMENT]},
        ),
        ({**DOCUMENT, "Version": date(2012, 10, 17)}, DOCUMENT),
    ],
)
def test_a_document_is_read(given: Any, expected: dict[str, Any]) -> None:
    assert policy.parse(given) == expected


def test_the_order_of_keys_is_kept() -> None:
    assert policy.compact(policy.parse('{"Statement": [{}], "A": 1, "0": 2}')) == (
        '{"Statement":[{}],"A":1,"0":2}'
    )


def test_the_parsed_document_is_a_copy() -> None:
    given: dict[str, Any] = {"Statement": [{"Action": ["a:b"]}]}
    policy.parse(given)["Statement"][0]["Action"].append("c:d")
    assert given == {"Statement": [{"Action": ["a:b"]}]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "is not valid JSON: Expecting value at line 1, column 1: correct it there"),
        ('{\n  "Statement": [}\n', "is not valid JSON: .* at line 2, column 17"),
        ('{"Statement": []} x', "is not valid JSON: Extra data at line 1, column 19"),
        ("[]", r"The policy document is \[\]: give a JSON object"),
        ('"text"', "The policy document is 'text': give a JSON object"),
        ("null", "The policy document is None: give a JSON object"),
        ({}, "The Statement of the policy document is None"),
        ({"Version": "2012-10-17"}, "The Statement of the policy document is None"),
        ({"Statement": []}, r"The Statement of the policy document is \[\]"),
        ({"Statement": "x"}, "The Statement of the policy document is 'x'"),
        ({"Statement": [{}, "x"]}, "The Statement of the policy document is"),
        (
            '{"Statement": [{"Sid": "", "Effect": "Allow", "Effect": "Deny"}]}',
            "has the key 'Effect' twice",
        ),
        ('{"a": NaN}', "has the value NaN"),
        ('{"a": -Infinity}', "has the value -Infinity"),
        ({"a": float("inf")}, "has the value inf"),
        ({"a": {1: 2}}, "has the key 1: quote it"),
        ({"a": {"x"}}, "has a value of the type set"),
        ({"a": b"x"}, "has a value of the type bytes"),
        ("[" * 100_000, "cannot be read .*simplify its nesting"),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read .*its numbers|Statement of the policy"),
    ],
)
def test_errors_in_a_document_are_reported(given: Any, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        policy.parse(given)


@pytest.mark.parametrize(
    ("document", "size"),
    [
        ({}, 2),
        ({"a": 1}, 7),
        ('{ "a" :\n [ 1, 2 ] }', 11),
        ({"a": "b c"}, 11),
        ({"a": "é😀"}, 10),
    ],
)
def test_the_size_is_in_characters_without_white_space(document: Any, size: int) -> None:
    assert policy.size(document) == size
    assert len(policy.compact(document)) == size
