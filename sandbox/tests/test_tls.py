# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS with the sandbox's own certificate authority."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from botocore.exceptions import ConnectionClosedError, SSLError

from sandbox import Sandbox
from sandbox.tests.helpers import SOURCE, TARGET, set_up, status, wait_for_status

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def secure() -> Iterator[Sandbox]:
    with Sandbox(delay=0.02, tls=True) as sandbox:
        yield sandbox


def test_objects_are_replicated_over_tls(secure: Sandbox) -> None:
    assert secure.source.s3_url.startswith("https://")
    s3, target = set_up(secure)
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"1")
    wait_for_status(s3, "k", "COMPLETED")
    assert status(target, "k", TARGET) == "REPLICA"


def test_recent_clients_send_trailers_over_tls(secure: Sandbox) -> None:
    secure.reset()
    s3 = secure.source.client("s3", request_checksum_calculation="when_supported")
    s3.create_bucket(Bucket=SOURCE)
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"123")
    assert s3.get_object(Bucket=SOURCE, Key="k")["Body"].read() == b"123"
    secure.settings(refuse_trailers=True)
    with pytest.raises(s3.exceptions.from_code("BadRequest"), match="trailing checksum"):
        s3.put_object(Bucket=SOURCE, Key="k", Body=b"123")
    secure.source.client("s3").put_object(Bucket=SOURCE, Key="k", Body=b"456")


def test_certificate_is_not_trusted_by_default(secure: Sandbox) -> None:
    side = copy.copy(secure.source)
    side._ca_bundle = None
    for service in ("s3", "iam"):
        client = side.client(service)
        with pytest.raises(SSLError):
            client.list_buckets() if service == "s3" else client.list_roles()


def test_plain_http_on_a_tls_port_is_refused(secure: Sandbox) -> None:
    side = copy.copy(secure.source)
    side.s3_url = side.s3_url.replace("https:", "http:")
    with pytest.raises(ConnectionClosedError):
        side.client("s3").list_buckets()


@pytest.mark.parametrize("how", ["reset", "reset-after"])
def test_reset_over_tls_is_a_connection_error(secure: Sandbox, how: str) -> None:
    secure.reset()
    secure.fail(operation="ListBuckets", how=how)
    s3 = secure.source.client("s3")
    with pytest.raises((ConnectionClosedError, SSLError)):
        s3.list_buckets()
    assert s3.list_buckets()
