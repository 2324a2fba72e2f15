# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small object that is put on the source, has to arrive on the target, and is removed on both sides."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ..._clients import s3_objects
from ..._clients.api import Api
from ..._clients.errors import ApiError
from ..._progress import Progress
from ..object_check import ObjectCheck, ObjectCheckRequest, Replica
from ..query import Unsatisfied
from .findings import Findings
from .sides import Side

BODY = b"Put by backbeat_preflight to prove that replication works; it may be deleted.\n"


def fly(
    source: Side,
    target: Side,
    prefix: str,
    options: Mapping[str, Any],
    findings: Findings,
    progress: Progress,
) -> dict[str, Any] | None:
    """Put it, wait for it, remove it. Answers what was seen, None where it could not be put.

    Its key is of one run alone, so that no other object is touched. Deleting a version for good is never
    replicated, so it is deleted on each side.
    """
    here, there = source.s3.api, target.s3.api
    if here is None or there is None:
        return None
    key = f"{prefix}{options['key']}-{uuid.uuid4()}"
    try:
        version, _etag = s3_objects.put_object(
            here, source.bucket, key, BODY, metadata={}, tags={}, content_type="text/plain"
        )
    except ApiError as error:
        findings.add("canary-not-put", source.where, str(error))
        return None
    request = ObjectCheckRequest(
        bucket=source.bucket,
        key=key,
        version_id=version,
        replica=Replica(target.bucket, key),
        timeout=options["wait_timeout"],
        max_delay=options["wait_max_delay"],
    )
    check = ObjectCheck(request, here, there, progress=progress)
    try:
        seen = check.run()
    except Unsatisfied as unsatisfied:
        findings.add("canary-not-replicated", source.where, str(unsatisfied))
        seen = unsatisfied.seen
    except ApiError as error:
        findings.add("canary-not-replicated", source.where, str(error))
        seen = {}
    for side, api in ((target, there), (source, here)):
        _remove(api, side, key, version, findings)
    return seen


def _remove(api: Api, side: Side, key: str, version: str | None, findings: Findings) -> None:
    try:
        s3_objects.delete_object(api, side.bucket, key, version)
    except ApiError as error:
        findings.add("canary-left-behind", side.where, f"{key}, version {version}: {error}")
