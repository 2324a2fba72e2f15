# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stub's S3: buckets, their versioning and their replication configurations, as sent by the client.

It replaces the sandbox in benchmarks, because moto takes more time for a response than a client for its request. It
passes the contract (tests/contract) for the calls that it supports.
"""

from __future__ import annotations

from urllib.parse import SplitResult

Answer = tuple[int, dict[str, str], bytes]
XML = {"Content-Type": "application/xml"}
UNVERSIONED = b"<VersioningConfiguration/>"


class S3Answers:
    """One environment's S3. `calls`: "GET /bucket?versioning" and so on, oldest first."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.stored: dict[str, bytes] = {}

    def reset(self) -> None:
        """Clear the state."""
        self.calls = []
        self.stored = {}

    def answer(self, method: str, target: SplitResult, body: bytes) -> Answer:
        """The status, headers and body for a request."""
        question = target.query.rstrip("=")
        what = f"{target.path}?{question}" if question else target.path
        self.calls.append(f"{method} {what}")
        bucket = target.path
        if bucket.count("/") != 1 or question not in ("", "versioning", "replication"):
            return _error(501, "NotImplemented")
        if method == "PUT" and not question:
            self.stored[bucket] = b""
            return 200, {}, b""
        if bucket not in self.stored:
            return _error(404, "NoSuchBucket")
        if method == "PUT":
            self.stored[what] = _as_stored(body) if question == "replication" else body
            return 200, {}, b""
        if method != "GET" or not question:
            return _error(501, "NotImplemented")
        if what in self.stored:
            return 200, dict(XML), self.stored[what]
        if question == "versioning":
            return 200, dict(XML), UNVERSIONED
        return _error(404, "ReplicationConfigurationNotFoundError")


def _as_stored(configuration: bytes) -> bytes:
    """The configuration with an ID for each rule without one, as the server generates them."""
    head, *rules = configuration.split(b"<Rule>")
    named = [
        rule if b"<ID>" in rule else b"<ID>made-up-%d</ID>" % number + rule
        for number, rule in enumerate(rules)
    ]
    return b"<Rule>".join([head, *named])


def _error(status: int, code: str) -> Answer:
    text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return status, dict(XML), text.encode()
