# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divides a bucket into ranges of keys that several machines can verify."""

from __future__ import annotations

import itertools
import json
import math
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
from .._clients.version_pages import Marker
from .._documents import names
from .._documents.names import key_text
from .._documents.verify_compare import KEY
from .._documents.verify_sampling import Stretch, balanced, next_sample
from .._work import InvalidDocument, Query

#: The maximum number of pages to read: for each part, and for finding the range of the keys.
SAMPLES, SEARCH = 16, 64


@dataclass(frozen=True)
class VerifyPlanRequest:
    """Which bucket to divide, into how many parts, of how many versions at least. s3: connection options.

    plan_file: the path or key of an earlier plan; store: the bucket that has it, None if it is in a folder.
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
        """Build the request from the options of a task. Raises InvalidDocument."""
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
    """Samples the keys of a bucket, and divides it into ranges of about equal size."""

    def __init__(self, request: VerifyPlanRequest, api: Api, store: Store | None = None) -> None:
        self.request = request
        self._store = store
        self._listing = VersionListing(api, request.bucket, request.prefix)

    @classmethod
    def build(cls, request: VerifyPlanRequest, connections: Connections) -> VerifyPlan:
        """Build the query for one bucket."""
        where = request.store
        store = None if where is None else Store(where, connections.open(S3, where.s3))
        return cls(request, connections.open(S3, request.s3), store)

    def run(self) -> dict[str, Any]:
        made = self._made_before()
        if made is not None:
            return {"verify_plan": {**made, "made_before": True}}
        cuts = [key_text(cut) for cut in self._cuts()]
        edges = ["", *cuts, None]
        ranges = [
            {"number": number, "after": after, "until": until}
            for number, (after, until) in enumerate(itertools.pairwise(edges))
        ]
        plan = {"bucket": self.request.bucket, "made_before": False, "ranges": ranges}
        return {"verify_plan": plan}

    def _made_before(self) -> dict[str, Any] | None:
        """The earlier plan, None if there is none. Raises InvalidDocument if it is for another bucket."""
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
                f"The file {path} is not a plan of the bucket {self.request.bucket}: remove it, or give the "
                "run another name."
            )
        return plan

    def _cuts(self) -> list[bytes]:
        keys, ends = self._sample(b"")
        stretches = [Stretch(b"", None, keys, ends)]
        parts = self.request.parts
        for _sample in range(parts * SAMPLES + SEARCH if parts > 1 else 0):
            chosen = next_sample(stretches, parts)
            if chosen is None:
                break
            stretch, cut = chosen
            keys, ends = self._sample(cut)
            upper = stretch.divide(cut, keys, ends=ends)
            if upper is not None:
                stretches.append(upper)
        whole = sum(stretch.rows + stretch.left() for stretch in stretches)
        # If no sample shows the size of a range, it is kept as a range of its own.
        most = whole / max(1, self.request.least) if whole < math.inf else parts
        return balanced(stretches, max(1, min(parts, int(most))))

    def _sample(self, cut: bytes) -> tuple[list[bytes], bool]:
        """The keys on the page after a cut, one for each version, and whether it is the last page."""
        page = self._listing.page(Marker(cut))
        return [row[KEY] for row in page.rows], page.following is None
