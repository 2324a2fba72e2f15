# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves two buckets of any size for a comparison from prebuilt pages, in a separate process.

`python -m benchmarks.verify_stub '{"versions": 100000, ..}'` listens on a free port, prints it, and ends with its
standard input. Buckets are source-bucket and target-bucket. Options:

    versions        how many the source has, each of another key, which is a hexadecimal number of 16 digits
    missing         how many of them the target lacks, evenly spread
    page_delay      seconds before a page is sent
    head_delay      seconds before the answer to a HEAD request is sent
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 1000
#: The pieces of a response, which are sent one after the other.
Answer = Sequence[bytes | memoryview]
BUCKETS = ("source-bucket", "target-bucket")
_HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name><Prefix></Prefix>'
    "<MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>"
)
_ROW = (
    "<Version><Key>{key}</Key><VersionId>393834353135333833373233313539393939{number:08x}</VersionId>"
    "<IsLatest>true</IsLatest><LastModified>2026-11-24T17:21:14.123Z</LastModified>"
    "<ETag>&quot;{number:032x}&quot;</ETag><Size>{number}</Size><Owner><ID>{owner}</ID>"
    "<DisplayName>account of the bucket</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Version>"
)


def all_keys(versions: int) -> list[str]:
    """The keys of this number of versions, in order; the same in every run."""
    chance = random.Random(1)  # noqa: S311
    return sorted(f"{chance.getrandbits(64):016x}" for _ in range(versions))


class Buckets:
    """The versions of both sides, and their pages as bytes."""

    def __init__(self, versions: int, missing: int) -> None:
        keys = all_keys(versions)
        every = versions // missing if missing else versions + 1
        self._numbers = {
            "source-bucket": list(range(versions)),
            "target-bucket": [n for n in range(versions) if n % every or not missing],
        }
        self._names = keys
        self._keys = {
            bucket: [keys[number] for number in numbers]
            for bucket, numbers in self._numbers.items()
        }
        # All rows of a bucket as bytes, and the offset of each, so that each page is a slice.
        self._built: dict[str, tuple[memoryview, array[int]]] = {}

    def build(self) -> None:
        """Build all rows in advance."""
        for bucket, numbers in self._numbers.items():
            rows = [self._row(bucket, number) for number in numbers]
            ends = accumulate(map(len, rows), initial=0)
            self._built[bucket] = memoryview(b"".join(rows)), array("Q", ends)

    def page(self, bucket: str, after: str, size: int) -> list[bytes | memoryview]:
        """The pieces of the page after a key marker."""
        begin = bisect_right(self._keys[bucket], after)
        numbers = self._numbers[bucket][begin : begin + size]
        rows: list[bytes | memoryview]
        if bucket in self._built:
            built, places = self._built[bucket]
            rows = [built[places[begin] : places[begin + len(numbers)]]]
        else:
            rows = [self._row(bucket, number) for number in numbers]
        truncated = begin + size < len(self._numbers[bucket])
        return [self._head(bucket, numbers, truncated), *rows, b"</ListVersionsResult>"]

    def _row(self, bucket: str, number: int) -> bytes:
        owner = f"{BUCKETS.index(bucket):064d}"
        return _ROW.format(key=self._names[number], number=number, owner=owner).encode()

    def _head(self, bucket: str, numbers: list[int], truncated: bool) -> bytes:
        parts = [_HEAD.format(bucket=bucket, truncated=str(truncated).lower())]
        if truncated:
            last = numbers[-1]
            parts.append(
                f"<NextKeyMarker>{self._names[last]}</NextKeyMarker>"
                f"<NextVersionIdMarker>393834353135333833373233313539393939{last:08x}</NextVersionIdMarker>"
            )
        return "".join(parts).encode()


class Connection(asyncio.Protocol):
    """One client's connection; responses are sent in the order of the requests."""

    def __init__(self, buckets: Buckets, page_delay: float, head_delay: float) -> None:
        self.buckets = buckets
        self.delays = {"GET": page_delay, "HEAD": head_delay}
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _mark, self.buffer = self.buffer.partition(b"\r\n\r\n")
            method, target, _version = head.split(b"\r\n", 1)[0].decode().split(" ")
            answer = self._answer(method, target)
            delay = self.delays[method]
            if delay:
                asyncio.get_running_loop().call_later(delay, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: Answer) -> None:
        if not self.transport.is_closing():
            self.transport.writelines(answer)

    def _answer(self, method: str, target: str) -> Answer:
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        common = b"x-amz-request-id: stub\r\nDate: Tue, 25 Nov 2026 00:00:00 GMT\r\n"
        if method == "HEAD":
            version = query.get("versionId", [""])[0].encode()
            return [
                b"HTTP/1.1 200 OK\r\n" + common + b'ETag: "e"\r\nContent-Length: 0\r\n'
                b"x-amz-replication-status: COMPLETED\r\nx-amz-version-id: " + version + b"\r\n\r\n"
            ]
        bucket = unquote(parts.path).strip("/")
        if "versions" in query and bucket in BUCKETS:
            after = query.get("key-marker", [""])[0]
            size = int(query.get("max-keys", [str(PAGE)])[0])
            body = self.buckets.page(bucket, after, size)
            status = b"200 OK"
        else:
            body = [
                b"<Error><Code>ReplicationConfigurationNotFoundError</Code><Message>no</Message></Error>"
            ]
            status = b"404 Not Found"
        lines = b"Content-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % sum(map(len, body))
        return [b"HTTP/1.1 " + status + b"\r\n" + common + lines, *body]


async def main() -> None:
    """Serve until standard input ends."""
    options = json.loads(sys.argv[1])
    buckets = Buckets(options["versions"], options.get("missing", 0))
    if options.get("prebuilt", True):
        buckets.build()
    delays = options.get("page_delay", 0.0), options.get("head_delay", 0.0)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(buckets, *delays), "127.0.0.1", 0, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
