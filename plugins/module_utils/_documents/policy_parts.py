# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One policy as several documents, its parts: merges kept permissions, and splits documents over a server's limit.

Several inventories or pairs may share a policy. A generated one has a Resource list for many buckets. A task lists some
of these buckets; permissions on unlisted buckets stay, as unlisted replication rules do. A permission belongs to a
bucket if its Resource is the ARN of the bucket, or of objects in it, without a wildcard in the bucket's name.
Everything else in a stored document, such as a statement about `*` or one without a Resource, belongs to no unlisted
bucket: it is drift, and is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from .._work import InvalidDocument, quote
from . import policy
from .names import BUCKET_ARN

Document = dict[str, Any]
Statement = dict[str, Any]

Block = list[tuple[int, Statement]]
"""Statements, or pieces of them, each with its place in the whole document."""

_UNDERSTOOD = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Condition"),
    *("Action", "NotAction", "Resource", "NotResource"),
}


def keep_unlisted(wanted: Mapping[str, Any], stored: Iterable[Mapping[str, Any]]) -> Document:
    """`wanted` with the permissions on buckets that are only in `stored`, the parts of one policy.

    Kept resources come first, in their stored order, so that the parts of a split document stay the same.
    """
    statements = policy.statements(wanted)
    listed = set(buckets_of([wanted]))
    kept: dict[str, dict[str, None]] = {}
    shapes: dict[str, Statement] = {}
    for document in stored:
        for statement in policy.statements(document):
            resources = [one for one in _resources(statement) if _bucket(one) is not None]
            shape = _shape(statement)
            shapes.setdefault(shape, statement)
            kept.setdefault(shape, {}).update(dict.fromkeys(resources))
    merged = [
        _merged(statement, kept.pop(_shape(statement), {}), listed) for statement in statements
    ]
    for shape, stored_resources in kept.items():
        others = [one for one in stored_resources if _bucket(one) not in listed]
        if others:
            merged.append({**shapes[shape], "Resource": others})
    return {**wanted, "Statement": merged}


def remove_buckets(
    stored: Iterable[Mapping[str, Any]], buckets: Collection[str]
) -> Document | None:
    """The stored parts as one document without the permissions on these buckets; None if no bucket is left.

    Statements that belong to no bucket stay as long as one about another bucket does.
    """
    documents = list(stored)
    left: dict[str, Statement] = {}
    for document in documents:
        for statement in _without(policy.statements(document), buckets):
            joined = left.setdefault(_shape(statement), statement)
            resources = list(dict.fromkeys((*_resources(joined), *_resources(statement))))
            if resources != _resources(joined):
                left[_shape(statement)] = {**joined, "Resource": resources}
    remaining = list(left.values())
    belongs = any(_bucket(one) is not None for part in remaining for one in _resources(part))
    return {**documents[0], "Statement": remaining} if belongs else None


def buckets_of(documents: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the buckets in the documents' resources, each once, in order."""
    found = (
        _bucket(resource)
        for document in documents
        for statement in policy.statements(document)
        for resource in _resources(statement)
    )
    return list(dict.fromkeys(bucket for bucket in found if bucket is not None))


def _without(statements: Iterable[Statement], buckets: Collection[str]) -> Iterator[Statement]:
    for statement in statements:
        resources = _resources(statement)
        left = [one for one in resources if _bucket(one) not in buckets]
        if len(left) == len(resources):
            yield statement
        elif left:
            yield {**statement, "Resource": left}


def _merged(statement: Statement, stored: Iterable[str], listed: Collection[str]) -> Statement:
    requested = dict.fromkeys(_resources(statement))
    kept = [one for one in stored if one in requested or _bucket(one) not in listed]
    resources = list(dict.fromkeys((*kept, *requested)))
    return statement if resources == _resources(statement) else {**statement, "Resource": resources}


def _resources(statement: Mapping[str, Any]) -> list[str]:
    found = statement.get("Resource", [])
    values = found if isinstance(found, list) else [found]
    return [one for one in values if isinstance(one, str)]


def _bucket(resource: str) -> str | None:
    """The bucket of a Resource; None if there is none, or for a pattern of several."""
    if not resource.startswith(BUCKET_ARN):
        return None
    name = resource.removeprefix(BUCKET_ARN).partition("/")[0]
    return None if not name or any(mark in name for mark in "*?$") else name


def _shape(statement: Mapping[str, Any]) -> str:
    """A text that is equal for statements that differ only in their Resource."""
    others = {name: value for name, value in statement.items() if name not in ("Resource", "Sid")}
    kind = isinstance(statement.get("Resource"), (str, list))
    return policy.normal_form({"Statement": [{**others, "Resource": "*" if kind else None}]})


def split(document: str | Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """Documents of at most `limit` characters (see `size`) that together permit the same.

    A document within the limit is returned unchanged. A longer one is split between its statements, and a statement
    that is too long by its Resource list, then by its Action list: a permission for several resources or actions is a
    permission for each. NotResource and NotAction lists are never split: the parts would permit more. Raises
    InvalidDocument if a piece that cannot be split is over the limit.

    Statements about the same buckets are split together, bucket by bucket. So if a document is about one list of
    buckets, adding a bucket at the end changes only the last part, and removing one moves permissions to earlier parts
    only: if parts are written in order, no permission is ever missing. Inserting a bucket moves permissions to later
    parts.
    """
    whole = policy.parse(document)
    if policy.size(whole) <= limit:
        return [whole]
    statements = whole["Statement"]
    parts = _Parts(whole, limit)
    for block in _blocks(statements if isinstance(statements, list) else [statements]):
        parts.add(block)
    return [parts.document(part) for part in parts.blocks]


class _Parts:
    """Collects documents; only the last one is extended."""

    def __init__(self, whole: dict[str, Any], limit: int) -> None:
        self.whole = whole
        self.limit = limit
        self.blocks: list[Block] = []

    def document(self, block: Block) -> dict[str, Any]:
        return {**self.whole, "Statement": [statement for _number, statement in block]}

    def add(self, block: Block) -> None:
        """Add a block to the last document if there is room, else to a new one, else in smaller pieces."""
        joined = _joined(self.blocks[-1], block) if self.blocks else None
        if joined is not None and self._fits(joined):
            self.blocks[-1] = joined
        elif self._fits(block):
            self.blocks.append(block)
        else:
            for piece in self._pieces(block):
                self.add(piece)

    def _fits(self, block: Block) -> bool:
        # Called for each of thousands of buckets, and `size` would check the types of the same values again.
        return len(policy.compact_plain(self.document(block))) <= self.limit

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
            f"{self.limit} characters: a piece of it has {policy.size(self.document(block))}. Shorten the "
            "statement, or raise max_size if the server takes more."
        )


def _blocks(statements: list[Statement]) -> Iterator[Block]:
    """The statements, grouped if consecutive ones are about the same buckets and their objects."""
    for _subject, block in groupby(enumerate(statements), lambda piece: _subjects(*piece)):
        yield list(block)


def _subjects(number: int, statement: Statement) -> tuple[Any, ...]:
    resources = _list(statement, "Resource")
    if len(resources) < 2:
        return (number,)
    return tuple(resource.removesuffix("/*") for resource in resources)


def _list(statement: Statement, element: str) -> list[str]:
    """The values at which the statement can be split, or none."""
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
    """Both blocks as one, with pieces of a statement joined again; None if they do not match."""
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
