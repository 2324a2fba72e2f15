# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two environments in memory with working replication, in which tests cause faults."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3, Service
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import (
    SingleFlight,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents import permissions
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Progress
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied
from ansible_collections.scality.backbeat.plugins.modules.backbeat_preflight import TASK

from .... import fake_iam, fake_s3
from ....fake_client import FakeClient, Time, refusal

SOURCE_ROLE = "arn:aws:iam::123456789012:role/Source"
TARGET_ROLE = "arn:aws:iam::678901234567:role/Target"
RULE = {
    "ID": "all",
    "Prefix": "",
    "Status": "Enabled",
    "Destination": {"Bucket": "arn:aws:s3:::target"},
}
URLS = {
    "http://node1": ("source", "s3"),
    "http://node1:8600": ("source", "iam"),
    "http://node6": ("target", "s3"),
    "http://node6:8600": ("target", "iam"),
}


CREATED = datetime(2026, 1, 1, tzinfo=timezone.utc)


class FakeS3(fake_s3.FakeS3):
    """With the calls on buckets that only preflight makes; objects are replicated to `_copies_to`, if it is set."""

    _copies_to: FakeS3 | None = None
    _owner = "canonical-a"

    def list_buckets(self) -> Mapping[str, Any]:
        own = [name for name, bucket in self.buckets.items() if not bucket["foreign"]]
        return {
            "Owner": {"ID": self._owner},
            "Buckets": [
                {"Name": name, "CreationDate": self.buckets[name].get("created", CREATED)}
                for name in own
                if name != "lent"
            ],
        }

    def put_object(self, Bucket: str, Key: str, Body: Any, **more: Any) -> Mapping[str, Any]:
        answer = super().put_object(Bucket, Key, io.BytesIO(Body), **more)
        if self._copies_to is not None:
            (version,) = self.buckets[Bucket]["objects"][Key]
            version["ReplicationStatus"] = "COMPLETED"
            copied = {**version, "ReplicationStatus": "REPLICA"}
            self._copies_to.buckets["target"]["objects"][Key] = [copied]
        return answer

    def get_object(self, Bucket: str, Key: str, VersionId: str | None = None) -> Mapping[str, Any]:
        """Also CloudServer's metadata route, which is an object for this client."""
        if Bucket != "_":
            return super().get_object(Bucket, Key, VersionId)
        bucket, key = Key.removeprefix("backbeat/metadata/").split("/", 1)
        version = self._version(bucket, key, VersionId)
        document = json.dumps({"replicationInfo": {"role": version["stamped"]}})
        body = json.dumps({"Body": document}).encode()
        return {"Body": io.BytesIO(body)}

    def _setting(self, name: str, setting: str, code: str) -> Any:
        value = self._bucket(name).get(setting)
        if not value:
            raise refusal(code, "There is none", 404)
        return value

    def get_bucket_policy(self, Bucket: str) -> Mapping[str, Any]:
        return {"Policy": self._setting(Bucket, "policy", "NoSuchBucketPolicy")}

    def get_object_lock_configuration(self, Bucket: str) -> Mapping[str, Any]:
        self._setting(Bucket, "object_lock", "ObjectLockConfigurationNotFoundError")
        return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}

    def get_bucket_encryption(self, Bucket: str) -> Mapping[str, Any]:
        self._setting(Bucket, "encrypted", "ServerSideEncryptionConfigurationNotFoundError")
        return {"ServerSideEncryptionConfiguration": {"Rules": [{}]}}

    def delete_object(
        self, Bucket: str, Key: str, VersionId: str | None = None
    ) -> Mapping[str, Any]:
        """Delete a version permanently."""
        versions = self.buckets[Bucket]["objects"].get(Key, [])
        versions[:] = [one for one in versions if one["VersionId"] != VersionId]
        return {}


class FakeIam(fake_iam.FakeIam):
    """With the calls on roles that only preflight makes: inline policies are stored in the role."""

    def list_role_policies(self, RoleName: str) -> Mapping[str, Any]:
        return {"PolicyNames": list(self._role(RoleName).get("inline", {}))}

    def get_role_policy(self, RoleName: str, PolicyName: str) -> Mapping[str, Any]:
        return {"PolicyDocument": self._role(RoleName)["inline"][PolicyName]}

    def list_roles(self, MaxItems: int) -> Mapping[str, Any]:
        return {"Roles": list(self.roles.values())[:MaxItems]}


