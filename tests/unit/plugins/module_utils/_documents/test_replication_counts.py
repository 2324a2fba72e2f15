# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many rules a change of a configuration adds, changes and removes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Configuration,
    Rule,
    count_changes,
)

A, B = Rule("a/", id="a"), Rule("b/", id="b")
BOTH = Configuration(("source", "target"), "bucket", (A, B))


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        (None, BOTH, (2, 0, 0)),
        (BOTH, BOTH, (0, 0, 0)),
        (BOTH, None, (0, 0, 2)),
        (BOTH, replace(BOTH, rules=(B, A)), (0, 0, 0)),
        (BOTH, replace(BOTH, rules=(A, Rule("c/"))), (1, 0, 1)),
        (BOTH, replace(BOTH, rules=(A, replace(B, enabled=False))), (0, 1, 0)),
        (BOTH, replace(BOTH, roles=("other", "target")), (0, 2, 0)),
        (BOTH, replace(BOTH, target_bucket="other", rules=(A,)), (0, 1, 1)),
    ],
)
def test_counts(
    before: Configuration | None, after: Configuration | None, counts: tuple[int, int, int]
) -> None:
    assert tuple(count_changes(before, after).values()) == counts
