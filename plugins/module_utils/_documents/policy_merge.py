# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that several inventories or pairs share: what stays when one of them sets or removes its buckets.

A generated policy has one Resource list for many buckets. A task lists some of these buckets; permissions on unlisted
buckets stay, as unlisted replication rules do. A permission belongs to a bucket if its Resource is the ARN of the
bucket, or of objects in it, without a wildcard in the bucket's name. Everything else in a stored document, such as a
statement about `*` or one without a Resource, belongs to no unlisted bucket: it is drift, and is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from . import policy

Document = dict[str, Any]
Statement = dict[str, Any]

_S3 = "arn:aws:s3:::"


def keep_unlisted(wanted: Mapping[str, Any], stored: Iterable[Mapping[str, Any]]) -> Document:
    """`wanted` with the permissions on buckets that only `stored` names; stored documents are parts of one policy.

    Kept resources come in their stored order, before new ones, so that a document that is split keeps its parts.
    """
    asked = policy.statements(wanted)
    listed = buckets_of([wanted])
    kept: dict[str, dict[str, None]] = {}
    shapes: dict[str, Statement] = {}
    for document in stored:
        for statement in policy.statements(document):
            resources = [one for one in _resources(statement) if _bucket(one) is not None]
            shape = _shape(statement)
            shapes.setdefault(shape, statement)
            kept.setdefault(shape, {}).update(dict.fromkeys(resources))
    merged = [_merged(statement, kept.pop(_shape(statement), {}), listed) for statement in asked]
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
    """The names of the buckets that the documents grant or deny something on, each once, in their order."""
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
    asked = _resources(statement)
    kept = [one for one in stored if one in asked or _bucket(one) not in listed]
    resources = list(dict.fromkeys((*kept, *asked)))
    return statement if resources == asked else {**statement, "Resource": resources}


def _resources(statement: Mapping[str, Any]) -> list[str]:
    found = statement.get("Resource", [])
    values = found if isinstance(found, list) else [found]
    return [one for one in values if isinstance(one, str)]


def _bucket(resource: str) -> str | None:
    """The bucket that a Resource belongs to; None if it is none, or a pattern of several."""
    if not resource.startswith(_S3):
        return None
    name = resource.removeprefix(_S3).partition("/")[0]
    return None if not name or any(mark in name for mark in "*?$") else name


def _shape(statement: Mapping[str, Any]) -> str:
    """A text that is equal for statements that mean the same but for their Resource."""
    others = {name: value for name, value in statement.items() if name not in ("Resource", "Sid")}
    kind = isinstance(statement.get("Resource"), (str, list))
    return policy.normal_form({"Statement": [{**others, "Resource": "*" if kind else None}]})
