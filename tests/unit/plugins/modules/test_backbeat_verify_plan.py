# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_verify_plan."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.verify_plan import (
    VerifyPlanRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_verify_plan import TASK

from ..tasks import requested

NODE = {"endpoint_url": "http://node1"}


def test_defaults() -> None:
    made = requested(TASK, bucket="a-bucket", parts=3, s3=NODE)
    assert (made.bucket, made.parts, made.prefix, made.least) == ("a-bucket", 3, "", 20_000)
    assert isinstance(made, VerifyPlanRequest)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"bucket": "no", "parts": 1}, "no"), ({"bucket": "a-bucket", "parts": 0}, "parts is 0")],
)
def test_bad_values(options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        requested(TASK, s3=NODE, **options)
