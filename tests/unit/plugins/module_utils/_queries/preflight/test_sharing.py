# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading an account's configurations ends after a number of buckets, and after some time."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight import sharing


def read(buckets: int, moments: Iterator[float]) -> tuple[bool, int]:
    """Whether all buckets were read, and how many."""
    source: Any = SimpleNamespace(owned=[f"bucket-{n}" for n in range(buckets)], s3=None)
    asked: list[Any] = []
    facts: Any = SimpleNamespace(read=lambda api, name, read: asked.append(name))
    account = sharing._read(source, facts, lambda: next(moments))
    return account.complete, len(asked)


@pytest.mark.parametrize(
    ("buckets", "moments", "complete", "number"),
    [
        (3, [0.0] * 4, True, 3),
        (4, [0.0] * 5, False, 3),
        (3, [0.0, 30.0, 30.1, 30.2], False, 1),
    ],
)
def test_a_limit_of_buckets_and_one_of_time(
    buckets: int,
    moments: list[float],
    complete: bool,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sharing, "BUCKETS", 3)
    assert read(buckets, iter(moments)) == (complete, number)
