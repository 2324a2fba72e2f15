# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HEAD requests: the signature is botocore's."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients.heads import Signer

from .._documents.generated import PROFILE

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)
HOST = "node1:8000"


def botocores(credentials: Credentials, path: str, query: str) -> dict[str, str]:
    """The headers with which botocore signs the same request."""
    mark = "?" if query else ""
    request = AWSRequest("HEAD", f"http://{HOST}{path}{mark}{query}", data=b"")
    frozen: Any = credentials.get_frozen_credentials()
    S3SigV4Auth(frozen, "s3", "us-east-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@PROFILE
@given(
    key=TEXT, version=st.none() | st.text("0123abc-~", min_size=1), token=st.none() | st.just("t")
)
def test_signs_as_botocore_does(key: str, version: str | None, token: str | None) -> None:
    credentials = Credentials("KEY", "secret", token)
    path = f"/bucket/{quote(key, safe='/~')}"
    query = f"versionId={quote(version, safe='~')}" if version else ""
    theirs = botocores(credentials, path, query)
    moment = datetime.strptime(theirs["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    signer: Any = SimpleNamespace(_credentials=credentials, region_name="us-east-1")
    request = Signer(SimpleNamespace(_request_signer=signer), HOST).head(path, query, moment)
    first, *lines = request.removesuffix("\r\n\r\n").split("\r\n")
    ours = dict(line.split(":", 1) for line in lines)
    assert first == f"HEAD {path}{'?' if query else ''}{query} HTTP/1.1"
    assert {name: value.strip() for name, value in ours.items()} == {**theirs, "host": HOST}
