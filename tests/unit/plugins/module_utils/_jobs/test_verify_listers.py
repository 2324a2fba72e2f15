# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listers are added by the rate since the last measurement."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.version_pages import (
    Marker,
    Page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_ranges import Span
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import verify_listers
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import (
    Control,
    JobProgress,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_listers import Listers

from ...fake_client import Time


class Books:
    """The state that listers share, with one range."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.spans = [Span()]
        self.progress = JobProgress("versions")

    def finish(self, span: Span) -> None:
        span.done = True

    def count_request(self, kind: str) -> None:
        pass


def test_the_rate_is_that_of_the_time_since_the_last_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, books, open_ = Time(), Books(), threading.Event()
    monkeypatch.setattr(verify_listers, "time", SimpleNamespace(monotonic=time.clock))
    monkeypatch.setattr(verify_listers, "POLL", 0.01)
    steps = [(600, 2.0), (0, verify_listers.MEASURE / 2), (100, 9.5), (5000, 10.0)]
    observed: list[tuple[float, float]] = []

    class Slow:
        """A bucket without versions, whose only page is returned when the last rate is measured."""

        def page(self, marker: Marker) -> Page:
            assert open_.wait(60)
            return Page([], None)

    def meanwhile() -> None:
        if not steps:
            open_.set()
            return
        rows, seconds = steps.pop(0)
        books.progress.done += rows
        time.now += seconds

    def observe(rate: float, now: float) -> int:
        observed.append((rate, now))
        return 1

    books.progress.done = 300
    listing: Any = Slow()
    control = Control()
    listers = Listers(
        listing, listing, books, control, lambda span, block: None, lambda rows: rows, most=2
    )
    monkeypatch.setattr(listers._ramp, "observe", observe)
    listers.run(meanwhile)
    assert observed == [(300.0, 1002.0), (10.0, 1012.0), (500.0, 1022.0)]
    assert books.spans[0].done
