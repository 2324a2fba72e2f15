# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of the backfill sends what it claims to send. Its speed is not tested."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.backfill import FIRST, _sent
from benchmarks.verify import Outcome, client, stub

KINDS = ("ours", "boto3", "raw")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """The measurement of each client for 50 versions."""
    return {kind: _sent(kind, 50) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_each_client_sends_every_version(outcomes: dict[str, Outcome], kind: str) -> None:
    assert outcomes[kind]["result"] == 50


def test_all_clients_make_the_same_calls(outcomes: dict[str, Outcome]) -> None:
    calls = {kind: Counter(outcome["calls"]) for kind, outcome in outcomes.items()}
    assert calls["raw"] == calls["boto3"]
    assert not calls["boto3"] - calls["ours"]
    assert (calls["ours"] - calls["boto3"]).total() <= FIRST
    assert calls["boto3"]["PUT source tagging"] == 50


def test_stub_records_what_was_sent() -> None:
    with stub("backfill_stub", versions=20) as url:
        assert client("ours", url, module="backfill_client", workers=4)["result"] == 20
        assert client("ours", url, module="backfill_client", workers=4)["result"] == 0
