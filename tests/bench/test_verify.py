# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That the benchmark of the verification compares what it says; how fast it is is not for a test to tell."""

from __future__ import annotations

import pytest

from benchmarks.verify import client, expect, ours, rounds, stub
from devtools.processes import Failure


def test_both_clients_find_what_the_stub_holds() -> None:
    with stub(versions=2500, missing=5) as url:
        expect(ours(url), in_sync=2495, missing=5)
        parts = [ours(url, ranges=[part])["result"] for part in ({"until": "8"}, {"after": "8"})]
        assert sum(part["in_sync"] for part in parts) == 2495
        with pytest.raises(Failure, match="instead of"):
            expect(ours(url), in_sync=2500)
    with stub(versions=2500) as url:
        expect(client("boto3", url), in_sync=2500)
        assert client("raw", url)["result"] > 2 * 2500 * 300


def test_all_head_requests_are_answered() -> None:
    with stub(versions=1) as url:
        for kind in ("heads", "boto3-heads"):
            assert client(kind, url, number=50, workers=4)["result"] == 50


def test_a_round_counts_only_if_the_stub_was_fast_enough() -> None:
    answers = iter([None, {"ours": 1.0}, {"ours": 3.0}, None, {"ours": 2.0}])
    assert rounds(3, lambda: next(answers)) == {"ours": 2.0}
    with pytest.raises(Failure, match="no round counts"):
        rounds(2, lambda: None)
