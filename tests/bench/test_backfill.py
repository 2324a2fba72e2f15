# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That the benchmark of the backfill sends what it says; how fast it is is not for a test to tell."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.backfill import FIRST, _sent
from benchmarks.verify import client, stub


@pytest.mark.parametrize("kind", ["ours", "boto3", "raw"])
def test_each_client_sends_every_version(kind: str) -> None:
    assert _sent(kind, 50)["result"] == 50


def test_all_clients_make_the_same_calls() -> None:
    calls = {kind: Counter(_sent(kind, 50)["calls"]) for kind in ("ours", "boto3", "raw")}
    assert calls["raw"] == calls["boto3"]
    assert not calls["boto3"] - calls["ours"]
    assert (calls["ours"] - calls["boto3"]).total() <= FIRST
    assert calls["boto3"]["PUT source tagging"] == 50


def test_the_stub_knows_what_was_sent() -> None:
    with stub("backfill_stub", versions=20) as url:
        assert client("ours", url, module="backfill_client", workers=4)["result"] == 20
        assert client("ours", url, module="backfill_client", workers=4)["result"] == 0
