# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of listings: the fast reader equals a real parser, and other bodies are not pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients.version_pages import (
    Marker,
    Page,
    read_fast,
    read_page,
    read_slowly,
)

from .._documents.generated import PROFILE

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
#: Characters that keys cannot have in XML, or that servers refuse.
TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"),
    min_size=1,
    max_size=8,
)


def entry(draw: st.DrawFn, url: bool) -> str:
    kind = draw(st.sampled_from(["Version", "DeleteMarker"]))
    key = draw(TEXT)
    shown = quote(key, safe=draw(st.sampled_from(["", "/"]))) if url else escape(key)
    latest = draw(st.sampled_from(["true", "false"]))
    content = ""
    if kind == "Version" or draw(st.booleans()):
        content = f"<ETag>&quot;e{draw(st.integers(0, 9))}-2&quot;</ETag><Size>{draw(st.integers(0, 10**13))}</Size>"
    owner = f"<Owner><ID>1</ID><DisplayName>{escape(draw(TEXT))}</DisplayName></Owner>"
    return (
        f"<{kind}><Key>{shown}</Key><VersionId>{draw(st.sampled_from(['null', '3938']))}</VersionId>"
        f"<IsLatest>{latest}</IsLatest><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"{content}{owner}<StorageClass>STANDARD</StorageClass></{kind}>"
    )


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Pages in CloudServer's form."""
    url = draw(st.booleans())
    truncated = draw(st.booleans())
    parts = [f"<Name>b</Name><Prefix>{escape(draw(TEXT)) if not url else ''}</Prefix>"]
    if url:
        parts.append("<EncodingType>url</EncodingType>")
    parts.append(f"<IsTruncated>{str(truncated).lower()}</IsTruncated>")
    if truncated:
        key = draw(TEXT)
        parts.append(
            f"<NextKeyMarker>{quote(key, safe='') if url else escape(key)}</NextKeyMarker>"
        )
        if draw(st.booleans()):
            parts.append("<NextVersionIdMarker>3938</NextVersionIdMarker>")
    parts += [entry(draw, url) for _ in range(draw(st.integers(0, 4)))]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ListVersionsResult xmlns="{NAMESPACE}">'
        f"{''.join(parts)}</ListVersionsResult>"
    ).encode()


@PROFILE
@given(bodies())
def test_the_fast_reader_equals_a_real_parser(body: bytes) -> None:
    page = read_fast(body)
    assert page is not None
    assert page == read_slowly(body)


@PROFILE
@given(bodies(), st.data())
def test_a_damaged_page_is_never_read_differently_from_a_real_parser(
    body: bytes, data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(begin, len(body)))
    damaged = (
        body[:begin] + data.draw(st.sampled_from([b"", b"<", b"&", b"<Key>x</Key>"])) + body[end:]
    )
    fast, slow = read_fast(damaged), read_slowly(damaged)
    if slow is not None and fast is not None:
        assert fast == slow


def body(*parts: str, truncated: str = "false") -> bytes:
    return (
        f"<ListVersionsResult><IsTruncated>{truncated}</IsTruncated>{''.join(parts)}</ListVersionsResult>"
    ).encode()


VERSION = (
    "<Version><Key>k</Key><VersionId>1</VersionId><IsLatest>true</IsLatest>"
    "<LastModified>2026</LastModified><ETag>e</ETag><Size>1</Size></Version>"
)
ROW = (b"Version", b"k", b"1", b"true", b"2026", b"e", b"1")


@pytest.mark.parametrize(
    "entries",
    [
        VERSION.replace("<Key>", "\n <Key>"),
        VERSION.replace("<ETag>e</ETag>", "").replace("</Size>", "</Size><ETag>e</ETag>"),
        VERSION.replace("<Key>k</Key>", "<Key><![CDATA[k]]></Key>"),
        VERSION.replace("<Version>", '<Version xmlns="other">'),
        f"<!-- <Version> -->{VERSION}",
        f"<Version/>{VERSION}".replace("<Version/>", ""),
    ],
)
def test_other_forms_of_a_page_are_read_too(entries: str) -> None:
    assert read_page(body(entries)) == Page([ROW], None)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html></html>",
        b"<Error><Code>InternalError</Code></Error>",
        body(VERSION)[:-8],
        body(VERSION.replace("<Size>1<", "<Size>many<")),
        body(VERSION.replace("<Size>1<", f"<Size>{'9' * 5000}<")),
        body(VERSION.replace("<IsLatest>true<", "<IsLatest>yes<")),
        body(VERSION.replace("<Size>1</Size>", "")),
        body(VERSION.replace("<Key>k</Key>", "")),
        body(VERSION, "<Version/>"),
        body(VERSION, "<DeleteMarker/>"),
        body(VERSION, truncated="maybe"),
        body(VERSION, truncated="true"),
        b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + body(VERSION),
    ],
)
def test_other_bodies_are_not_pages(answer: bytes) -> None:
    assert read_page(answer) is None


@pytest.mark.parametrize("truncated", ["maybe", "false", "true"])
@pytest.mark.parametrize("twice", ["{}{}", "{1}{0}"])
def test_a_page_with_two_istruncated_elements_is_left_to_the_parser(
    truncated: str, twice: str
) -> None:
    parts = twice.format("<IsTruncated>false</IsTruncated>", VERSION)
    assert read_fast(body(parts, truncated=truncated)) is None


@pytest.mark.parametrize("name", ["a%2Fb", "a%252Fb", "a%20b%2F%C3%A9"])
def test_keys_are_decoded_once(name: str) -> None:
    url = "<EncodingType>url</EncodingType>"
    page = read_page(body(url, VERSION.replace("<Key>k", f"<Key>{name}")))
    expected: dict[str, Any] = {
        "a%2Fb": b"a/b",
        "a%252Fb": b"a%2Fb",
        "a%20b%2F%C3%A9": "a b/é".encode(),
    }
    assert page is not None
    assert page.rows[0][1] == expected[name]


def test_the_next_marker_may_lack_a_version() -> None:
    page = read_page(body("<NextKeyMarker>k</NextKeyMarker>", VERSION, truncated="true"))
    assert page is not None
    assert page.following == Marker(b"k", None)
