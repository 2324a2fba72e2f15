# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That the benchmark of the backfill sends what it says; how fast it is is not for a test to tell."""

from __future__ import annotations

import pytest

from benchmarks.backfill import _sent
from benchmarks.verify import client, stub


@pytest.mark.parametrize("kind", ["ours", "boto3", "raw"])
def test_each_client_sends_every_version(kind: str) -> None:
    assert _sent(kind, 50)["result"] == 50


def test_the_stub_knows_what_was_sent() -> None:
    with stub("backfill_stub", versions=20) as url:
        assert client("ours", url, module="backfill_client", workers=4)["result"] == 20
        assert client("ours", url, module="backfill_client", workers=4)["result"] == 0
