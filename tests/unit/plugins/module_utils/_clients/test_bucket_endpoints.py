# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URLs of buckets equal those of botocore's rules, which are not evaluated for each bucket."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from ansible_collections.scality.backbeat.plugins.module_utils._clients import wire

NAMES = ("abc", "source-bucket", "a.b.c", "bucket", "my-bucket", "1-2-3", "b" * 63)
#: Names that botocore treats specially, or refuses.
OTHERS = (
    "Upper_case",
    "ab",
    "b" * 64,
    "a--usw2-az1--x-s3",
    "arn:aws:s3:us-east-1:123456789012:accesspoint:one",
    "with space",
    "",
)


@cache
def session() -> Any:
    """One for all clients: it keeps what it has read of S3's model, which is long."""
    return botocore.session.get_session()


def client(url: str, style: str, adapted: bool) -> Any:
    made = session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(s3={"addressing_style": style}),
    )
    if adapted:
        wire.adapt(made)
    return made


class Sent(Exception):
    """Ends a call before it is sent."""


def url_of(made: Any, bucket: str) -> str:
    """The URL of a call, or the error."""

    def end(request: Any, **_event: Any) -> None:
        raise Sent(request.url)

    made.meta.events.register_first("before-send.s3", end)
    try:
        made.get_bucket_versioning(Bucket=bucket)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("the call was sent")


@pytest.mark.parametrize(
    "url", ["http://node1:8000", "https://s3.example.com", "http://[::1]:8000"]
)
@pytest.mark.parametrize("style", ["path", "virtual", "auto"])
def test_urls_are_those_of_botocore(url: str, style: str) -> None:
    ours, theirs = client(url, style, adapted=True), client(url, style, adapted=False)
    for bucket in NAMES + OTHERS:
        assert url_of(ours, bucket) == url_of(theirs, bucket), bucket
    assert url_of(ours, "abc").startswith("Sent: ")


def test_rules_are_evaluated_once_for_all_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    made = client("http://node1:8000", "path", adapted=True)
    rules = made._ruleset_resolver._provider._provider.ruleset
    evaluated: list[Any] = []
    evaluate = rules.evaluate
    monkeypatch.setattr(rules, "evaluate", lambda given: evaluated.append(given) or evaluate(given))
    for number in range(300):
        assert url_of(made, f"bucket-{number}").endswith(f"/bucket-{number}?versioning")
    assert len(evaluated) == 1
