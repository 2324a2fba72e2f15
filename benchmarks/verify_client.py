# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that compare the stub's buckets; each prints its time (without its start) and memory as JSON.

`python -m benchmarks.verify_client KIND '{"url": .., ..}'`, with a KIND of:

    ours        the job of backbeat_verify, with its options
    boto3       a loop over both listings that compares the same fields
    heads       ours: HEAD requests of so many keys (number, workers)
    boto3-heads the same by boto3 in threads
    raw         the pages, read and thrown away: what the stub is able to send
"""

from __future__ import annotations

import functools
import http.client
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from botocore.config import Config

from ansible_collections.scality.backbeat.plugins.module_utils._clients.heads import HeadRequests
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import (
    open_api,
    warm,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_verify import TASK

KEYS = {"access_key": "BENCHMARK", "secret_key": "not-a-secret"}
BUCKETS = ("source-bucket", "target-bucket")
Options = Mapping[str, Any]


def ours(options: Options) -> Any:
    """Run backbeat_verify. Returns the states that it finds."""
    s3 = {"endpoint_url": options["url"], **KEYS}
    given = {
        "source": {"bucket": BUCKETS[0], "s3": s3},
        "target": {"bucket": BUCKETS[1], "s3": s3},
        "fail": False,
        **options["options"],
    }
    validated = ArgumentSpecValidator(**TASK.argument_spec()).validate(given)
    result = TASK.run(validated.validated_parameters, check_mode=False)
    if result.get("failed"):
        raise SystemExit(result["msg"])
    states = result["verification"]["states"]
    return {name: tally["count"] for name, tally in states.items() if tally["count"]}


def by_boto3(options: Options) -> Any:
    """Compute the same counts with boto3's paginator."""
    listings = (_versions(options["url"], bucket) for bucket in BUCKETS)
    equal = sum(one == other for one, other in zip_longest(*listings))
    return {"in_sync": equal}


def _versions(url: str, bucket: str) -> Any:
    pages = (
        plain_client(url, max_pool_connections=10)
        .get_paginator("list_object_versions")
        .paginate(Bucket=bucket)
    )
    for page in pages:
        for one in page.get("Versions", []):
            yield tuple(
                one[name]
                for name in ("Key", "VersionId", "IsLatest", "LastModified", "ETag", "Size")
            )


def heads(options: Options) -> Any:
    """Send HEAD requests as backbeat_verify does."""
    connection = {"endpoint_url": options["url"], **KEYS, "region": "us-east-1"}
    names = ("profile", "session_token", "aws_ca_bundle", "aws_config")
    api = open_api(S3, {**dict.fromkeys(names), "validate_certs": True, **connection})
    requests = HeadRequests(api, BUCKETS[0])
    return side_by_side(options, lambda number: requests.head(b"%016x" % number, b"1"))


def boto3_heads(options: Options) -> Any:
    """Send HEAD requests with boto3."""
    client = plain_client(options["url"], max_pool_connections=options["workers"])
    return side_by_side(
        options,
        lambda number: client.head_object(Bucket=BUCKETS[0], Key=f"{number:016x}", VersionId="1"),
    )


def side_by_side(options: Options, do: Callable[[int], Any]) -> int:
    """Call `do` for numbers in parallel workers, as in the job. Returns the number of responses."""
    numbers = iter(range(options["number"]))

    def work(_worker: int) -> int:
        return sum(1 for number in numbers if do(number))

    with ThreadPoolExecutor(options["workers"]) as pool:
        return sum(pool.map(work, range(options["workers"])))


@functools.cache
def plain_client(url: str, **config: Any) -> Any:
    """A plain botocore client, shared by all threads."""
    return botocore.session.Session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, **config),
    )


def raw(options: Options) -> Any:
    """Read both listings. Returns their size in bytes."""
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda bucket: _read(options["url"], bucket), BUCKETS))


def _read(url: str, bucket: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    size, marker = 0, ""
    while True:
        connection.request("GET", f"/{bucket}?versions&key-marker={marker}")
        body = connection.getresponse().read()
        size += len(body)
        begin = body[:600]
        if b"<IsTruncated>true" not in begin:
            return size
        marker = begin.partition(b"<NextKeyMarker>")[2].partition(b"<")[0].decode()


KINDS: dict[str, Callable[[Options], Any]] = {
    "ours": ours,
    "boto3": by_boto3,
    "heads": heads,
    "boto3-heads": boto3_heads,
    "raw": raw,
}


def measured(kind: Callable[[Options], Any], options: Options) -> dict[str, Any]:
    """Measure one kind: {"result", "seconds", "cpu", "memory"}, with the peak memory in MB."""
    # Load the modules that Ansible's controller loads at its start, and boto3's, before measuring.
    warm()
    plain_client(options["url"], max_pool_connections=options.get("workers", 10))
    began, cpu = time.perf_counter(), time.process_time()
    result = kind(options)
    return {
        "result": result,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Run one kind, and print its measurements."""
    print(json.dumps(measured(KINDS[sys.argv[1]], json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()
