# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets, their versioning and their replication configurations."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from tests.contract.replicating import code_of, new_bucket, signed
from tests.contract.servers import Server

SOURCE_ROLE = "arn:aws:iam::123456789012:role/source"
TARGET_ROLE = "arn:aws:iam::678901234567:role/target"
_NAMES = itertools.count(1)


def configuration(prefix: str = "", role: str = f"{SOURCE_ROLE},{TARGET_ROLE}") -> dict[str, Any]:
    destination = {"Bucket": "arn:aws:s3:::some-target"}
    rule = {"ID": "one", "Prefix": prefix, "Status": "Enabled", "Destination": destination}
    return {"Role": role, "Rules": [rule]}


@pytest.mark.contract("buckets")
def test_creating_a_bucket_again_succeeds(server: Server) -> None:
    name = new_bucket(server, versioning=None)
    server.s3.create_bucket(Bucket=name)
    assert "Status" not in server.s3.get_bucket_versioning(Bucket=name)


@pytest.mark.contract("buckets")
def test_a_bucket_that_does_not_exist(server: Server) -> None:
    name = server.named("no")
    for call in (server.s3.get_bucket_versioning, server.s3.get_bucket_replication):
        assert code_of(call, Bucket=name) == (404, "NoSuchBucket")


@pytest.mark.contract("names and locations")
def test_names_and_locations(server: Server) -> None:
    create = server.s3.create_bucket
    atlantis = {"LocationConstraint": "atlantis"}
    refused = code_of(create, Bucket=server.named("x"), CreateBucketConfiguration=atlantis)
    assert refused == (400, "InvalidLocationConstraint")
    assert code_of(create, Bucket="Upper_case") == (400, "InvalidBucketName")


@pytest.mark.contract("names and locations")
def test_creating_a_bucket_again_succeeds_only_in_the_same_location(server: Server) -> None:
    name = server.named(f"located-{next(_NAMES)}")
    first = {"LocationConstraint": "us-east-1"}
    server.s3.create_bucket(Bucket=name, CreateBucketConfiguration=first)
    server.undo.append(lambda: server.s3.delete_bucket(Bucket=name))
    server.s3.create_bucket(Bucket=name, CreateBucketConfiguration=first)


@pytest.mark.contract("names and locations")
def test_another_location_than_the_first_refuses_a_second_creation(server: Server) -> None:
    if server.sandbox is None:
        pytest.skip("real servers have locations of their own")
    name = server.named("elsewhere")
    west = {"LocationConstraint": "us-west-1"}
    server.s3.create_bucket(Bucket=name, CreateBucketConfiguration=west)
    server.undo.append(lambda: server.s3.delete_bucket(Bucket=name))
    create = server.s3.create_bucket
    refused = code_of(create, Bucket=name, CreateBucketConfiguration=west)
    assert refused == (409, "BucketAlreadyOwnedByYou")


@pytest.mark.contract("versioning")
def test_versioning(server: Server) -> None:
    name = new_bucket(server)
    put = server.s3.put_bucket_versioning
    assert server.s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    put(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    server.s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=configuration())
    suspend = {"Bucket": name, "VersioningConfiguration": {"Status": "Suspended"}}
    assert code_of(put, **suspend) == (409, "InvalidBucketState")
    server.s3.delete_bucket_replication(Bucket=name)
    put(**suspend)
    assert server.s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"


@pytest.mark.contract("configuration")
def test_a_configuration_is_returned_as_it_was_sent(server: Server) -> None:
    name = new_bucket(server)
    get = server.s3.get_bucket_replication
    assert code_of(get, Bucket=name) == (404, "ReplicationConfigurationNotFoundError")
    wanted = configuration("a/")
    server.s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=wanted)
    assert get(Bucket=name)["ReplicationConfiguration"] == wanted


@pytest.mark.contract("configuration")
def test_the_server_generates_a_missing_id(server: Server) -> None:
    name = new_bucket(server)
    wanted = configuration()
    del wanted["Rules"][0]["ID"]
    server.s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=wanted)
    stored = server.s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"]
    assert stored["Rules"][0].pop("ID")
    assert stored == wanted


@pytest.mark.contract("configuration rules")
def test_deleting_a_missing_configuration_is_not_an_error(server: Server) -> None:
    name = new_bucket(server)
    for _ in range(2):
        server.s3.delete_bucket_replication(Bucket=name)


@pytest.mark.contract("configuration rules")
def test_an_empty_bucket_with_a_configuration_can_be_deleted(server: Server) -> None:
    name = new_bucket(server)
    server.s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=configuration())
    server.s3.delete_bucket(Bucket=name)
    assert code_of(server.s3.get_bucket_versioning, Bucket=name)[1] == "NoSuchBucket"


@pytest.mark.contract("configuration rules")
@pytest.mark.parametrize("versioning", [None, "Suspended"])
def test_a_configuration_needs_versioning(server: Server, versioning: str | None) -> None:
    name = new_bucket(server, versioning)
    put = server.s3.put_bucket_replication
    refused = code_of(put, Bucket=name, ReplicationConfiguration=configuration())
    assert refused == (400, "InvalidRequest")


@pytest.mark.contract("configuration rules")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Role": f"{SOURCE_ROLE}, {TARGET_ROLE}"}, "InvalidArgument"),
        ({"Role": "not-a-role,not-a-role"}, "InvalidArgument"),
        ({"Rules": []}, "MalformedXML"),
    ],
)
def test_refused_configurations(server: Server, change: dict[str, Any], code: str) -> None:
    name = new_bucket(server)
    wanted = {**configuration(), **change}
    put = server.s3.put_bucket_replication
    assert code_of(put, Bucket=name, ReplicationConfiguration=wanted) == (400, code)


