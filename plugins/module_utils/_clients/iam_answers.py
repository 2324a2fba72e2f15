# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all IAM calls have in common: lists in pages, documents as text, and times.

Source of what Vault answers: its public clients; every answer here has the shape of the AWS IAM API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from .api import Answer, Api

ABSENT = ("NoSuchEntity",)


def all_pages(
    api: Api, operation: str, doing: str, member: str, **parameters: Any
) -> list[Any] | None:
    """What a call lists, from all pages; None for what is not there."""
    entries: list[Any] = []
    marker: dict[str, Any] = {}
    while True:
        page = api.read(
            operation,
            doing,
            lambda answer: (_members(answer, member), next_page(answer)),
            absent=ABSENT,
            **parameters,
            **marker,
        )
        if page is None:
            return None
        found, marker = page
        entries.extend(found)
        if not marker:
            return entries


def _members(answer: Answer, member: str) -> list[Mapping[str, Any]]:
    """The list of an answer. A server may leave an empty one out, but then still says that nothing is cut off."""
    return list(answer.get(member, ()) if "IsTruncated" in answer else answer[member])


def next_page(answer: Answer) -> dict[str, Any]:
    """The parameter that asks for the next page; empty after the last one."""
    return {"Marker": answer["Marker"]} if answer.get("IsTruncated") else {}


def as_text(document: Any) -> str:
    """Without white space: servers limit the size, and not all leave white space out when they count."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def parsed(document: Any) -> Any:
    """botocore parses percent-encoded JSON by itself; servers that send it plain leave it a string."""
    if not isinstance(document, str):
        return document
    return json.loads(unquote(document) if document.lstrip().startswith("%") else document)


def iso_time(moment: Any) -> str | None:
    return None if moment is None else str(moment.isoformat())
