# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox gives the recorded responses of a CloudServer, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import Sandbox
from sandbox.tests.helpers import DATA, RECORDED, SOURCE, make_bucket

pytestmark = pytest.mark.sandbox


def put(s3: Any, case: dict[str, Any]) -> dict[str, Any]:
    try:
        s3.put_bucket_replication(Bucket=SOURCE, ReplicationConfiguration=case["configuration"])
    except ClientError as error:
        answer = error.response
        return {
            "status": answer["ResponseMetadata"]["HTTPStatusCode"],
            "code": answer["Error"]["Code"],
            "message": answer["Error"]["Message"],
        }
    return {"status": 200}


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_response_is_the_recorded_one(sandbox: Sandbox, case: dict[str, Any]) -> None:
    if case.get("bucket") != "does not exist":
        make_bucket(sandbox.source, SOURCE, case["versioning"])
    caller = sandbox.source.other if case.get("caller") == "another account" else None
    # The client must not validate what the server has to validate.
    s3 = sandbox.source.client("s3", caller, parameter_validation=False)
    assert put(s3, case) == case["answer"]
    if "stored" in case:
        stored = s3.get_bucket_replication(Bucket=SOURCE)["ReplicationConfiguration"]
        for rule, sent in zip(stored["Rules"], case["configuration"]["Rules"], strict=True):
            if not sent.get("ID"):
                assert len(rule["ID"]) == 48
                rule["ID"] = "<generated>"
        assert stored == case["stored"]


def test_generated_ids_change_at_every_put(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    ids = set()
    for _ in range(2):
        put(s3, RECORDED[0])
        answer = s3.get_bucket_replication(Bucket=SOURCE)
        ids.add(answer["ReplicationConfiguration"]["Rules"][0]["ID"])
    assert len(ids) == 2


def test_implementation_does_not_read_the_recordings() -> None:
    for file in DATA.parent.glob("*.py"):
        assert "put-bucket-replication" not in file.read_text(), file
