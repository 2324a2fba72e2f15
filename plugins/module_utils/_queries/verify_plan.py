# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divides a bucket into ranges of keys that several machines can verify."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._clients.api import Api
from .._clients.listing import VersionListing
from .._clients.service import S3
from .._clients.session import Connections
from .._clients.store import Store, StoreRequest
from .._clients.version_pages import Marker, Page
from .._documents import names
from .._documents.verify_compare import KEY, Position
from .._documents.verify_ranges import Span, balanced, choose_cut, split
from .._work import InvalidDocument, Query

#: Pages that are read for each part.
SAMPLES = 8


@dataclass(frozen=True)
class VerifyPlanRequest:
    """Which bucket to divide, into how many parts of at least so many versions. s3: options of the connection.

    plan_file: where a plan may be that was made before; store: the bucket that has it, None if it is in a folder.
    """

    bucket: str
    parts: int
    prefix: str = ""
    least: int = 20_000
    s3: Mapping[str, Any] = field(default_factory=dict, repr=False)
    plan_file: str | None = None
    store: StoreRequest | None = None

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
            options["plan_file"],
            StoreRequest.from_options(options["store"]),
        )


class VerifyPlan(Query):
    """Samples the keys of a bucket, and cuts it into ranges of about equal size."""

    def __init__(self, request: VerifyPlanRequest, api: Api, store: Store | None = None) -> None:
        self.request = request
        self._store = store
        self._listing = VersionListing(api, request.bucket, request.prefix)

    @classmethod
    def build(cls, request: VerifyPlanRequest, connections: Connections) -> VerifyPlan:
        """The plan of one bucket."""
        where = request.store
        store = None if where is None else Store(where, connections.open(S3, where.s3))
        return cls(request, connections.open(S3, request.s3), store)

    def run(self) -> dict[str, Any]:
        made = self._made_before()
        if made is not None:
            return {"verify_plan": {**made, "made_before": True}}
        cuts = [cut.decode("utf-8", "surrogateescape") for cut in self._cuts()]
        edges = ["", *cuts, None]
        ranges = [
            {"number": number, "after": after, "until": until}
            for number, (after, until) in enumerate(itertools.pairwise(edges))
        ]
        plan = {"bucket": self.request.bucket, "made_before": False, "ranges": ranges}
        return {"verify_plan": plan}

    def _made_before(self) -> dict[str, Any] | None:
        """The plan in the plan's file, None if there is none. Raises InvalidDocument for another bucket's."""
        path = self.request.plan_file
        if not path:
            return None
        try:
            if self._store is not None:
                pieces = self._store.read(path)
                text = None if pieces is None else b"".join(pieces)
            else:
                text = Path(path).read_bytes() if os.path.exists(path) else None
            plan = None if text is None else dict(json.loads(text))
        except (OSError, ValueError, TypeError) as error:
            raise InvalidDocument(f"The plan {path} cannot be read: {error}.") from error
        if plan is not None and (
            plan.get("bucket") != self.request.bucket or not plan.get("ranges")
        ):
            raise InvalidDocument(
                f"The file {path} is no plan of the bucket {self.request.bucket}: "
                "remove it, or give the run another name."
            )
        return plan

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
