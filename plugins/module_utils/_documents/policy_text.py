# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy documents as text and as plain objects."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from .errors import InvalidDocument, quote


def parse(document: str | Mapping[str, Any]) -> dict[str, Any]:
    """The document as a plain object, for sending or splitting.

    InvalidDocument if the text is no JSON or names a key twice, if it is no object, or if its
    Statement is neither an object nor a list of objects. What the statements say is left to the
    server.
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
            "list with at least one and with nothing but objects."
        )
    return value


def load(text: str) -> Any:
    """What a JSON text stands for. InvalidDocument says where it is malformed."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except InvalidDocument:
        raise
    except json.JSONDecodeError as error:
        raise InvalidDocument(
            f"The policy document is no valid JSON: {error.msg} at line {error.lineno}, column "
            f"{error.colno}: correct it there."
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidDocument(
            f"The policy document cannot be read ({error}): simplify its nesting and its numbers."
        ) from error


def plain(value: Any) -> Any:
    """A copy made of what JSON knows and nothing else, or InvalidDocument.

    YAML reads an unquoted `Version: 2012-10-17` as a date, which is turned back into text.
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
        f"The policy document has a value of the type {type(value).__name__}, which JSON has no "
        f"form for: write {quote(value)} as text."
    )


def compact(document: str | Mapping[str, Any]) -> str:
    """The document as JSON without white space between its parts."""
    value = load(document) if isinstance(document, str) else plain(document)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def size(document: str | Mapping[str, Any]) -> int:
    """Its length in characters as IAM counts it, without the white space between its parts."""
    return len(compact(document))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidDocument(
            f"The policy document has the key {quote(twice)} twice in one object, and servers "
            "would use only one of them: merge the two."
        )
    return found


def _no_number(name: str) -> Any:
    raise InvalidDocument(
        f"The policy document has the value {name}, which JSON has no form for: remove it."
    )
