# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_verify_merge."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_merge import Part
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_verify_merge import TASK

from ..tasks import requested


def part(**values: Any) -> dict[str, Any]:
    return {"report_file": "/r", **values}


def test_parts_of_a_whole_bucket() -> None:
    made = requested(TASK, parts=[part(until="m"), part(after="m", problems_file="/p")])
    assert made.parts == (Part("", "m", "/r", None), Part("m", None, "/r", "/p"))


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [part(until="m")],
        [part(after="m")],
        [part(until="m"), part(after="n")],
        [part(), part()],
    ],
)
def test_parts_with_gaps_are_refused(parts: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidDocument, match="do not cover the bucket"):
        requested(TASK, parts=parts)
