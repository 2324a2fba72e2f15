# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that Ansible accepts but that make no sense are refused at any depth."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import bad_numbers
from ansible_collections.scality.backbeat.plugins.modules import (
    backbeat_bucket,
    backbeat_object_check,
)

BUCKET = backbeat_bucket.TASK.argument_spec()["argument_spec"]
CHECK = backbeat_object_check.TASK.argument_spec()["argument_spec"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency is 0: it must be a number, 1 or more."),
        ({"retry_timeout": -1.0}, "retry_timeout is -1.0: it must be a number, 0 or more."),
        ({"retry_timeout": math.nan}, "retry_timeout is nan: it must be a number, 0 or more."),
        ({"retry_timeout": math.inf}, "retry_timeout is inf: it must be a number, 0 or more."),
    ],
)
def test_out_of_range(options: dict[str, Any], message: str) -> None:
    assert list(bad_numbers(BUCKET, options)) == [message]
    assert backbeat_bucket.TASK.run(
        {"endpoint_url": "http://127.0.0.1:1", "name": "b", **options}, check_mode=False
    ) == {"changed": False, "failed": True, "msg": message, "changes": [], "warnings": []}


def test_inside_dictionaries_and_lists() -> None:
    check = {"target": {"s3": {"retry_timeout": -2.0}}}
    found = list(bad_numbers(CHECK, {"checks": [check, {}], "wait_max_delay": 0.0}))
    assert len(found) == 2
    assert all("must be a number" in text for text in found)


def test_in_range() -> None:
    options = {"concurrency": 1, "retry_timeout": 0.0, "versioning": None}
    assert list(bad_numbers(BUCKET, options)) == []
    assert list(bad_numbers(BUCKET, None)) == []
