# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 and IAM responses that are faster than any client, so that a benchmark measures the client.

`python -m benchmarks.stub` listens on four free ports of loopback, prints {"source_s3": port, ..} in one line, and ends
with its standard input. It checks no signatures, and its state is just sufficient for the calls of setting up a
replication. It responds to unknown requests with 501.

On each port, GET /_/calls returns that port's calls as a list of strings and clears them, and POST /_/reset clears
the state.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast
from urllib.parse import urlsplit

from .stub_iam import IamAnswers
from .stub_s3 import Answer, S3Answers

REASONS = {200: b"OK", 404: b"Not Found", 409: b"Conflict", 501: b"Not Implemented"}
ACCOUNTS = {"source": "123456789012", "target": "678901234567"}


class Connection(asyncio.Protocol):
    """One client's connection: parses requests and sends responses."""

    def __init__(self, answers: S3Answers | IamAnswers) -> None:
        self.answers = answers
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, mark, rest = self.buffer.partition(b"\r\n\r\n")
            if not mark:
                return
            lowered = head.lower()
            length = _content_length(lowered)
            if len(rest) < length:
                if not rest and b"100-continue" in lowered:
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self.buffer = rest[length:]
            method, target, _version = head.split(b"\r\n", 1)[0].decode().split(" ")
            self.transport.write(self._answer(method, target, rest[:length]))

    def _answer(self, method: str, target: str, body: bytes) -> bytes:
        if target.startswith("/_/"):
            answer: Answer = (200, {}, self._control(target))
        else:
            answer = self.answers.answer(method, urlsplit(target), body)
        status, headers, content = answer
        headers.setdefault("Content-Length", str(len(content)))
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return (
            b"HTTP/1.1 %d %s\r\nx-amz-request-id: stub\r\n" % (status, REASONS[status])
            + fields.encode()
            + b"\r\n"
            + (b"" if method == "HEAD" else content)
        )

    def _control(self, target: str) -> bytes:
        if target == "/_/reset":
            self.answers.reset()
            return b"{}"
        calls, self.answers.calls = self.answers.calls, []
        return json.dumps(calls).encode()


def _content_length(head: bytes) -> int:
    _before, mark, after = head.partition(b"\r\ncontent-length:")
    return int(after.partition(b"\r\n")[0]) if mark else 0


async def _listen(answers: S3Answers | IamAnswers) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0, backlog=512)
    return int(server.sockets[0].getsockname()[1])


async def main() -> None:
    """Serve until standard input ends."""
    ports = {}
    for side, account in ACCOUNTS.items():
        ports[f"{side}_s3"] = await _listen(S3Answers())
        ports[f"{side}_iam"] = await _listen(IamAnswers(account))
    print(json.dumps(ports), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
