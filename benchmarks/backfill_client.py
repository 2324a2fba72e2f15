# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that send the stub's versions again; each prints its time (without its start) and memory as JSON.

`python -m benchmarks.backfill_client KIND '{"url": .., "workers": 16}'`, with a KIND of:

    ours    the job of backbeat_backfill
    boto3   the same calls for each version, by boto3 in threads
    raw     the same requests without signatures, discarding the responses: the stub's own limit
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.modules.backbeat_backfill import TASK

from .verify_client import BUCKETS, KEYS, Options, measured, plain_client, side_by_side

SOURCE, TARGET = BUCKETS


def ours(options: Options) -> Any:
    """Run backbeat_backfill. Returns how many versions it sent."""
    s3 = {"endpoint_url": options["url"], **KEYS}
    given = {
        "source": {"bucket": SOURCE, "s3": s3},
        "target": {"bucket": TARGET, "s3": s3},
        "senders": options["workers"],
    }
    validated = ArgumentSpecValidator(**TASK.argument_spec()).validate(given)
    result = TASK.run(validated.validated_parameters, check_mode=False)
    if result.get("failed"):
        raise SystemExit(result["msg"])
    return result["backfill"]["sent_count"]


def versions(options: Options) -> list[tuple[str, str]]:
    """All keys and version ids of the source that are not at the target."""
    source, target = (
        [
            (one["Key"], one["VersionId"])
            for page in plain_client(options["url"])
            .get_paginator("list_object_versions")
            .paginate(Bucket=bucket)
            for one in page.get("Versions", ())
        ]
        for bucket in BUCKETS
    )
    there = set(target)
    return [one for one in source if one not in there]


def by_boto3(options: Options) -> Any:
    """Make the calls of a backfill for each version with boto3. Returns how many were sent."""
    client = plain_client(options["url"], max_pool_connections=options["workers"])
    found = versions(options)

    def send(number: int) -> bool:
        key, version = found[number]
        named = {"Bucket": SOURCE, "Key": key, "VersionId": version}
        # HEAD for the state, and again with the replica just before the put.
        client.head_object(**named)
        client.head_object(**named)
        with contextlib.suppress(client.exceptions.ClientError):
            client.head_object(**{**named, "Bucket": TARGET})
        tags = client.get_object_tagging(**named)["TagSet"]
        client.put_object_tagging(**named, Tagging={"TagSet": tags})
        return bool(client.get_object_tagging(**named)["TagSet"] == tags)

    return side_by_side({"number": len(found), "workers": options["workers"]}, send)


def raw(options: Options) -> Any:
    """Send the same requests without signatures."""
    port = int(options["url"].rpartition(":")[2])
    found = iter(versions(options))

    async def work() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        for key, version in found:
            place = f"{key}?versionId={version}"
            tags = f"{key}?tagging=&versionId={version}"
            for method, target, body in (
                ("HEAD", f"/{SOURCE}/{place}", ""),
                ("HEAD", f"/{SOURCE}/{place}", ""),
                ("HEAD", f"/{TARGET}/{place}", ""),
                ("GET", f"/{SOURCE}/{tags}", ""),
                ("PUT", f"/{SOURCE}/{tags}", "x" * 160),
                ("GET", f"/{SOURCE}/{tags}", ""),
            ):
                head = f"{method} {target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                writer.write(head.encode())
                answer = await reader.readuntil(b"\r\n\r\n")
                if method == "GET":
                    await reader.readexactly(int(answer.split(b"Content-Length: ")[1].split()[0]))
            count += 1
        writer.close()
        return count

    async def whole() -> int:
        return sum(await asyncio.gather(*(work() for _worker in range(options["workers"]))))

    return asyncio.run(whole())


KINDS = {"ours": ours, "boto3": by_boto3, "raw": raw}


if __name__ == "__main__":
    print(json.dumps(measured(KINDS[sys.argv[1]], json.loads(sys.argv[2]))))
