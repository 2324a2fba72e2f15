# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a verification of two buckets with boto3, and with itself with more listers, objects, problems and
processes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devtools.places import CACHE, ROOT, environ
from devtools.processes import Failure

from .load import MOST, OtherLoad, wait_for_quiet
from .report import Figure
from .verify_stub import all_keys

#: How much faster than a client the stub must be in a valid round.
MARGIN = 1.5
#: The number of tries for each valid round.
TRIES = 3
Outcome = dict[str, Any]


@dataclass
class Quiet:
    """The condition for valid wall times: others use at most `most` processors. patience: seconds to wait for it."""

    most: float = MOST
    patience: float = 0.0
    discarded: list[str] = field(default_factory=list)


QUIET = Quiet()
#: The limits for the parts that are measured in rounds.
LIMITS = {"cpu": 1 / 12, "listers": 1 / 6, "heads": 1 / 5, "processes": 0.65}
_stubs: list[subprocess.Popen[bytes]] = []


@contextmanager
def stub(module: str = "verify_stub", **options: Any) -> Iterator[str]:
    """The URL of a stub with these options, which runs during the block."""
    command = [sys.executable, "-m", f"benchmarks.{module}", json.dumps(options)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        _stubs.append(process)
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line.strip():
                raise Failure("the stub did not start")
            yield f"http://127.0.0.1:{int(line)}"
        finally:
            _stubs.remove(process)
            # The stub ends with its standard input.
            process.communicate(timeout=30)


def start(
    kind: str, url: str, module: str = "verify_client", **options: Any
) -> subprocess.Popen[bytes]:
    """Start a client."""
    command = [sys.executable, "-m", f"benchmarks.{module}", kind]
    given = json.dumps({"url": url, **options})
    env = {**environ(), "PYTHONPATH": f"{ROOT}:{CACHE}"}
    return subprocess.Popen(
        [*command, given], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[bytes]) -> Outcome:
    """The JSON output of a client. Raises Failure, with its output, if it failed."""
    out, err = process.communicate()
    if process.returncode:
        raise Failure(f"{err.decode()}\nexit code {process.returncode}: {process.args!r}")
    outcome: Outcome = json.loads(out)
    return outcome


def client(kind: str, url: str, **options: Any) -> Outcome:
    return finish(start(kind, url, **options))


def ours(url: str, **options: Any) -> Outcome:
    """The result of a comparison by backbeat_verify's job."""
    return client("ours", url, options=options)


def expect(outcome: Outcome, **states: int) -> None:
    """Raise Failure unless a comparison found exactly these states."""
    if outcome["result"] != states:
        raise Failure(f"the comparison found {outcome['result']} instead of {states}")


def rounds(
    count: int, measure: Callable[[], Mapping[str, float] | None], *, wall: bool = True
) -> Mapping[str, float]:
    """The medians of `count` valid rounds; a round in which the stub was too slow is None.

    wall: whether wall times are compared, so that the load of other programs matters. Raises NotMeasured.
    """
    counted: list[Mapping[str, float]] = []
    for _ in range(count * TRIES):
        if wall:
            wait_for_quiet(QUIET.most, QUIET.patience)
        load = OtherLoad(_stubs)
        found = measure()
        others = load.processors() or 0.0
        if found is None:
            _discard("the stub was not fast enough beside the client")
        elif wall and others > QUIET.most:
            _discard(f"other programs used {others:.2f} processors (at most {QUIET.most:g})")
        else:
            counted.append({**found, "others": others})
        if len(counted) == count:
            break
    if not counted:
        raise NotMeasured(f"no round counts; the last one: {QUIET.discarded[-1]}")
    return {name: statistics.median(one[name] for one in counted) for name in counted[0]} | {
        "rounds": float(len(counted))
    }


class NotMeasured(Failure):
    """There is no valid round of a part."""


def _discard(why: str) -> None:
    QUIET.discarded.append(why)
    print(f"verify: a round does not count: {why}", flush=True)


def measure_verify(count: int, scale: float = 1.0) -> tuple[list[Figure], dict[str, Any]]:
    """The figures of the verification, and their medians; `scale`: a factor for all sizes."""
    parts: dict[str, Callable[[int, float], tuple[list[Figure], Mapping[str, float]]]] = {
        "cpu": _cpu,
        "listers": _listers,
        "objects": _objects,
        "problems": _problems,
        "heads": _heads,
        "processes": _processes,
    }
    figures: list[Figure] = []
    medians: dict[str, Any] = {}
    for name, part in parts.items():
        try:
            found, medians[name] = part(count, scale)
        except NotMeasured as error:
            print(f"verify, {name}: not measured: {error}", flush=True)
            figures.append(Figure(f"verify, {name}", None, LIMITS[name]))
            continue
        figures += found
        shown = ", ".join(f"{key} {value:.2f}" for key, value in medians[name].items())
        print(f"verify, {name}: {shown}", flush=True)
    return figures, medians


def _cpu(count: int, scale: float) -> tuple[list[Figure], Mapping[str, float]]:
    size = int(100_000 * scale)
    with stub(versions=size) as url:

        def measure() -> Mapping[str, float] | None:
            alone = client("raw", url)
            mine, theirs = ours(url, ramp_up=False, listers=1), client("boto3", url)
            expect(mine, in_sync=size)
            expect(theirs, in_sync=size)
            if alone["seconds"] * MARGIN > mine["seconds"]:
                return None
            return {"stub seconds": alone["seconds"], "ours": mine["cpu"], "boto3": theirs["cpu"]}

        found = rounds(count, measure, wall=False)
    what = f"verify {size:,} versions a side: CPU / boto3 loop"
    return [Figure(what, found["ours"] / found["boto3"], LIMITS["cpu"], 1 / 20)], found


def _listers(count: int, scale: float) -> tuple[list[Figure], Mapping[str, float]]:
    size = int(300_000 * scale)
    with stub(versions=size) as fast, stub(versions=size, page_delay=0.05) as url:

        def measure() -> Mapping[str, float] | None:
            alone = client("raw", fast)
            many = ours(url, listers=16, ramp_up=False)
            one = ours(url, listers=1)
            expect(many, in_sync=size)
            expect(one, in_sync=size)
            if alone["seconds"] * MARGIN > many["seconds"]:
                return None
            return {
                "stub seconds": alone["seconds"],
                "16": many["seconds"],
                "1": one["seconds"],
            }

        found = rounds(count, measure)
    what = f"verify {size:,} versions, 50 ms a page: 16 listers / 1"
    return [Figure(what, found["16"] / found["1"], LIMITS["listers"], 1 / 9)], found


def _objects(count: int, scale: float) -> tuple[list[Figure], Mapping[str, float]]:
    sizes = {"many": int(1_000_000 * scale), "few": int(10_000 * scale)}
    peaks = {}
    for name, size in sizes.items():
        with stub(versions=size, prebuilt=False) as url:
            outcome = ours(url, listers=2)
            expect(outcome, in_sync=size)
            peaks[name] = outcome["memory"]
    what = f"verify: memory with {sizes['many']:,} versions a side / {sizes['few']:,}"
    return [Figure(what, peaks["many"] / peaks["few"], 1.2, 1.0)], peaks


def _problems(count: int, scale: float) -> tuple[list[Figure], Mapping[str, float]]:
    size, missing = int(200_000 * scale), int(100_000 * scale)
    peaks = {}
    for name, lost in (("many", missing), ("none", 0)):
        with (
            stub(versions=size, missing=lost) as url,
            tempfile.TemporaryDirectory(dir=CACHE) as folder,
        ):
            file = Path(folder) / "problems"
            outcome = ours(url, listers=2, problems_file=str(file))
            states = {"in_sync": size - lost, "missing": lost}
            expect(outcome, **{state: number for state, number in states.items() if number})
            peaks[name] = outcome["memory"]
    what = f"verify: memory with {missing:,} problems / none"
    return [Figure(what, peaks["many"] / peaks["none"], 1.2, 1.0)], peaks


def _heads(count: int, scale: float) -> tuple[list[Figure], Mapping[str, float]]:
    number = int(10_000 * scale)
    with stub(versions=1, head_delay=0.005) as url, stub(versions=1) as fast:

        def measure() -> Mapping[str, float] | None:
            mine = client("heads", url, number=number, workers=128)
            theirs = [
                client("boto3-heads", url, number=number, workers=workers) for workers in (8, 32)
            ]
            # Without the delay: the stub's maximum rate with two clients at a time.
            pair = [start("heads", fast, number=number, workers=4) for _ in range(2)]
            together = max(finish(process)["seconds"] for process in pair)
            if together / 2 * MARGIN > mine["seconds"]:
                return None
            return {
                "stub seconds": together / 2,
                "ours": mine["seconds"],
                "boto3": min(one["seconds"] for one in theirs),
            }

        found = rounds(count, measure)
    what = f"{number:,} HEAD requests, 5 ms each: ours / boto3"
    return [Figure(what, found["ours"] / found["boto3"], LIMITS["heads"], 1 / 8)], found


def _processes(count: int, scale: float) -> tuple[list[Figure], Mapping[str, float]]:
    # Several processes are for large buckets: with 300,000 versions, the fixed work of each process counts too.
    size = int(1_000_000 * scale)
    middle = all_keys(size)[size // 2 - 1]
    with stub(versions=size) as url:

        def measure() -> Mapping[str, float] | None:
            alone = client("raw", url)
            one = ours(url, listers=1)
            expect(one, in_sync=size)
            ranges = ([{"until": middle}], [{"after": middle}])
            pair = [start("ours", url, options={"listers": 1, "ranges": part}) for part in ranges]
            found = [finish(process) for process in pair]
            if sum(outcome["result"]["in_sync"] for outcome in found) != size:
                raise Failure(f"two processes found {[one['result'] for one in found]}")
            two = max(outcome["seconds"] for outcome in found)
            if alone["seconds"] * MARGIN > two:
                return None
            return {"stub seconds": alone["seconds"], "two": two, "one": one["seconds"]}

        found = rounds(count, measure)
    what = f"verify {size:,} versions: two processes / one"
    return [Figure(what, found["two"] / found["one"], LIMITS["processes"], 0.55)], found
