# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses, measures and compares policy documents, including trust policies.

Treated as equal: any order of statements and values, a single value and a list of one, repeated
statements and values, action names in any case, an absent and an empty Sid, an absent and an empty
Condition, an absent Version and 2008-10-17 (its default), an account's id and the ARN of its root
as a principal, and in conditions numbers and booleans and their text.

Treated as different although AWS documents them as equal, because Scality's servers (according to their source)
distinguish them, and a false difference only costs one write: condition keys in another case, which never match, and
the principals "*" and {"AWS": "*"}, of which only the first matches a service such as Backbeat.

Unknown elements are compared as they are, and never dropped.
"""

from __future__ import annotations

import json
import math
import re
import string
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from .._work import InvalidDocument, quote

_DEFAULT_VERSION = "2008-10-17"
_ACCOUNT = re.compile(r"[0-9]{12}")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def parse(document: str | Mapping[str, Any]) -> dict[str, Any]:
    """Parse the document into plain JSON types, for sending or splitting.

    Raises InvalidDocument if the text is not JSON or repeats a key, if it is not an object, or if its Statement is
    neither an object nor a list of objects. The server validates the contents of the statements.
    """
    value = load(document) if isinstance(document, str) else plain(document)
    if not isinstance(value, dict):
        raise InvalidDocument(
            f"The policy document is {quote(value)}: give a JSON object with Version and Statement."
        )
    statement = value.get("Statement")
    statements = statement if isinstance(statement, list) else [statement]
    if not statements or not all(isinstance(one, dict) for one in statements):
        raise InvalidDocument(
            f"The Statement of the policy document is {quote(statement)}: give an object, or a "
            "non-empty list of objects."
        )
    return value


ELEMENTS = (
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
)


def validated(document: str | Mapping[str, Any]) -> dict[str, Any]:
    """Parse and validate the document. Raises InvalidDocument for what every server refuses: unknown elements, a wrong
    Effect.

    So check mode finds these too.
    """
    parsed = parse(document)
    found = parsed["Statement"]
    for number, statement in enumerate(found if isinstance(found, list) else [found], 1):
        unknown = [name for name in statement if name not in ELEMENTS]
        if unknown:
            raise InvalidDocument(
                f"Statement {number} of the policy document has the unknown element {quote(unknown[0])}: "
                f"use {', '.join(ELEMENTS)}."
            )
        if statement.get("Effect") not in ("Allow", "Deny"):
            effect = quote(statement.get("Effect"))
            raise InvalidDocument(
                f"The Effect of statement {number} of the policy document is {effect}: use Allow or Deny."
            )
    return parsed


def statements(document: str | Mapping[str, Any]) -> list[dict[str, Any]]:
    """The document's statements as a list; in documents, a single statement need not be in a list."""
    found = parse(document)["Statement"]
    return found if isinstance(found, list) else [found]


def load(text: str) -> Any:
    """Parse a JSON text. Raises InvalidDocument with the place of an error."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except InvalidDocument:
        raise
    except json.JSONDecodeError as error:
        raise InvalidDocument(
            f"The policy document is not valid JSON: {error.msg} at line {error.lineno}, column "
            f"{error.colno}: correct it there."
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidDocument(
            f"The policy document cannot be read ({error}): simplify its nesting and its numbers."
        ) from error


def plain(value: Any) -> Any:
    """A copy with only JSON types. Raises InvalidDocument for other types.

    YAML parses an unquoted `Version: 2012-10-17` as a date, which becomes text again.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _no_number(str(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise InvalidDocument(f"The policy document has the key {quote(key)}: quote it.")
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    raise InvalidDocument(
        f"The policy document has a value of the type {type(value).__name__}, which JSON "
        f"cannot represent: write {quote(value)} as text."
    )


def compact(document: str | Mapping[str, Any]) -> str:
    """The document as JSON without whitespace between its parts."""
    return compact_plain(load(document) if isinstance(document, str) else plain(document))


def compact_plain(value: Any) -> str:
    """As `compact`, for a value with only JSON types, as `parse` returns it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def size(document: str | Mapping[str, Any]) -> int:
    """The length in characters as IAM counts it, without whitespace between the parts."""
    return len(compact(document))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidDocument(
            f"The policy document has the key {quote(twice)} twice in one object, and servers "
            "would use only one of them: merge them."
        )
    return found


def _no_number(name: str) -> Any:
    raise InvalidDocument(
        f"The policy document has the value {name}, which JSON cannot represent: remove it."
    )


def equivalent(a: object, b: object) -> bool:
    """Whether two documents (JSON text or objects) are equivalent."""
    return normal_form(a) == normal_form(b)


def normal_form(document: object) -> str:
    """A text that is equal for equivalent documents, and different for all others.

    Malformed documents have one too, even text that is not JSON. Raises InvalidDocument only for objects that JSON
    cannot represent. The text is only for comparison.
    """
    if isinstance(document, str):
        try:
            document = load(document)
        except InvalidDocument:
            return _text(["text", document])
    return _text(_document(plain(document)))


# Every form is a list that begins with its kind, so that a known element never equals an unknown one.


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
    """The value as text.

    JSON has one kind of number, so 1.0 is 1, whose text is "1". The text "1.0" differs: string
    operators distinguish the two.
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
