# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far back versions can be pending, as far as Backbeat tells."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    Amount,
    Metrics,
    Rate,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.pending import (
    oldest_pending,
)


def backlog(count: int, rate: float) -> Metrics:
    nothing = Amount(0, 0)
    return Metrics(Amount(count, 0), nothing, nothing, nothing, Rate(rate, 0.0))


@pytest.mark.parametrize(
    ("hours", "metrics", "expected"),
    [
        (None, None, 24.0),
        (2.0, backlog(10**9, 1.0), 2.0),
        (None, backlog(0, 0.0), 24.0),
        (None, backlog(3600, 1.0), 24.0),
        (None, backlog(36 * 3600, 1.0), 72.0),
        (None, backlog(1, 0.0), None),
        (1e300, None, None),
    ],
)
def test_the_age_of_the_oldest(
    hours: float | None, metrics: Metrics | None, expected: float | None
) -> None:
    found = oldest_pending(hours, metrics)
    assert (found and found.total_seconds() / 3600) == expected
