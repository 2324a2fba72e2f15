# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Valid options of each module, for tests that make one of them invalid, and an assertion on error messages."""

from __future__ import annotations

import re
from typing import Any

from tests.integration.support.modules import Result, Side, task_of

BUCKET = "some-bucket"
ROLE = "arn:aws:iam::123456789012:role/"
#: A value that removes an option from the valid ones.
LEFT_OUT = object()
#: Valid options of each module that uses one endpoint.
GOOD: dict[str, dict[str, Any]] = {
    "iam_role": {"name": "Reader"},
    "iam_role_info": {"name": "Reader"},
    "policy": {
        "name": "Reading",
        "side": "source",
        "source_buckets": [BUCKET],
        "roles": ["Reader"],
    },
    "policy_info": {"name": "Reading"},
    "bucket": {"name": BUCKET, "versioning": "enabled"},
    "bucket_replication": {
        "bucket": BUCKET,
        "source_role": f"{ROLE}A",
        "target_role": f"{ROLE}B",
        "target_bucket": "other-bucket",
    },
    "bucket_replication_info": {"bucket": BUCKET},
    "object": {"bucket": BUCKET, "key": "k"},
    "object_check": {"bucket": BUCKET, "key": "k", "wait": False},
}


def _service(module: str) -> str:
    service = task_of(module).service
    return service.name if service else ""


IAM = [name for name in GOOD if _service(name) == "iam"]
S3 = [name for name in GOOD if _service(name) == "s3"]
#: By module: a pattern of what each message names, which is the resource in the valid options.
SUBJECT = dict.fromkeys(IAM, "Reader|Reading|credentials") | dict.fromkeys(S3, BUCKET)


class Keyless(Side):
    """A side whose connections have no credentials."""

    def connection(self, service: str) -> dict[str, Any]:
        return {"endpoint_url": super().connection(service)["endpoint_url"]}


def run_at(side: Side, module: str, /, **bad: Any) -> Result:
    """Runs the module with valid options, some replaced by `bad`, and without retries."""
    options = {"retry_timeout": 0, **GOOD[module], **bad}
    return side.run(module, **{k: value for k, value in options.items() if value is not LEFT_OUT})


def assert_failure(result: Result, *parts: str) -> str:
    """Asserts that the task failed without changes, and its message is sentences with these parts; returns it."""
    message = str(result.get("msg"))
    assert result.get("failed") is True, result
    assert result["changed"] is False, result
    assert message.endswith("."), message
    assert not re.search(r"Traceback|Error\(| :|(?<!\.)\.\.( |$)", message), message
    for part in parts:
        assert part in message, message
    return message
