# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_site."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._resources.backbeat_site import (
    BackbeatSite,
    SiteRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_site import TASK

from ..tasks import built, checked, requested

URL = "http://node1:8900"
PAUSED = {"backbeat_url": URL, "state": "paused"}


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ({"backbeat_url": URL}, SiteRequest(URL)),
        (
            {**PAUSED, "site": "a", "until": "06:00", "force": True, "wait": "none"},
            SiteRequest(URL, "a", False, until="06:00", force=True, wait="none"),
        ),
        ({**PAUSED, "hours": 3}, SiteRequest(URL, running=False, hours=3)),
    ],
)
def test_good_options(options: dict[str, Any], request_: SiteRequest) -> None:
    assert requested(TASK, **options) == request_
    assert isinstance(built(TASK, **options), BackbeatSite)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: backbeat_url"),
        ({**PAUSED, "hours": 1, "until": "06:00"}, "mutually exclusive: until|hours"),
        ({**PAUSED, "state": "stopped"}, "must be one of: running, paused"),
        ({**PAUSED, "wait": "yes"}, "must be one of: none, status, flow"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbeat_url": URL, "hours": 3}, "give them with state: paused"),
        ({**PAUSED, "hours": 0}, "hours is 0: name whole hours, 1 or more"),
        ({**PAUSED, "until": "six"}, "give a time of day such as 06:00"),
    ],
)
def test_bad_requests(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        requested(TASK, **options)
