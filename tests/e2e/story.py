# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replication of its own, from set-up to removal, with names of its own."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.e2e.environments import PLAYBOOKS, Environment, Ground, play
from tests.integration.support.plays import PlaybookResult

SETUP = PLAYBOOKS / "setup-replication.yml"
TEARDOWN = PLAYBOOKS / "teardown_replication.yml"
REPAIR = PLAYBOOKS / "repair_replication.yml"
#: Seconds for the copy of an object to be there.
ARRIVAL = 300
_NUMBERS = itertools.count(1)


class Story:
    """The names of one replication, the playbooks with them, and the removal of all that they can have made."""

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground = ground
        self.source, self.target = ground.sides()
        stem = f"{ground.prefix}-{name}"
        self.source_bucket, self.target_bucket = f"{stem}-source", f"{stem}-target"
        self.source_role, self.target_role = f"{stem}-source-role", f"{stem}-target-role"
        self.source_policy, self.target_policy = f"{stem}-source-policy", f"{stem}-target-policy"
        self.key = f"{stem}-object"
        self.folder = ground.folder / f"{name}-{next(_NUMBERS)}"
        self.folder.mkdir()

    @property
    def pair(self) -> dict[str, Any]:
        return {"source_bucket": self.source_bucket, "target_bucket": self.target_bucket}

    def setup(self, *arguments: str, **variables: Any) -> PlaybookResult:
        return self._play(SETUP, arguments, variables)

    def teardown(self, *arguments: str, **variables: Any) -> PlaybookResult:
        return self._play(TEARDOWN, arguments, variables)

    def repair(self, *arguments: str, **variables: Any) -> PlaybookResult:
        return self._play(REPAIR, arguments, variables)

    def arn(self, side: str) -> str:
        """The ARN of the role that is used on that side."""
        where: Environment = getattr(self, side)
        if where.role_arn:
            return where.role_arn
        role = where.iam_client.get_role(RoleName=getattr(self, f"{side}_role"))["Role"]
        return str(role["Arn"])

    def manages(self, side: str) -> bool:
        """Whether the role and policy of that side are made here, and not given by ARN."""
        return not getattr(self, side).role_arn

    def there(self) -> dict[str, bool]:
        """What exists of all that this makes."""
        found = {
            f"bucket {name}": _exists(
                where.s3_client.get_bucket_versioning, "NoSuchBucket", Bucket=name
            )
            for where, name in self._buckets()
        }
        for side in ("source", "target"):
            if self.manages(side):
                client, role = getattr(self, side).iam_client, getattr(self, f"{side}_role")
                found[f"role {role}"] = _exists(client.get_role, "NoSuchEntity", RoleName=role)
                found[f"policy of {role}"] = self.policy(side) is not None
        return found

    def policy(self, side: str) -> dict[str, Any] | None:
        """What backbeat_policy_info says of that side's policy."""
        where: Environment = getattr(self, side)
        found: dict[str, Any] | None = where.do(
            "policy_info", name=getattr(self, f"{side}_policy")
        )["policy"]
        return found

    def configuration(self) -> dict[str, Any] | None:
        """The replication configuration as the source server has it."""
        try:
            answer = self.source.s3_client.get_bucket_replication(Bucket=self.source_bucket)
        except ClientError as error:
            if code_of(error) in ("ReplicationConfigurationNotFoundError", "NoSuchBucket"):
                return None
            raise
        configuration: dict[str, Any] = answer["ReplicationConfiguration"]
        return configuration

    def arrives(self, *keys: str, **options: Any) -> list[dict[str, Any]]:
        """Wait until these objects are replicated; returns object and replica of each."""
        checks = [
            {
                "bucket": self.source_bucket,
                "key": key,
                "target": {"bucket": self.target_bucket, "s3": self.target.connection("s3")},
            }
            for key in keys
        ]
        done = self.source.do("object_check", checks=checks, wait_timeout=ARRIVAL, **options)
        results: list[dict[str, Any]] = done["results"]
        return results

    def empty(self) -> None:
        """Delete everything in both buckets, the source's first, since that is replicated no more."""
        for where, bucket in self._buckets():
            client = where.s3_client
            try:
                pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket)
                versions = [
                    one
                    for page in pages
                    for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                ]
            except ClientError as error:
                if code_of(error) != "NoSuchBucket":
                    raise
                continue
            for one in versions:
                client.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])

    def remove(self) -> None:
        """Remove whatever there is of this replication, however far it came. Raises when something stays."""
        steps: list[Callable[[], Any]] = [self._remove_configuration]
        for side in ("source", "target"):
            if self.manages(side):
                where: Environment = getattr(self, side)
                steps += [
                    _step(where, "policy", getattr(self, f"{side}_policy")),
                    _step(where, "iam_role", getattr(self, f"{side}_role")),
                ]
        troubles = []
        for step in [*steps, *(self._step_for_bucket(*one) for one in self._buckets())]:
            try:
                step()
            except (AssertionError, ClientError) as error:
                troubles.append(str(error))
        assert not troubles, "\n".join(troubles)

    def _remove_configuration(self) -> None:
        if self.configuration() is not None:
            self.source.s3_client.delete_bucket_replication(Bucket=self.source_bucket)

    def _step_for_bucket(self, where: Environment, bucket: str) -> Callable[[], None]:
        def step() -> None:
            # What was under way may arrive after the configuration is gone.
            for _attempt in range(10):
                self.empty()
                result = where.run("bucket", name=bucket, state="absent")
                if not result.get("failed"):
                    return
                time.sleep(1)
            raise AssertionError(result["msg"])

        return step

    def _buckets(self) -> tuple[tuple[Environment, str], ...]:
        return (self.source, self.source_bucket), (self.target, self.target_bucket)

    def _play(
        self, playbook: Path, arguments: tuple[str, ...], variables: dict[str, Any]
    ) -> PlaybookResult:
        inventory = self.folder / "inventory"
        (inventory / "host_vars").mkdir(parents=True, exist_ok=True)
        hosts: dict[str, Any] = {name: {} for name in self.ground.hosts}
        (inventory / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        common = {
            "replication_source_role_name": self.source_role,
            "replication_source_policy_name": self.source_policy,
            "replication_target_role_name": self.target_role,
            "replication_target_policy_name": self.target_policy,
            "replication_verify_key": self.key,
            "replication_verify_timeout": ARRIVAL,
            **variables,
        }
        pairs = variables.get("replication_pairs", [self.pair])
        for name in self.ground.hosts:
            ours = name == self.source.host
            # Other hosts of the inventory have nothing to do here, whatever it says of them.
            part = {"replication_target_host": self.target.host if ours else "", **common}
            part["replication_pairs"] = pairs if ours else []
            file = inventory / "host_vars" / f"{name}.json"
            file.write_text(json.dumps(part))
        both = f"{self.source.host},{self.target.host}"
        return play(
            [self.ground.inventory, inventory / "hosts.json"],
            playbook,
            self.folder,
            "--diff",
            "--limit",
            both,
            *arguments,
        )


def code_of(error: ClientError) -> str:
    """The server's error code; a server may answer in a form that has it elsewhere."""
    response: Any = error.response
    return str(response.get("Error", response).get("Code", ""))


def _exists(read: Callable[..., Any], absent: str, **parameters: Any) -> bool:
    try:
        read(**parameters)
    except ClientError as error:
        if code_of(error) != absent:
            raise
        return False
    return True


def _step(where: Environment, module: str, name: str) -> Callable[[], Any]:
    return lambda: where.do(module, name=name, state="absent")
