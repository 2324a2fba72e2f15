# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes data as YAML for an inventory, in which no text is ever evaluated as a template."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._work import InvalidDocument, quote

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# YAML 1.1 parses these as booleans and as null.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def inventory_yaml(value: Any) -> str:
    """`value`, made of dictionaries, lists, text, numbers, booleans and None, as block-style YAML.

    Text with a brace, with which every template begins, is tagged `!unsafe`: Ansible never evaluates it. Raises
    InvalidDocument for other types.
    """
    return "\n".join(_lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for name, one in value.items():
            yield from _entry(f"{_key(name)}:", one, "  ")
    elif isinstance(value, (list, tuple)) and value:
        for one in value:
            yield from _item(one)
    else:
        yield _scalar(value)


def _entry(name: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)) and value:
        yield name
        for line in _lines(value):
            yield f"{indent}{line}"
    else:
        yield f"{name} {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    for place, line in enumerate(_lines(value)):
        yield f"{'  ' if place else '- '}{line}"


def _key(name: Any) -> str:
    """A key without a tag: keys cannot be tagged as unsafe, and Ansible does not evaluate them as templates."""
    if not isinstance(name, str):
        raise InvalidDocument(f"{quote(name)} cannot be a key in an inventory: use text.")
    return _text(name)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, str):
        return f"!unsafe {_text(value)}" if "{" in value else _text(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    raise InvalidDocument(f"{quote(value)} cannot be written to an inventory.")


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return str(value)
    return f'"{"".join(map(_character, value))}"'


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
