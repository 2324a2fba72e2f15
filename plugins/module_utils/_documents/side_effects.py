# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describes the side effects of putting back the tags of many versions, for the user to read before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Configuration = Mapping[str, Any]
#: The names of the events of a backfill's calls in notifications.
TAGGING = "s3:ObjectTagging:Put"
MARKER = "s3:ObjectRemoved:DeleteMarkerCreated"
_QUEUES = ("QueueConfigurations", "TopicConfigurations", "LambdaFunctionConfigurations")


def notified(configuration: Configuration, event: str) -> list[str]:
    """The receivers of a bucket's notifications about an event: ARNs, or the ids of notifications without one.

    configuration: the result of boto3's GetBucketNotificationConfiguration.
    """
    kind = event.rpartition(":")[0]
    names = []
    for queue in _QUEUES:
        for one in configuration.get(queue) or ():
            if any(pattern in (event, f"{kind}:*", "s3:*") for pattern in one.get("Events") or ()):
                arn = next((str(value) for name, value in one.items() if name.endswith("Arn")), "")
                names.append(arn or str(one.get("Id") or "a notification"))
    return names


def rules_by_tag(rules: Sequence[Configuration]) -> list[str]:
    """The enabled lifecycle rules, as boto3 returns them, with a tag in their filter."""
    found = []
    for rule in rules:
        given = rule.get("Filter") or {}
        both = given.get("And") or {}
        if rule.get("Status") == "Enabled" and (given.get("Tag") or both.get("Tags")):
            found.append(_label(rule))
    return found


def expiring_rules(rules: Sequence[Configuration]) -> list[str]:
    """The enabled lifecycle rules that remove versions, current or not."""
    return [
        _label(rule)
        for rule in rules
        if rule.get("Status") == "Enabled"
        and (rule.get("Expiration") or rule.get("NoncurrentVersionExpiration"))
    ]


def _label(rule: Configuration) -> str:
    return str(rule.get("ID") or "a rule without an id")


def sentences(
    bucket: str,
    target_bucket: str,
    *,
    notifications: Configuration | None,
    lifecycle: Sequence[Configuration],
    object_lock: bool,
    target_lock: bool,
    target_lifecycle: Sequence[Configuration] | None = None,
    deletes: bool = False,
) -> list[str]:
    """The side effects of a backfill of one pair.

    target_lifecycle: rules of the target, None if they are not relevant. deletes: whether delete markers are created.
    """
    found = []
    receivers = notified(notifications or {}, TAGGING)
    if receivers:
        found.append(
            f"The bucket {bucket} notifies {', '.join(receivers)} of each put of tags: each version that is sent "
            "causes such an event."
        )
    receivers = notified(notifications or {}, MARKER) if deletes else []
    if receivers:
        found.append(
            f"The bucket {bucket} notifies {', '.join(receivers)} of each delete marker: each key that is deleted "
            "once more causes such an event."
        )
    by_tag = rules_by_tag(lifecycle)
    if by_tag:
        found.append(
            f"Lifecycle rules of {bucket} select objects by tags ({', '.join(by_tag)}). Tags are put back as they "
            "were, so the rules select the same objects; tags that an application changes within the window of a put "
            "are lost, and the rules then no longer apply to these objects."
        )
    if object_lock:
        found.append(
            f"The bucket {bucket} has object lock: tags of locked versions may be put, and retention and legal holds "
            "stay as they are."
        )
    if target_lock:
        found.append(
            f"The target bucket {target_bucket} has object lock: versions that arrive cannot be deleted there until "
            "their retention ends."
        )
    removing = expiring_rules(target_lifecycle or ())
    if removing:
        found.append(
            f"Lifecycle rules of the target bucket {target_bucket} remove versions ({', '.join(removing)}): versions "
            "that are missing there although they were replicated may have expired, and would expire again."
        )
    return found
