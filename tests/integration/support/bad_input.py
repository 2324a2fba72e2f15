# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module with options that are good, for tests that spoil one of them, and what a complaint must be like."""

from __future__ import annotations

import re
from typing import Any

from tests.integration.support.modules import Result, Side, task_of

BUCKET = "some-bucket"
ROLE = "arn:aws:iam::123456789012:role/"
#: The value of a good option that is not to be given.
LEFT_OUT = object()
#: Options of each module that talks to one endpoint.
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
#: What each message names: the thing that the good options are about.
SUBJECT = dict.fromkeys(IAM, "Reader|Reading|credentials") | dict.fromkeys(S3, BUCKET)


class Keyless(Side):
    """A side whose modules are given no credentials."""

    def connection(self, service: str) -> dict[str, Any]:
        return {"endpoint_url": super().connection(service)["endpoint_url"]}


def run_at(side: Side, module: str, /, **bad: Any) -> Result:
    """The result with good options but for some; nothing is tried again."""
    options = {"retry_timeout": 0, **GOOD[module], **bad}
    return side.run(module, **{k: value for k, value in options.items() if value is not LEFT_OUT})


def complaint(result: Result, *parts: str) -> str:
    """The message of a failure, which is whole sentences with these parts, and left nothing changed."""
    message = str(result.get("msg"))
    assert result.get("failed") is True, result
    assert result["changed"] is False, result
    assert message.endswith("."), message
    assert not re.search(r"Traceback|Error\(| :|(?<!\.)\.\.( |$)", message), message
    for part in parts:
        assert part in message, message
    return message
