# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures many pairs of buckets of one host, on a stub that is faster than its clients."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from devtools.places import ROOT, VENV, environ
from devtools.processes import Failure

from .measure import Command, Sample, peak_memory, run
from .plays import EMPTY, SETUP, play
from .stub_process import Stub, running_stub

ROLE = ROOT / "roles" / "replication" / "defaults" / "main.yml"
BARE = Path(__file__).parent / "bare_fleet.py"


def measure_fleets(sizes: Sequence[int], rounds: int) -> Iterator[dict[str, Sample]]:
    """The samples of each round, with all sizes: "first_10" and so on for 10 pairs.

    Raises Failure if the bare script makes fewer calls than the playbook, because they could not be compared.
    """
    with tempfile.TemporaryDirectory() as folder, running_stub() as stub:
        inventories = {size: _inventory(stub, folder, size) for size in sizes}
        for number in range(rounds):
            samples: dict[str, Sample] = {}
            for size, inventory in inventories.items():
                print(f"{size} pairs, round {number + 1} of {rounds}", file=sys.stderr)
                fleet = _measure(stub, inventory)
                samples |= {f"{name}_{size}": sample for name, sample in fleet.items()}
            yield samples


def measure_memory(pairs: int) -> dict[str, float]:
    """The peak memory of the first and second run, in MB."""
    print(f"{pairs} pairs, memory", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder, running_stub() as stub:
        command = play(SETUP, _inventory(stub, folder, pairs))
        return {name: peak_memory(command, environ()) for name in ("first", "second")}


def _measure(stub: Stub, inventory: Path) -> dict[str, Sample]:
    ours, bare = play(SETUP, inventory), bare_script(inventory)
    stub.reset()
    samples = {"first": run([ours], environ())}
    stub.calls()
    samples["second"] = run([ours], environ())
    our_calls = stub.calls()
    samples["bare"] = run([bare], environ())
    left_out = our_calls - stub.calls()
    if left_out:
        raise Failure(f"The bare script leaves out calls that we make: {left_out}")
    samples["empty"] = run([play(EMPTY, inventory)], environ())
    return samples


def _inventory(stub: Stub, folder: str, pairs: int) -> Path:
    return stub.write_inventory(Path(folder) / f"inventory-{pairs}.json", pairs)


def bare_script(inventory: Path) -> Command:
    """The command that runs the minimal script, with the role's default number of threads."""
    threads = yaml.safe_load(ROLE.read_text())["replication_concurrency"]
    return [VENV / "bin" / "python", BARE, inventory, str(threads)]
