# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts for judging from the source's replication configuration, and notes about missing ones."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_report import (
    Report,
    Side,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_context import (
    context_of,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_listers import (
    SideRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_request import (
    VerifyRequest,
)

from ...fake_s3 import FakeS3

ROLE = "arn:aws:iam::123456789012:role/Role"


def configuration(target: str) -> dict[str, Any]:
    destination = {"Bucket": f"arn:aws:s3:::{target}"}
    rule = {"ID": "all", "Prefix": "", "Status": "Enabled", "Destination": destination}
    return {"Role": f"{ROLE},{ROLE}", "Rules": [rule]}


@pytest.mark.parametrize(
    ("given", "notes"),
    [
        ({"replication": configuration("t-bucket")}, []),
        (
            {"replication": configuration("other-bucket")},
            ["The source bucket s-bucket has no enabled rule for t-bucket: "],
        ),
        ({}, ["The source bucket s-bucket has no replication configuration: "]),
        ({"foreign": True}, ["The rules of s-bucket are not taken into account: "]),
    ],
)
def test_missing_facts_in_the_configuration_are_noted_once(
    given: dict[str, Any], notes: list[str]
) -> None:
    source, target = FakeS3(), FakeS3()
    source._add("s-bucket", **given)
    target._add("t-bucket")
    request = VerifyRequest(SideRequest("s-bucket", "s", {}), SideRequest("t-bucket", "t", {}))
    report = Report(
        Side("s", "", "s-bucket"), Side("t", "", "t-bucket"), started="2026-11-22T17:21:14Z"
    )
    apis = (source.api(), target.api())
    context = context_of(request, apis, None, report, lambda _key, _version_id: None)
    assert [note[: len(start)] for note, start in zip(report.notes, notes, strict=True)] == notes
    assert (context.prefixes is not None) == (not notes)
