# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of servers: how requests to each are signed, how its answers are recognised, and what a user can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Service:
    """One kind of server.

    name: botocore's name of the API; server: how messages call one; signature: botocore's version of the
    signatures, None for unsigned requests; root: the path before those of all calls.
    names_requests: whether each answer has the header x-amz-request-id, so that one without it comes from another
    server. denied, unsupported: the advice for these refusals; {operation} stands for the call.
    """

    name: str
    server: str
    signature: str | None
    names_requests: bool
    denied: str
    unsupported: str
    root: str = ""

    def is_stranger(self, metadata: Mapping[str, Any]) -> bool:
        """Whether an answer comes from something else, such as a proxy's web page.

        `metadata` is botocore's ResponseMetadata of the answer. Objects may be HTML themselves, so the content type
        alone says nothing.
        """
        headers = metadata.get("HTTPHeaders")
        if headers is None or metadata.get("RequestId") or "x-amz-request-id" in headers:
            return False
        return self.names_requests or "html" in headers.get("content-type", "")


DENIED = "These credentials are valid but may not do this here:"
NOT_S3 = "This endpoint does not support the S3 call {operation}: check that it is an S3 endpoint."
BUCKET_DENIED = (
    f"{DENIED} the bucket may belong to another account, or a permission may be missing. "
    "Check both, and that the endpoint is the right environment's."
)

S3 = Service(
    name="s3",
    server="an S3 server",
    signature="s3v4",
    names_requests=True,
    denied=BUCKET_DENIED,
    unsupported=NOT_S3,
)
IAM = Service(
    name="iam",
    server="an IAM server",
    signature="v4",
    names_requests=False,
    denied=f"{DENIED} check the account's permissions and that the endpoint is the right environment's.",
    unsupported="This endpoint does not support the IAM call {operation}. If it is an S3 endpoint, give the IAM one "
    "(in Scality environments usually port 8600); if it is IAM, this server's version lacks the call: "
    "make this change with the server's own tools.",
)
# Neither Backbeat nor CloudServer, which forwards to it, names the requests in these answers.
BACKBEAT = Service(
    name="backbeat",
    server="Backbeat",
    signature="s3v4",
    names_requests=False,
    denied=BUCKET_DENIED,
    unsupported="This endpoint does not support Backbeat's call {operation}: check backbeat_url.",
    root="/_/backbeat/api",
)
BACKBEAT_DIRECT = replace(BACKBEAT, name="backbeat-direct", signature=None, root="/_")
SERVICES = {service.name: service for service in (S3, IAM, BACKBEAT, BACKBEAT_DIRECT)}
