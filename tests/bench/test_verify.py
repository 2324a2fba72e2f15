# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of the verification compares what it claims to compare. Its speed is not tested."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from benchmarks import verify
from benchmarks.load import OtherLoad, _used, busy_seconds
from benchmarks.report import Figure, show_figures
from benchmarks.verify import NotMeasured, client, expect, ours, rounds, stub
from devtools.processes import Failure


def test_both_clients_count_the_versions_of_the_stub() -> None:
    with stub(versions=2500, missing=5) as url:
        expect(ours(url), in_sync=2495, missing=5)
        parts = [ours(url, ranges=[part])["result"] for part in ({"until": "8"}, {"after": "8"})]
        assert sum(part["in_sync"] for part in parts) == 2495
        with pytest.raises(Failure, match="instead of"):
            expect(ours(url), in_sync=2500)
    with stub(versions=2500) as url:
        expect(client("boto3", url), in_sync=2500)
        assert client("raw", url)["result"] > 2 * 2500 * 300


def test_stub_answers_all_head_requests() -> None:
    with stub(versions=1) as url:
        for kind in ("heads", "boto3-heads"):
            assert client(kind, url, number=50, workers=4)["result"] == 50


def test_round_is_valid_only_if_the_stub_was_fast_enough() -> None:
    answers = iter([None, {"ours": 1.0}, {"ours": 3.0}, None, {"ours": 2.0}])
    found = rounds(3, lambda: next(answers), wall=False)
    assert (found["ours"], found["rounds"]) == (2.0, 3)
    with pytest.raises(NotMeasured, match="no round counts; the last one: the stub"):
        rounds(2, lambda: None, wall=False)


def test_timed_round_is_valid_only_if_other_processes_are_idle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loads = iter([1.5, 0.1, 0.3])
    monkeypatch.setattr(OtherLoad, "processors", lambda _load: next(loads))
    monkeypatch.setattr(verify, "wait_for_quiet", lambda *_given: True)
    answers = iter([{"ours": 9.0}, {"ours": 2.0}, {"ours": 8.0}])
    found = rounds(1, lambda: next(answers))
    assert (found["ours"], found["others"]) == (2.0, 0.1)
    assert "other programs used 1.50 processors (at most 0.25)" in capsys.readouterr().out
    monkeypatch.setattr(OtherLoad, "processors", lambda _load: 1.5)
    with pytest.raises(NotMeasured, match="other programs used"):
        rounds(1, lambda: {"ours": 1.0})


def test_load_of_other_processes_excludes_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([(0.0, 100.0, 10.0), (2.0, 103.0, 11.0), (4.0, 104.0, 14.0)])
    monkeypatch.setattr(OtherLoad, "_now", lambda _load: next(clock))
    load = OtherLoad()
    assert load.processors() == 1.0
    # The clocks of processes and of the machine have different resolutions.
    assert load.processors() == 0.0


@pytest.mark.skipif(busy_seconds() is None, reason="needs /proc/stat")
def test_load_of_running_children_belongs_to_the_benchmark() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        load, blind = OtherLoad([process]), OtherLoad()
        began = time.monotonic()
        while _used(process.pid) < 0.5 and time.monotonic() < began + 30:
            time.sleep(0.05)
        ours, all_ = load.processors(), blind.processors()
        process.kill()
    assert ours is not None
    assert all_ is not None
    assert ours < all_


def test_part_without_a_measurement_fails(capsys: pytest.CaptureFixture[str]) -> None:
    figure = Figure("verify, listers", None, 1 / 6)
    assert not figure.holds
    show_figures([figure])
    assert "NOT MEASURED" in capsys.readouterr().out
