# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_failed_info."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.backbeat_info import (
    FailedInfo,
    FailedInfoRequest,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_failed_info import TASK

from ..tasks import built, checked, requested

URL = "http://node1:8900"


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ({}, FailedInfoRequest(None)),
        ({"backbeat_url": URL}, FailedInfoRequest(URL)),
        (
            {"backbeat_url": URL, "sites": ["a"], "bucket": "b", "prefix": "p", "limit": 5},
            FailedInfoRequest(URL, ("a",), "b", "p", 5),
        ),
    ],
)
def test_good_options(options: dict[str, Any], request_: FailedInfoRequest) -> None:
    assert requested(TASK, **options) == request_
    assert isinstance(built(TASK, **options), FailedInfo)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": "many"}, "limit"),
        ({"state": "present"}, "Unsupported parameters|state"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
