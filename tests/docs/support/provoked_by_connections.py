# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes the messages about failed connections and refused requests."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.scality.backbeat.plugins.module_utils._clients import session
from sandbox.certificates import SERVER_FILE, make_certificates
from tests.docs.support.scene import Scene
from tests.integration.support.bad_input import BUCKET, LEFT_OUT, Keyless, run_at
from tests.integration.support.modules import Result
from tests.support.scripted import scripted

DENIED = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"},
}
S3_REDIRECT = {"x-amz-request-id": "1", "Location": "https://s3.example.com/"}


def botocore(scene: Scene) -> Iterator[Result]:
    for version in (None, "1.35.99"):
        with scene.monkeypatch.context() as patch:
            patch.setattr(session, "BOTOCORE_VERSION", version)
            yield run_at(scene.source, "bucket")


def options(scene: Scene) -> Iterator[Result]:
    bundle = scene.folder / "bundle.pem"
    bundle.write_text("no certificate")
    url = scene.source.side.s3_url
    wrong: list[dict[str, Any]] = [
        {"endpoint_url": "http://me:secret@node1"},
        {"endpoint_url": "node1"},
        {"endpoint_url": "http://node1:https"},
        {"region": ""},
        {"aws_ca_bundle": "/no/such/file"},
        {"aws_ca_bundle": str(bundle), "endpoint_url": url.replace("http", "https")},
        {"aws_config": {"conect_timeout": 3}},
        {"aws_config": {"proxies": {"http": "http://127.0.0.1:1"}}},
        {"access_key": "two\nlines"},
        {"endpoint_url": "http://127.0.0.1:1"},
        {"endpoint_url": url.replace("http", "https")},
        {"endpoint_url": url.replace("127.0.0.1", "127.1")},
    ]
    for one in wrong:
        yield run_at(scene.source, "bucket", **one)
    yield run_at(scene.source, "object", endpoint_url=url.replace("127.0.0.1", "127.1"))


def credentials(scene: Scene) -> Iterator[Result]:
    keyless = Keyless(scene.source.sandbox, scene.source.side)
    yield run_at(keyless, "bucket")
    yield run_at(keyless, "bucket", profile="unknown")
    yield run_at(keyless, "bucket", access_key="AKIA", secret_key=None)
    source = scene.source
    yield run_at(source, "bucket", access_key="UNKNOWN0000000000000")
    yield run_at(source, "bucket", secret_key="mistyped")
    yield run_at(source, "bucket", session_token="not-mine")
    source.sandbox.fail(status=400, code="ExpiredToken")
    yield run_at(source, "bucket")


def answers(scene: Scene) -> Iterator[Result]:
    source = scene.source
    for fault in ({"how": "hang", "seconds": 5}, {"how": "reset"}, {"how": "html"}):
        source.sandbox.fail(**fault)
        yield run_at(source, "bucket", aws_config={"read_timeout": 0.3})
        source.sandbox.clear_faults()
    source.sandbox.fail(how="garbage")
    yield run_at(source, "iam_role")
    source.sandbox.fail(how="error", status=500)
    yield run_at(source, "object_check")
    source.sandbox.fail("CreateBucket", how="reset-after")
    yield run_at(source, "bucket")
    with scripted() as server:
        server.respond_with("307 Temporary Redirect", S3_REDIRECT, b"")
        yield run_at(source, "bucket", endpoint_url=server.url)
    with scripted(_untrusted(scene.folder)) as server:
        yield run_at(source, "bucket", endpoint_url=server.url)
    source.sandbox.settings(clock_offset=1000)
    yield run_at(source, "bucket")


def _untrusted(folder: Path) -> ssl.SSLContext:
    """A TLS context with a certificate that no trusted authority has signed."""
    make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / SERVER_FILE)
    return context


def other_service(scene: Scene) -> Iterator[Result]:
    source = scene.source
    yield run_at(source, "iam_role", endpoint_url=source.side.s3_url)
    yield run_at(source, "bucket", endpoint_url=source.side.iam_url)


def permissions(scene: Scene) -> Iterator[Result]:
    source = scene.source
    keys = source.side.create_user("without-permissions", DENIED)
    source.do("bucket", name=BUCKET)
    for module in ("iam_role", "bucket", "bucket_replication", "object"):
        yield run_at(source, module, **keys)


def refusals(scene: Scene) -> Iterator[Result]:
    source = scene.source
    source.sandbox.fail("CreateBucket", status=409, code="BucketAlreadyExists")
    yield run_at(source, "bucket")
    yield run_at(source, "object")
    yield run_at(source, "bucket", location="atlantis")
    yield run_at(source, "policy")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow"}}
    yield run_at(source, "iam_role", assume_role_policy_document=document)
    for wrong in ({"Effect": "Perhaps"}, {"Efect": "Allow"}):
        document = {"Version": "2012-10-17", "Statement": wrong}
        yield run_at(source, "iam_role", assume_role_policy_document=document)
    source.sandbox.settings(policy_size_limit=200)
    many = [f"bucket-{number}" for number in range(9)]
    yield run_at(source, "policy", name="Long", source_buckets=many, roles=LEFT_OUT)


BY_CONNECTIONS = (botocore, options, credentials, answers, other_service, permissions, refusals)
