# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    FailedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.retry import Spool
from devtools.places import CACHE

words = st.text(max_size=3)


@given(st.lists(st.tuples(words, words, words, words), max_size=20))
def test_the_versions_of_a_key_come_together(rows: list[tuple[str, str, str, str]]) -> None:
    spool = Spool()
    for row in rows:
        spool.add(FailedVersion(*row, 5, "2026-11-22T17:21:14Z"))
        spool.accept(*row)
    groups = list(spool.keys())
    names = [(group[0].bucket, group[0].key) for group in groups]
    assert len(set(names)) == len(names)
    for group, name in zip(groups, names, strict=True):
        assert {(one.bucket, one.key) for one in group} == {name}
        assert [(one.version_id, one.site) for one in group] == [
            row[2:] for row in rows if row[:2] == name
        ]
    assert list(spool.accepted()) == rows
    assert sum(map(len, groups)) == len(rows)
    spool.close()


def test_memory_does_not_grow_with_the_number_of_failures() -> None:
    """Peaks of two processes: one with few failures, one with many, which would take 100 MB as objects."""
    peaks = []
    for count in (1_000, 200_000):
        program = (
            "import resource\n"
            "from ansible_collections.scality.backbeat.plugins.module_utils._jobs.retry import Spool\n"
            "from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import FailedVersion\n"
            "spool = Spool()\n"
            f"for number in range({count}):\n"
            "    spool.add(FailedVersion('bucket', f'key-{number:050}', f'{number:030}', 'site', 0, None))\n"
            f"assert sum(len(group) for group in spool.keys()) == {count}\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": str(CACHE)},
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    few, many = peaks
    # In KiB.
    assert many - few < 30_000
