# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses bodies of responses with an XML parser."""

from __future__ import annotations

from xml.etree import ElementTree


def root_of(body: bytes, name: str) -> ElementTree.Element | None:
    """The root element; None if it has another name, or if the body is not XML."""
    if b"<!DOCTYPE" in body:
        return None
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - without a document type there is nothing to expand
    except ElementTree.ParseError:
        return None
    return root if local_name(root) == name else None


def local_name(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def texts(element: ElementTree.Element) -> dict[str, str]:
    """The texts of an element's children by their names."""
    return {local_name(child): child.text or "" for child in element}
