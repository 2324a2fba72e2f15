# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The side effects that a backfill announces."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.side_effects import (
    expiring_rules,
    notified,
    rules_by_tag,
    sentences,
)

PUT = "s3:ObjectTagging:Put"
QUEUE = "arn:aws:sqs:us-east-1:1:queue"


def announced(**found: Any) -> list[str]:
    given: dict[str, Any] = {
        "notifications": None,
        "lifecycle": (),
        "object_lock": False,
        "target_lock": False,
        **found,
    }
    return sentences("source-bucket", "target-bucket", **given)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([PUT], True),
        (["s3:ObjectTagging:*"], True),
        (["s3:*"], True),
        (["s3:ObjectTagging:Delete", "s3:ObjectCreated:*"], False),
        ([], False),
    ],
)
def test_receivers_of_notifications_about_tagging(events: list[str], told: bool) -> None:
    configuration = {"QueueConfigurations": [{"QueueArn": QUEUE, "Events": events}]}
    assert notified(configuration, PUT) == ([QUEUE] if told else [])
    assert bool(announced(notifications=configuration)) == told


def test_a_notification_without_an_arn_is_named_by_its_id() -> None:
    configuration = {"TopicConfigurations": [{"Id": "mine", "Events": ["s3:*"]}]}
    assert notified(configuration, PUT) == ["mine"]


def test_markers_are_announced_if_keys_are_deleted_again() -> None:
    configuration = {"QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectRemoved:*"]}]}
    assert announced(notifications=configuration) == []
    (sentence,) = announced(notifications=configuration, deletes=True)
    assert "of each delete marker" in sentence


def test_rules_by_tags_and_rules_that_remove() -> None:
    on: dict[str, Any] = {"Status": "Enabled"}
    rules = [
        {
            **on,
            "ID": "one",
            "Filter": {"Tag": {"Key": "a", "Value": "b"}},
            "Expiration": {"Days": 1},
        },
        {**on, "ID": "two", "Filter": {"And": {"Prefix": "p", "Tags": [{"Key": "a"}]}}},
        {**on, "ID": "three", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {}},
        {**on, "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        {"Status": "Disabled", "ID": "off", "Filter": {"Tag": {}}, "Expiration": {"Days": 1}},
    ]
    assert rules_by_tag(rules) == ["one", "two"]
    assert expiring_rules(rules) == ["one", "a rule without an id"]
    assert "(one, two)" in announced(lifecycle=rules)[0]
    assert announced(target_lifecycle=rules)[0].count("may have expired") == 1


def test_object_lock_on_either_side() -> None:
    assert "source-bucket has object lock" in announced(object_lock=True)[0]
    assert "target bucket target-bucket has object lock" in announced(target_lock=True)[0]
    assert announced() == []
