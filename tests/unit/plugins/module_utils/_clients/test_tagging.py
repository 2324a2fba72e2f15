# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of tags as XML are put back unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients.tagging import (
    read_tags,
    tags_xml,
)

from .._documents.generated import PROFILE

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("\t\n\r&<>\"'"))


@PROFILE
@given(st.dictionaries(TEXT, TEXT, max_size=10))
def test_tags_keep_their_order(tags: dict[str, str]) -> None:
    found = read_tags(tags_xml(tags))
    assert found is not None
    assert list(found.items()) == list(tags.items())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"<Error><Code>NoSuchKey</Code></Error>",
        b"<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>",
        b'<!DOCTYPE x [<!ENTITY y "z">]><Tagging><TagSet/></Tagging>',
        b"<Tagging><TagSet>",
    ],
)
def test_other_bodies_are_not_tags(body: bytes) -> None:
    assert read_tags(body) is None


def test_tags_of_equal_responses_are_not_shared() -> None:
    body = tags_xml({"a": "1"})
    first = read_tags(body)
    assert first is not None
    first["a"] = "2"
    assert read_tags(body) == {"a": "1"}
