# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_report."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.report_files import ReportFiles
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_report import TASK

from ..reports import FINDING, SERVICE, odd_report, repair_report
from ..tasks import built, checked, requested

PAIR = {"source": "node1", "source_bucket": "a", "target": "node6", "target_bucket": "b"}


def test_good_options() -> None:
    pairs = [{**PAIR, "rules": "all", "findings": [FINDING]}]
    options: dict[str, Any] = {
        "title": "t",
        "reports": [odd_report().as_dict()],
        "repairs": [repair_report().as_dict()],
        "pairs": pairs,
        "services": {"node1": SERVICE},
        "html": "/tmp/x.html",
        "template": "/tmp/x.j2",
    }
    request = requested(TASK, **options)
    assert request.content.reports[0].as_dict() == odd_report().as_dict()
    assert [one.done for one in request.content.repairs] == [repair_report().done]
    (pair,) = request.content.pairs
    assert request.content.findings == {pair.id: (FINDING,)}
    assert (request.html, request.json) == ("/tmp/x.html", None)
    assert isinstance(built(TASK, **options), ReportFiles)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": [{"source": "node1"}]}, "missing required arguments"),
        ({"csv": "x"}, "Unsupported parameters|csv"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"html": "/tmp/x.html"}, "html needs template"),
        ({"reports": [{"schema": "other"}]}, "not a report with the schema"),
        ({"repairs": [{"schema": "other"}]}, "not the result of a repair"),
    ],
)
def test_bad_requests(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        requested(TASK, **options)