class World:
    """The environments: `clients` by side and service, `options` of the module, and `rules` on the server."""

    def __init__(self) -> None:
        self.check_mode = False
        self.pairs: list[dict[str, Any]] = []
        self.once = SingleFlight()
        self.progress = Progress()
        self.clients: dict[tuple[str, str], FakeClient] = {}
        self.ahead: dict[tuple[str, str], float] = {}
        for side, role, document in (
            ("source", SOURCE_ROLE, permissions.source_policy(["source"])),
            ("target", TARGET_ROLE, permissions.target_policy(["target"])),
        ):
            s3, iam = FakeS3(), FakeIam()
            s3._add(side, versioning="Enabled")
            iam.user = role.replace("role", "user")
            iam.roles[role.rpartition("/")[2]] = {
                "RoleName": role.rpartition("/")[2],
                "Arn": role,
                "AssumeRolePolicyDocument": permissions.trust_policy(),
                "attached": [iam._add(f"{side}-policy", document)["arn"]],
            }
            self.clients[side, "s3"], self.clients[side, "iam"] = s3, iam
        self.s3("source")._copies_to = self.s3("target")
        self.s3("target")._owner = "canonical-b"
        self.s3_of_profile: dict[str, FakeS3] = {}
        self.configure()
        self.options: dict[str, Any] = {
            side: {
                "bucket": side,
                "s3": {"endpoint_url": f"http://{host}"},
                "iam": {"endpoint_url": f"http://{host}:8600"},
            }
            for side, host in (("source", "node1"), ("target", "node6"))
        }

    def s3(self, side: str) -> FakeS3:
        client = self.clients[side, "s3"]
        assert isinstance(client, FakeS3)
        return client

    def iam(self, side: str) -> FakeIam:
        client = self.clients[side, "iam"]
        assert isinstance(client, FakeIam)
        return client

    def bucket(self, side: str, **differences: Any) -> None:
        self.s3(side).buckets[side].update(differences)

    def role(self, side: str, **differences: Any) -> None:
        self.iam(side).roles[side.capitalize()].update(differences)

    def policy(self, side: str, document: Any) -> None:
        """Change the document of the role's policy."""
        (policy,) = self.iam(side).policies.values()
        policy["versions"]["v1"] = document

    def allow_more(self, side: str, *statements: dict[str, Any]) -> None:
        """Add statements to the role's policy."""
        (policy,) = self.iam(side).policies.values()
        policy["versions"]["v1"]["Statement"] += statements

    def configure(self, *rules: dict[str, Any], role: str = f"{SOURCE_ROLE},{TARGET_ROLE}") -> None:
        """Set the source bucket's configuration; each rule as differences from a plain one."""
        stored = [{**copy.deepcopy(RULE), **rule} for rule in rules or ({},)]
        self.bucket("source", replication={"Role": role, "Rules": stored})

    def planted(
        self, status: str, role: str = f"{SOURCE_ROLE},{TARGET_ROLE}", age: float = 0
    ) -> None:
        """Put an object on the source, with these roles and this age in seconds."""
        modified = datetime.now(timezone.utc) - timedelta(seconds=age)
        self.s3("source")._put(
            "source", "planted", LastModified=modified, ReplicationStatus=status, stamped=role
        )

    def other_bucket(self, role: str = f"{SOURCE_ROLE},{TARGET_ROLE}") -> None:
        """Create another bucket of the account that is replicated with these roles."""
        stored = {"Role": role, "Rules": [copy.deepcopy(RULE)]}
        self.s3("source")._add("other-bucket", versioning="Enabled", replication=stored)

    def refuse(
        self, side: str, service: str, method: str, code: str = "AccessDenied", status: int = 403
    ) -> None:
        """Return an error once."""
        self.clients[side, service].before(method, refusal(code, "Says the server", status))

    # The parts of the engine that preflight needs

    def _connections(self) -> Any:
        return SimpleNamespace(
            options={"pairs": self.pairs},
            check_mode=self.check_mode,
            once=self.once,
            progress=self.progress,
            open=self.open,
        )

    def open(self, service: Service, options: Mapping[str, Any]) -> Api:
        url = options["endpoint_url"]
        side, found = URLS[url]
        other = self.s3_of_profile.get(str(options.get("profile")))
        client = other if other is not None and service is S3 else self.clients[side, found]
        api = client.api(endpoint=url)
        api.backoff = Time().backoff(0.0)
        if (side, found) in self.ahead:
            return _Clock.of(api, self.ahead[side, found])
        return api

    def run(self, **more: Any) -> dict[str, Any]:
        """The result, with "failed" if preflight was not satisfied."""
        validated = ArgumentSpecValidator(**TASK.argument_spec()).validate({**self.options, **more})
        assert not validated.error_messages, validated.error_messages
        options = validated.validated_parameters
        try:
            return TASK.build(TASK.request(options), self._connections()).run()  # type: ignore[union-attr]
        except Unsatisfied as error:
            return {**error.seen, "failed": True, "msg": str(error)}

    def ids(self, **more: Any) -> list[str]:
        """The sorted ids of the findings, with the severity of each."""
        found = self.run(fail_on="never", **more)["findings"]
        return sorted(f"{one['severity']} {one['id']}" for one in found)


class _Clock(Api):
    """An endpoint whose clock is wrong."""

    @classmethod
    def of(cls, api: Api, ahead: float) -> Api:
        other = cls(api.client, api.service, api.endpoint, api.backoff)
        other.wrong = ahead
        return other

    wrong: float = 0.0

    def _call(self, *arguments: Any) -> Any:
        try:
            return super()._call(*arguments)
        finally:
            self.ahead = self.wrong


Break = Callable[[World], object]
