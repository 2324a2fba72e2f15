# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How machines share the verification of a host's pairs, and the places of its parts."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.topology_steps import (
    Steps,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.topology_verifications import (
    divisions,
    parts,
    ranges,
)

#: The ranges of two pairs: five of the first one, two of the other.
CUTS = (["", "b", "c", "d", "e", None], ["", "x", None])
PLANS = [
    {
        "ranges": [
            {"number": number, "after": after, "until": until}
            for number, (after, until) in enumerate(itertools.pairwise(cuts))
        ]
    }
    for cuts in CUTS
]
NAME = "/folder/here__s0__there__t0"


def steps(**more: Any) -> Steps:
    outgoing = [
        {"source_bucket": f"s{n}", "target_bucket": f"t{n}", "target_host": "there"} for n in (0, 1)
    ]
    connections = {host: {"s3": {"endpoint_url": f"http://{host}"}} for host in ("here", "there")}
    plan = {"host": "here", "outgoing": outgoing}
    return Steps(plan, connections, plans=PLANS, **more)


def options(workers: tuple[str, ...] = (), slices: int = 0, own: int = 0) -> dict[str, Any]:
    return {
        "backbeat_url": "",
        "verify_folder": "/folder",
        "verify_run": "r1",
        "verify_workers": list(workers),
        "verify_slices": slices,
        "verify_slice": own,
        "verify_ranges_per_worker": 4,
        "verify_least_versions": 1000,
    }


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9])
def test_slices_have_every_range_once_and_about_as_many(count: int) -> None:
    slices = [ranges(steps(), options(slices=count, own=own + 1)) for own in range(count)]
    everything = [one["name"] for one in ranges(steps(), options(slices=1, own=1))]
    assert len(everything) == 7
    assert sorted(one["name"] for own in slices for one in own) == sorted(everything)
    sizes = [len(own) for own in slices]
    assert max(sizes) - min(sizes) <= 1
    assert all(one["worker"] == "localhost" for own in slices for one in own)


def test_workers_take_turns_over_the_ranges_of_all_pairs() -> None:
    shared = ranges(steps(), options(workers=("w1", "w2", "w3")))
    assert [one["worker"] for one in shared] == ["w1", "w2", "w3", "w1", "w2", "w3", "w1"]
    assert max(Counter(one["name"] for one in shared).values()) == 1
    assert [(one["source"]["bucket"], one["range"]["until"]) for one in shared] == [
        *(("s0", until) for until in CUTS[0][1:]),
        *(("s1", until) for until in CUTS[1][1:]),
    ]


def test_a_worker_writes_the_files_that_are_merged() -> None:
    own = ranges(steps(), options(workers=("w1",)))
    merged = [part for pair in parts(steps(), options()) for part in pair["parts"]]
    assert [(one["range"]["after"], one["range"]["until"]) for one in own] == [
        (one["after"], one["until"]) for one in merged
    ]
    for name in ("report_file", "problems_file"):
        assert [one[name] for one in own] == [one[name] for one in merged]
        assert len({one[name] for one in own}) == len(own)
    assert own[1]["report_file"] == f"{NAME}.report.json.r1.1"
    assert own[1]["objects"] == []


def test_parts_that_have_no_common_folder_are_in_a_bucket() -> None:
    stored = steps(store={"bucket": "shared", "prefix": "verify/"})
    (first, *_others) = ranges(stored, options(workers=("w1",)))
    assert first["objects"] == [
        {"bucket": "shared", "key": f"verify/{file.rpartition('/')[2]}", "src": file}
        for file in (first["problems_file"], first["report_file"])
    ]


@pytest.mark.parametrize(
    ("shared", "count"), [({"slices": 3}, 12), ({"workers": ("w1", "w2")}, 8), ({}, None)]
)
def test_a_bucket_is_divided_into_some_ranges_for_each_machine(
    shared: dict[str, Any], count: int | None
) -> None:
    found = divisions(steps(), options(**shared))
    assert [one["bucket"] for one in found] == (["s0", "s1"] if count else [])
    assert all(one["parts"] == count and one["least_versions"] == 1000 for one in found)
    if count:
        assert found[0]["plan_file"] == f"{NAME}.report.json.r1.plan"
