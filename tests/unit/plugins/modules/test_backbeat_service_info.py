# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_service_info."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.backbeat_info import (
    ObjectVersion,
    ServiceInfo,
    ServiceInfoRequest,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_service_info import TASK

from ..tasks import built, checked, requested

URL = "http://node1:8900"
OBJECT = {"bucket": "b", "key": "k", "version_id": "1"}


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ({}, ServiceInfoRequest(None)),
        ({"backbeat_url": ""}, ServiceInfoRequest(None)),
        ({"backbeat_url": URL}, ServiceInfoRequest(URL)),
        (
            {"backbeat_url": URL, "site": "a", "object": OBJECT},
            ServiceInfoRequest(URL, "a", ObjectVersion("b", "k", "1")),
        ),
    ],
)
def test_good_options(options: dict[str, Any], request_: ServiceInfoRequest) -> None:
    assert requested(TASK, **options) == request_
    query = built(TASK, **options)
    assert isinstance(query, ServiceInfo)
    assert (query.api is None) == (request_.backbeat_url is None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"object": {"bucket": "b"}}, "missing required arguments: key, version_id"),
        ({"state": "present"}, "Unsupported parameters|state"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
