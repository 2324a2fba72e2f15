# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the bytes of versions that are equal according to listings and HEAD, for a share or a sample of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .._clients import s3_objects
from .._clients.api import Api, fresh
from .._clients.errors import NotFound, Unreachable
from .._documents.names import key_bytes, key_text
from .._documents.verify_compare import ETAG, KEY, KIND, MARKER, MODIFIED, SIZE, VERSION_ID, Row
from .._documents.verify_entries import Problem
from .._documents.verify_judge import Verdict, problem_of_bytes
from .job import Control
from .readers import Readers
from .verify_ledger import Entry, Sampled

Pair: TypeAlias = "tuple[Row, Row]"
#: The number of bytes that one request reads.
PART = 64 * 1024 * 1024


@dataclass(frozen=True)
class Bodies:
    """Selects versions for comparing bytes: a share or a number. The same seed selects the same versions."""

    share: float = 0.0
    number: int = 0
    seed: int = 0

    def rank(self, key: bytes, version_id: bytes) -> int:
        """A number below 2**64, the same for a version in every run with this seed."""
        name = b"%d\0%s\0%s" % (self.seed, key, version_id)
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")

    def chosen(self, row: Row) -> bool:
        """Whether this row is in the share."""
        return self.rank(row[KEY], row[VERSION_ID]) < self.share * 2**64


class BodyComparison:
    """Compares the bytes of both sides. Threads share it.

    sides: by "source" and "target", the endpoint, the bucket, and the prefix that it adds to each key.
    """

    def __init__(
        self,
        sides: Mapping[str, tuple[Api, str, str]],
        bodies: Bodies,
        control: Control,
        readers: Readers,
    ) -> None:
        self._sides = sides
        self._bodies = bodies
        self._control = control
        self._readers = readers

    @property
    def wanted(self) -> bool:
        """Whether any bytes are compared."""
        return bool(self._bodies.share or self._bodies.number)

    def compare(self, verdicts: Iterable[Verdict], rows: Iterable[Row] = ()) -> Entry:
        """Compare the bytes of the selected versions among those in sync; `rows` are equal on both sides."""
        if not self.wanted:
            return Entry()
        pairs = [(row, row) for row in rows]
        pairs += [pair for verdict in verdicts for pair in verdict.same]
        pairs = [pair for pair in pairs if pair[0][KIND] != MARKER]
        chosen = [pair for pair in pairs if self._bodies.chosen(pair[0])]
        return Entry(
            sampled=self._sampled(pairs), bodies=len(chosen), different=self._different(chosen)
        )

    def _different(self, pairs: Sequence[Pair]) -> list[Problem]:
        reasons = self._readers.all(lambda pair: self.difference(*pair), pairs)
        return [
            problem_of_bytes(row, reason)
            for (row, _other), reason in zip(pairs, reasons, strict=True)
            if reason
        ]

    def _sampled(self, pairs: Sequence[Pair]) -> list[Sampled]:
        """The versions in sync that are candidates for the sample."""
        if not self._bodies.number:
            return []
        ranked = [
            (
                self._bodies.rank(row[KEY], row[VERSION_ID]),
                key_text(row[KEY]),
                "\0".join(
                    key_text(value)
                    for value in (
                        *(row[at] for at in (VERSION_ID, SIZE, ETAG, MODIFIED)),
                        other[VERSION_ID],
                    )
                ),
            )
            for row, other in pairs
        ]
        return sorted(ranked)[: self._bodies.number]

    def compare_samples(self, samples: Sequence[Sampled]) -> Entry:
        """Compare the bytes of the sample."""
        pairs = []
        for _rank, key, facts in samples:
            version, size, etag, modified, copy = (part.encode() for part in facts.split("\0"))
            name = key_bytes(key)
            row = (b"Version", name, version, b"", modified, etag, size)
            pairs.append((row, (*row[:VERSION_ID], copy, *row[VERSION_ID + 1 :])))
        return Entry(bodies=len(pairs), different=self._different(pairs))

    def difference(self, row: Row, other: Row) -> str:
        """How the bytes of both sides differ; empty if they are equal."""
        self._control.check("comparing bytes")
        found = [self._digest(side, one) for side, one in (("source", row), ("target", other))]
        self._control.deadlines.moved()
        if found[0] == found[1]:
            return ""
        return "The bytes differ." if None not in found else "One side can no longer be read."

    def _digest(self, side: str, row: Row) -> bytes | None:
        """The digest of a version's bytes, None if it was deleted. Large ones are read in parts with a time limit
        each."""
        size = int(row[SIZE] or 0)
        digest = hashlib.blake2b()
        try:
            for first in range(0, max(size, 1), PART):
                part = None if size <= PART else (first, min(first + PART, size) - 1)
                digest = self._with_part(digest, side, row, part)
        except NotFound:
            return None
        return digest.digest()

    def _with_part(
        self, digest: hashlib.blake2b, side: str, row: Row, part: tuple[int, int] | None
    ) -> hashlib.blake2b:
        """The digest with a further part; the part is read again if the connection breaks."""
        server, bucket, below = self._sides[side]
        key, version_id = below + key_text(row[KEY]), row[VERSION_ID].decode()
        backoff = fresh(server).backoff
        while True:
            self._control.pace.wait()
            longer = digest.copy()
            api = fresh(server)
            try:
                for piece in s3_objects.object_body(api, bucket, key, version_id, part):
                    longer.update(piece)
                    self._control.deadlines.moved()
            except Unreachable:
                if not backoff.pause():
                    raise
            else:
                return longer
