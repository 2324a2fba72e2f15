# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes of a version from a HEAD request, directly and with botocore."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import heads
from ansible_collections.scality.backbeat.plugins.module_utils._clients.direct import Reply
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Forbidden
from ansible_collections.scality.backbeat.plugins.module_utils._clients.heads import HeadRequests
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Head,
)

from ...fake_client import refusal
from ...fake_s3 import FakeS3

S3 = {"x-amz-request-id": "R1"}
SHOWN = {**S3, "x-amz-version-id": "v1", "x-amz-replication-status": "COMPLETED"}


class Direct:
    """Requests without botocore, with one response for all."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.keys: list[bytes] = []

    def send(self, method: str, key: bytes, version_id: bytes | None) -> Reply:
        assert method == "HEAD"
        self.keys.append(key)
        return self.reply


def requests(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, s3: FakeS3 | None = None, **options: Any
) -> tuple[HeadRequests, Direct]:
    direct = Direct(reply)
    monkeypatch.setattr(heads, "DirectRequests", lambda _api, _bucket: direct)
    return HeadRequests((s3 or FakeS3()).api(), "a-bucket", **options), direct


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        (SHOWN, Head("COMPLETED", "v1")),
        (S3, Head(None, "null")),
        ({**SHOWN, "x-amz-replication-status": ""}, Head(None, "v1")),
        ({**SHOWN, "x-amz-meta-scal-replica": "true"}, Head("REPLICA", "v1")),
        ({**SHOWN, "x-amz-meta-scal-replication-status": "REPLICA"}, Head("REPLICA", "v1")),
        ({**SHOWN, "x-amz-meta-scal-replica": ""}, Head("COMPLETED", "v1")),
        (
            {**SHOWN, "x-amz-server-side-encryption": "aws:kms"},
            Head("COMPLETED", "v1", encrypted=True),
        ),
        (
            {**SHOWN, "x-amz-server-side-encryption-customer-algorithm": "AES256"},
            Head("COMPLETED", "v1", encrypted=True),
        ),
        ({**SHOWN, "x-amz-meta-scal-version-id": "s1"}, Head("COMPLETED", "v1", source_id="s1")),
        ({**SHOWN, "x-amz-meta-cloud-replication-status": "FAILED"}, Head("COMPLETED", "v1")),
    ],
)
def test_the_attributes_of_a_version_from_headers(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], shown: Head
) -> None:
    asked, _direct = requests(monkeypatch, Reply(200, headers))
    assert asked.head(b"k", b"v1") == shown


def test_the_status_of_a_site_has_precedence_over_the_overall_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = {"x-amz-meta-cloud-replication-status": "FAILED", "x-amz-meta-cloud-version-id": "c1"}
    asked, direct = requests(monkeypatch, Reply(200, {**SHOWN, **site}), site="Cloud")
    assert asked.head(b"k", b"v1") == Head("FAILED", "v1", copy_id="c1")
    direct.reply = Reply(200, SHOWN)
    assert asked.head(b"k", b"v1") == Head("COMPLETED", "v1")


@pytest.mark.parametrize("status", [404, 405])
def test_a_missing_version_or_a_delete_marker_is_none(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    s3 = FakeS3()
    asked, _direct = requests(monkeypatch, Reply(status, S3), s3)
    assert asked.head(b"k", b"v1") is None
    assert s3.calls == []


def test_a_copy_is_read_with_the_targets_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, direct = requests(monkeypatch, Reply(200, SHOWN), below="copies/")
    asked.head(b"k", None)
    assert direct.keys == [b"copies/k"]


@pytest.mark.parametrize(
    ("reply", "slow"),
    [
        (Reply(503, S3), 1),
        (Reply(429, S3), 1),
        (Reply(500, S3), 0),
        (Reply(0, {}), 0),
        # Not from an S3 server, such as a proxy's.
        (Reply(404, {}), 0),
        (Reply(200, {}), 0),
    ],
)
def test_other_responses_are_requested_again_with_botocore(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, slow: int
) -> None:
    s3, slowed = FakeS3(), []
    s3._add("a-bucket")
    s3._put("a-bucket", "k", Metadata={"Scal-Replica": "true"}, ReplicationStatus="PENDING")
    asked, _direct = requests(monkeypatch, reply, s3, slowed=lambda: slowed.append(1))
    assert asked.head(b"k", b"k-1") == Head("REPLICA", "k-1")
    assert asked.head(b"k", b"other") is None
    assert asked.head(b"k", None) == Head("REPLICA", "k-1")
    assert len(slowed) == 3 * slow


def test_a_refusal_is_not_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = FakeS3()
    s3.before("head_object", refusal("403", "Forbidden", 403))
    asked, _direct = requests(monkeypatch, Reply(403, S3), s3)
    with pytest.raises(Forbidden):
        asked.head(b"k", b"v1")
