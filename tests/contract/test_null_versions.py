# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`null` versions: of objects that were put before versioning was enabled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.replicating import Replicated, code_of, document, new_bucket, new_role, rows
from tests.contract.servers import Server


@pytest.fixture
def late(pair: tuple[Server, Server]) -> Replicated:
    """A pair whose source bucket has versioning from now on, and a `null` version of each key."""
    source, target = pair
    bucket, target_bucket = new_bucket(source, versioning=None), new_bucket(target)
    for key in ("alone", "under"):
        source.s3.put_object(Bucket=bucket, Key=key, Body=b"null")
    source.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    both = (["s3:*"], "*")
    roles = f"{new_role(source, document(both))},{new_role(target, document(both))}"
    made = Replicated(source, target, bucket, target_bucket, roles)
    made.configure()
    return made


def content(made: Replicated, key: str, **named: str) -> bytes:
    answer = made.target.s3.get_object(Bucket=made.target_bucket, Key=key, **named)
    body: bytes = answer["Body"].read()
    return body


def ids(made: Replicated, key: str) -> list[str]:
    listed = rows(made.target.s3, made.target_bucket, Prefix=key)
    return [one["VersionId"] for one in listed]


def head(made: Replicated, key: str, version: str) -> dict[str, Any]:
    return made.head_target(key, version)


@pytest.mark.contract("null versions")
def test_a_single_null_version_is_null_on_the_target_too(late: Replicated) -> None:
    assert late.status("alone") is None
    late.tag("alone", "null")
    late.arrived("alone", "null")
    assert content(late, "alone") == b"null"
    assert ids(late, "alone") == ["null"]
    assert head(late, "alone", "null")["ReplicationStatus"] == "REPLICA"


@pytest.mark.contract("null versions")
def test_sent_before_newer_versions_in_order_the_target_is_correct(late: Replicated) -> None:
    late.tag("under", "null")
    late.arrived("under", "null")
    newer = late.put("under", b"newer")
    late.arrived("under", newer)
    assert content(late, "under") == b"newer"
    assert ids(late, "under") == [newer, "null"]
    assert content(late, "under", VersionId="null") == b"null"


@pytest.mark.contract("null versions")
def test_sent_after_a_newer_version_a_null_version_becomes_current(late: Replicated) -> None:
    """The target returns old content, although the statuses are COMPLETED and REPLICA."""
    newer = late.put("under", b"newer")
    late.arrived("under", newer)
    assert content(late, "under") == b"newer"
    late.tag("under", "null")
    late.arrived("under", "null")
    assert content(late, "under") == b"null"
    assert late.head("under")["VersionId"] == newer
    assert content(late, "under", VersionId=newer) == b"newer"


@pytest.mark.contract("null versions")
@pytest.mark.parametrize("where", ["source", "target"])
def test_tags_on_the_newest_version_hide_the_null_version(late: Replicated, where: str) -> None:
    if late.target.sandbox is None:
        pytest.skip("some real servers hide it, others do not")
    late.tag("under", "null")
    late.arrived("under", "null")
    newer = late.put("under", b"newer")
    late.arrived("under", newer)
    if where == "source":
        late.tag("under", newer, team="storage")
        late.arrived("under", newer)
    else:
        named = {"Bucket": late.target_bucket, "Key": "under", "VersionId": newer}
        tags = [{"Key": "team", "Value": "storage"}]
        late.target.s3.put_object_tagging(**named, Tagging={"TagSet": tags})
    named = {"Bucket": late.target_bucket, "Key": "under", "VersionId": "null"}
    late.wait(lambda: _gone(late, named))
    assert code_of(late.target.s3.head_object, **named) == (404, "404")
    assert "null" in ids(late, "under")
    assert content(late, "under") == b"newer"
    assert late.status("under", "null") == late.status("under", newer) == "COMPLETED"


def _gone(made: Replicated, named: dict[str, str]) -> bool:
    try:
        made.target.s3.head_object(**named)
    except made.target.s3.exceptions.ClientError:
        return True
    return False
