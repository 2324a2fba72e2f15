# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two policy documents mean the same.

Treated as equal: any order of statements and values, a single value and a list of one, repeated
statements and values, action names in any case, an absent and an empty Sid, an absent and an empty
Condition, an absent Version and 2008-10-17 (its default), an account's id and the ARN of its root
as a principal, and in conditions numbers and booleans and their text.

Kept apart although AWS documents them as equal, because the evaluation in Scality's servers (read
in their source) tells them apart, and a difference that is only imagined costs no more than one
write: condition keys in another case, which are never found, and the principals "*" and {"AWS":
"*"}, of which only the first lets a service such as Backbeat in.

What is not understood is compared as it is, and never dropped.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Iterable
from typing import Any

from .errors import InvalidDocument
from .policy_text import load, plain

_DEFAULT_VERSION = "2008-10-17"
_ACCOUNT = re.compile(r"[0-9]{12}")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def equivalent(a: object, b: object) -> bool:
    """Whether two documents, each JSON text or an object, mean the same."""
    return normal_form(a) == normal_form(b)


def normal_form(document: object) -> str:
    """A text that is equal for documents that mean the same, and different for all others.

    Odd documents have one too, down to text that is no JSON. InvalidDocument only for objects that
    have no form in JSON. The text is for comparing and nothing else.
    """
    if isinstance(document, str):
        try:
            document = load(document)
        except InvalidDocument:
            return _text(["text", document])
    return _text(_document(plain(document)))


# Every form is a list whose first item says what it is, so that nothing that was understood can
# be taken for something that was not.


def _as_is(value: Any) -> Any:
    return ["as is", value]


def _any_order(forms: Iterable[Any]) -> Any:
    by_text = {_text(form): form for form in forms}
    return ["any order", [by_text[text] for text in sorted(by_text)]]


def _document(value: Any) -> Any:
    if not isinstance(value, dict):
        return _as_is(value)
    elements = {"Version": _DEFAULT_VERSION, **value}
    return [
        "document",
        {
            name: _statements(element) if name == "Statement" else _as_is(element)
            for name, element in elements.items()
        },
    ]


def _statements(value: Any) -> Any:
    statements = [value] if isinstance(value, dict) else value
    if not isinstance(statements, list):
        return _as_is(value)
    return _any_order(map(_statement, statements))


def _statement(value: Any) -> Any:
    if not isinstance(value, dict):
        return _as_is(value)
    return [
        "statement",
        {
            name: _ELEMENTS.get(name, _as_is)(element)
            for name, element in value.items()
            if not (name == "Sid" and element == "") and not (name == "Condition" and element == {})
        },
    ]


def _actions(value: Any) -> Any:
    return _values(value, lambda action: action.translate(_LOWER))


def _values(value: Any, form: Callable[[str], str] = str) -> Any:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in values):
        return _as_is(value)
    return _any_order(map(form, values))


def _principal(value: Any) -> Any:
    if not isinstance(value, dict):
        return _as_is(value)
    return [
        "principal",
        {kind: _values(who, _account if kind == "AWS" else str) for kind, who in value.items()},
    ]


def _account(principal: str) -> str:
    return f"arn:aws:iam::{principal}:root" if _ACCOUNT.fullmatch(principal) else principal


def _condition(value: Any) -> Any:
    if not isinstance(value, dict):
        return _as_is(value)
    return ["condition", {operator: _tests(tests) for operator, tests in value.items()}]


def _tests(value: Any) -> Any:
    if not isinstance(value, dict):
        return _as_is(value)
    return ["tests", {key: _operands(operands) for key, operands in value.items()}]


def _operands(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, (str, bool, int, float)) for one in values):
        return _as_is(value)
    return _any_order(map(_operand, values))


def _operand(value: str | bool | int | float) -> str:
    """The text that stands for the value.

    JSON has one kind of number, so 1.0 is 1, whose text is "1". The text "1.0" is another one: to
    the operators for strings it is not the same.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _text(form: Any) -> str:
    return json.dumps(form, sort_keys=True, separators=(",", ":"))


_ELEMENTS: dict[str, Callable[[Any], Any]] = {
    "Action": _actions,
    "NotAction": _actions,
    "Resource": _values,
    "NotResource": _values,
    "Principal": _principal,
    "NotPrincipal": _principal,
    "Condition": _condition,
}
