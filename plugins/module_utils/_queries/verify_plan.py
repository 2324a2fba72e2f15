# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divides a bucket into ranges of keys that several machines can verify."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._clients.api import Api
from .._clients.listing import VersionListing
from .._clients.service import S3
from .._clients.session import Connections
from .._clients.version_pages import Marker, Page
from .._documents import names
from .._documents.verify_compare import KEY, Position
from .._documents.verify_ranges import Span, balanced, choose_cut, split
from .._work import InvalidDocument, Query

#: Pages that are read for each part.
SAMPLES = 8


@dataclass(frozen=True)
class VerifyPlanRequest:
    """Which bucket to divide, into how many parts of at least so many versions. s3: options of the connection."""

    bucket: str
    parts: int
    prefix: str = ""
    least: int = 20_000
    s3: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> VerifyPlanRequest:
        """From the options of a task. Raises InvalidDocument."""
        parts, least = options["parts"], options["least_versions"]
        if parts < 1:
            raise InvalidDocument(f"parts is {parts}: give the number of ranges, 1 or more.")
        return cls(
            names.check_bucket_name(options["bucket"]),
            parts,
            options["prefix"],
            least,
            options["s3"],
        )


class VerifyPlan(Query):
    """Samples the keys of a bucket, and cuts it into ranges of about equal size."""

    def __init__(self, request: VerifyPlanRequest, api: Api) -> None:
        self.request = request
        self._listing = VersionListing(api, request.bucket, request.prefix)

    @classmethod
    def build(cls, request: VerifyPlanRequest, connections: Connections) -> VerifyPlan:
        """The plan of one bucket."""
        return cls(request, connections.open(S3, request.s3))

    def run(self) -> dict[str, Any]:
        cuts = [cut.decode("utf-8", "surrogateescape") for cut in self._cuts()]
        edges = ["", *cuts, None]
        ranges = [
            {"number": number, "after": after, "until": until}
            for number, (after, until) in enumerate(itertools.pairwise(edges))
        ]
        return {"verify_plan": {"bucket": self.request.bucket, "ranges": ranges}}

    def _cuts(self) -> list[bytes]:
        first = Span()
        self._enter(first, self._listing.page())
        spans = [first]
        for _sample in range(self.request.parts * SAMPLES):
            chosen = choose_cut([span for span in spans if not span.done], self.request.least)
            if chosen is None or len(spans) >= self.request.parts * SAMPLES // 2:
                break
            span, cut = chosen
            span.tried[cut] = span.level()
            page = self._listing.page(Marker(cut))
            keys = [row[KEY] for row in page.rows]
            first_key, last_key = (keys[0], keys[-1]) if keys else (None, None)
            upper = split(span, cut, first_key, last_key, len(keys))
            if upper is not None:
                self._enter(upper, page)
                spans.append(upper)
        return balanced(spans, self.request.parts)

    def _enter(self, span: Span, page: Page) -> None:
        """Note what a page at the beginning of a span shows."""
        rows = [row for row in page.rows if span.until is None or row[KEY] <= span.until]
        if rows:
            span.hand_out(rows[0][KEY], rows[-1][KEY])
            span.advance(Position(rows[-1][KEY]), len(rows))
        span.done = page.following is None or len(rows) < len(page.rows)
