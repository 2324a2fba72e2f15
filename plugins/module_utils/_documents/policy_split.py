# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dividing a policy document that is longer than a server takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from .errors import InvalidDocument, quote
from .policy import parse, size

Statement = dict[str, Any]
Block = list[tuple[int, Statement]]
"""Statements, or pieces of them, each with its place in the whole document."""

_UNDERSTOOD = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Condition"),
    *("Action", "NotAction", "Resource", "NotResource"),
}


def split(document: str | Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """Documents of at most `limit` characters (see `size`) that together permit what the one does.

    A document within the limit comes back as it is. A longer one is divided between its statements,
    and a statement that is too long by its Resource list, then by its Action list: a permission for
    some things is a permission for each. NotResource and NotAction lists are never divided, they
    would permit more. InvalidDocument if a piece that cannot be divided is over the limit.

    Statements about the same buckets are divided together, bucket by bucket. So where a document is
    about nothing but one list of buckets, a bucket added at its end leaves all documents but the
    last as they are, and one taken away moves permissions to earlier documents only: written in
    order, they never leave a moment without permission. One put in between moves permissions to
    later documents.
    """
    whole = parse(document)
    if size(whole) <= limit:
        return [whole]
    statements = whole["Statement"]
    parts = _Parts(whole, limit)
    for block in _blocks(statements if isinstance(statements, list) else [statements]):
        parts.add(block)
    return [parts.document(part) for part in parts.blocks]


class _Parts:
    """The documents so far; only the last one is added to."""

    def __init__(self, whole: dict[str, Any], limit: int) -> None:
        self.whole = whole
        self.limit = limit
        self.blocks: list[Block] = []

    def document(self, block: Block) -> dict[str, Any]:
        return {**self.whole, "Statement": [statement for _number, statement in block]}

    def add(self, block: Block) -> None:
        """Into the last document if there is room, else into a new one, else in smaller pieces."""
        joined = _joined(self.blocks[-1], block) if self.blocks else None
        if joined is not None and self._fits(joined):
            self.blocks[-1] = joined
        elif self._fits(block):
            self.blocks.append(block)
        else:
            for piece in self._pieces(block):
                self.add(piece)

    def _fits(self, block: Block) -> bool:
        return size(self.document(block)) <= self.limit

    def _pieces(self, block: Block) -> list[Block]:
        length = min(len(_list(statement, "Resource")) for _number, statement in block)
        if length > 1:
            return [[_only(piece, "Resource", place) for piece in block] for place in range(length)]
        if len(block) > 1:
            return [[piece] for piece in block]
        number, statement = block[0]
        actions = _list(statement, "Action")
        if len(actions) > 1:
            return [[_only(block[0], "Action", place)] for place in range(len(actions))]
        sid = f" (Sid {quote(statement['Sid'])})" if statement.get("Sid") else ""
        raise InvalidDocument(
            f"Statement {number + 1}{sid} of the policy document cannot be divided into pieces of "
            f"{self.limit} characters: a piece of it has {size(self.document(block))}. Shorten the "
            "statement, or raise the limit if the server takes more."
        )


def _blocks(statements: list[Statement]) -> Iterator[Block]:
    """The statements; those in a row about the same buckets and their objects stay together."""
    for _subject, block in groupby(enumerate(statements), lambda piece: _subjects(*piece)):
        yield list(block)


def _subjects(number: int, statement: Statement) -> tuple[Any, ...]:
    resources = _list(statement, "Resource")
    if len(resources) < 2:
        return (number,)
    return tuple(resource.removesuffix("/*") for resource in resources)


def _list(statement: Statement, element: str) -> list[str]:
    """The values that the statement can be divided by, or none."""
    values = statement.get(element)
    divisible = (
        isinstance(values, list)
        and all(isinstance(value, str) for value in values)
        and statement.get("Effect") in ("Allow", "Deny")
        and statement.keys() <= _UNDERSTOOD
    )
    return values if divisible and isinstance(values, list) else []


def _only(piece: tuple[int, Statement], element: str, place: int) -> tuple[int, Statement]:
    number, statement = piece
    return number, {**statement, element: [statement[element][place]]}


def _joined(block: Block, other: Block) -> Block | None:
    """Both blocks as one, pieces of a statement put together again; None if they do not match."""
    joined = dict(block)
    for number, statement in other:
        together = _together(joined[number], statement) if number in joined else statement
        if together is None:
            return None
        joined[number] = together
    return list(joined.items())


def _together(a: Statement, b: Statement) -> Statement | None:
    for element in ("Resource", "Action"):
        if isinstance(a.get(element), list) and {**a, element: b.get(element)} == b:
            return {**a, element: [*a[element], *b[element]]}
    return None
