# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source bucket that is older than its rule and an empty target bucket, for a backfill, in a separate process.

`python -m benchmarks.backfill_stub '{"versions": 10000, ..}'` listens on a free port, prints it, and ends with its
standard input. A version whose tags are put is COMPLETED and at the target at once. GET /_/calls returns how often each
kind of call about a version was made. Options:

    versions        how many the source has, each of another key
    delay           seconds before the answer to a request about a version is sent
    prebuilt        whether listings are made beforehand, which takes memory; true unless given
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter

from .verify_stub import Answer, Buckets, Connection

_COMMON = b"x-amz-request-id: stub\r\nDate: Tue, 25 Nov 2026 00:00:00 GMT\r\n"
_TAGS = (
    b'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>team</Key><Value>storage</Value></Tag>'
    b"</TagSet></Tagging>"
)
_RULES = (
    b'<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>arn:aws:iam::1:role/a,'
    b"arn:aws:iam::2:role/b</Role><Rule><ID>all</ID><Prefix></Prefix><Status>Enabled</Status><Destination>"
    b"<Bucket>arn:aws:s3:::target-bucket</Bucket></Destination></Rule></ReplicationConfiguration>"
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NONE = {
    "replication": b"ReplicationConfigurationNotFoundError",
    "lifecycle": b"NoSuchLifecycleConfiguration",
    "object-lock": b"ObjectLockConfigurationNotFoundError",
}


class Versions(Connection):
    """One client's connection, for requests with bodies."""

    #: The source's paths with versions whose tags were put, on all connections.
    sent: set[str] = set()  # noqa: RUF012 - it is the stub's state
    calls: Counter[str] = Counter()  # noqa: RUF012 - likewise

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _mark, rest = self.buffer.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self.buffer = rest[size:]
            method, target, _version = head.split(b"\r\n", 1)[0].decode().split(" ")
            answer = self._answer(method, target)
            if self.delays["HEAD"] and "versionId" in target:
                asyncio.get_running_loop().call_later(self.delays["HEAD"], self._write, answer)
            else:
                self._write(answer)

    def _answer(self, method: str, target: str) -> Answer:
        path, _mark, query = target.partition("?")
        if path == "/_/calls":
            return _answer(json.dumps(self.calls).encode())
        if "versionId" in query:
            kind = " tagging" if "tagging" in query else ""
            self.calls[f"{method} {path[1:7]}{kind}"] += 1
        name = f"{path.partition('bucket/')[2]}?{query.rpartition('versionId=')[2]}"
        if method == "HEAD":
            return self._head(name, at_target=path.startswith("/target-bucket"))
        if method == "PUT":
            self.sent.add(name)
            return _answer(b"")
        if query.startswith("tagging"):
            return _answer(_TAGS)
        if "versions" in query:
            return super()._answer(method, target)
        if query.startswith("replication") and path.startswith("/source-bucket"):
            return _answer(_RULES)
        if query.startswith("notification"):
            return _answer(b"<NotificationConfiguration/>")
        code = _NONE.get(query.partition("=")[0], b"NoSuchKey")
        return _answer(b"<Error><Code>" + code + b"</Code></Error>", b"404 Not Found")

    def _head(self, name: str, *, at_target: bool) -> tuple[bytes, bytes]:
        if at_target and name not in self.sent:
            return _answer(b"", b"404 Not Found")
        status = b"x-amz-replication-status: COMPLETED\r\n" if name in self.sent else b""
        version = name.rpartition("?")[2].encode()
        more = status + b"x-amz-version-id: " + version + b"\r\n"
        return _answer(b"", more=more)


def _answer(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> tuple[bytes, bytes]:
    lines = b"Content-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + _COMMON + more + lines, body


async def main() -> None:
    """Serve until standard input ends."""
    options = json.loads(sys.argv[1])
    versions, delay = options["versions"], options.get("delay", 0.0)
    buckets = Buckets(versions, versions)
    if options.get("prebuilt", True):
        buckets.build()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Versions(buckets, 0.0, delay), "127.0.0.1", 0, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