@pytest.mark.contract("configuration rules")
def test_overlapping_prefixes_are_refused_even_if_disabled(server: Server) -> None:
    name = new_bucket(server)
    wanted = configuration("a/")
    other = {"ID": "two", "Prefix": "a/b", "Status": "Disabled"}
    wanted["Rules"].append({**wanted["Rules"][0], **other})
    put = server.s3.put_bucket_replication
    refused = code_of(put, Bucket=name, ReplicationConfiguration=wanted)
    assert refused == (400, "InvalidRequest")


@pytest.mark.contract("configuration rules")
def test_the_target_is_never_checked(server: Server) -> None:
    name = new_bucket(server)
    wanted = configuration()
    for target in (name, server.named("no")):
        wanted["Rules"][0]["Destination"]["Bucket"] = f"arn:aws:s3:::{target}"
        server.s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=wanted)


@pytest.mark.contract("configuration rules")
def test_elements_of_the_v2_form_are_dropped(server: Server) -> None:
    name = new_bucket(server)
    wanted = configuration("a/")
    extra = {"Priority": 1, "DeleteMarkerReplication": {"Status": "Disabled"}}
    sent = {**wanted, "Rules": [{**wanted["Rules"][0], **extra}]}
    server.s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=sent)
    assert server.s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"] == wanted


@pytest.mark.contract("errors")
def test_errors_of_head_have_only_the_status(server: Server) -> None:
    assert code_of(server.s3.head_bucket, Bucket=server.named("no")) == (404, "404")
    name = new_bucket(server)
    assert code_of(server.s3.head_object, Bucket=name, Key="no") == (404, "404")


@pytest.mark.contract("errors")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"access_key": "UNKNOWN0000000000000"}, "InvalidAccessKeyId"),
        ({"secret_key": "wrong"}, "SignatureDoesNotMatch"),
    ],
)
def test_wrong_keys(server: Server, change: dict[str, str], code: str) -> None:
    status, body, headers = signed(server, "/", keys={**server.keys, **change})
    assert status == 403
    assert f"<Code>{code}</Code>".encode() in body
    assert headers["x-amz-request-id"]
    assert headers["date"]


@pytest.mark.contract("errors")
def test_a_bucket_that_is_not_empty(server: Server) -> None:
    name = new_bucket(server, versioning=None)
    server.s3.put_object(Bucket=name, Key="k", Body=b"")
    assert code_of(server.s3.delete_bucket, Bucket=name) == (409, "BucketNotEmpty")
    server.s3.delete_object(Bucket=name, Key="k")


@pytest.mark.contract("errors")
def test_a_bucket_with_open_uploads_can_be_deleted(server: Server) -> None:
    name = new_bucket(server, versioning=None)
    server.s3.create_multipart_upload(Bucket=name, Key="k")
    uploads = server.s3.list_multipart_uploads(Bucket=name)["Uploads"]
    assert [one["Key"] for one in uploads] == ["k"]
    answer = server.s3.delete_bucket(Bucket=name)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.contract("other accounts")
def test_a_bucket_of_another_account(server: Server) -> None:
    """A 403 does not mean that something is absent."""
    if server.other is None:
        pytest.skip("no second account is known on these servers")
    name = "of-another-account"
    if server.name != "fake":
        name = new_bucket(server)
    for call in (server.other.get_bucket_versioning, server.other.get_bucket_replication):
        assert code_of(call, Bucket=name) == (403, "AccessDenied")
    assert code_of(server.other.create_bucket, Bucket=name) == (409, "BucketAlreadyExists")


@pytest.mark.contract("errors")
@pytest.mark.parametrize(("minutes", "status"), [(-16, 403), (-14, 200), (14, 200), (16, 403)])
def test_clocks_may_differ_by_fifteen_minutes(
    server: Server, monkeypatch: pytest.MonkeyPatch, minutes: int, status: int
) -> None:
    then = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    clock = "get_current_datetime" if hasattr(auth, "get_current_datetime") else "datetime"
    if clock == "datetime":
        monkeypatch.setattr(auth, "datetime", SimpleNamespace(datetime=_Clock(then)))
    else:
        monkeypatch.setattr(auth, clock, lambda *_, **__: then.replace(tzinfo=None))
    answered, body, _ = signed(server, "/")
    assert answered == status
    assert (b"<Code>RequestTimeTooSkewed</Code>" in body) == (status == 403)


class _Clock:
    """A replacement for the clock that botocore uses."""

    def __init__(self, then: datetime) -> None:
        self._then = then.replace(tzinfo=None)

    def utcnow(self) -> datetime:
        return self._then

    def now(self, *_: object) -> datetime:
        return self._then


@pytest.mark.contract("errors")
def test_an_unknown_host_is_refused(server: Server) -> None:
    status, body, _ = signed(server, "/", headers={"Host": "unknown.example.com"})
    assert status == 400
    assert b"<Code>InvalidURI</Code>" in body
    assert b"Check your restEndpoints configuration" in body


@pytest.mark.contract("errors")
def test_the_hash_of_the_body_is_needed(server: Server) -> None:
    request = AWSRequest("GET", f"{server.s3_url}/")
    keys = Credentials(server.keys["access_key"], server.keys["secret_key"])
    auth.SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
    answer = URLLib3Session(timeout=10).send(request.prepare())
    assert 400 <= answer.status_code < 404
