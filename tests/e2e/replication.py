# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replication with unique names, from set-up to removal."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.e2e.environments import PLAYBOOKS, Environment, Environments, play
from tests.integration.support.plays import PlaybookResult

SETUP = PLAYBOOKS / "setup-replication.yml"
TEARDOWN = PLAYBOOKS / "teardown_replication.yml"
REPAIR = PLAYBOOKS / "repair_replication.yml"
#: Seconds until an object is replicated.
REPLICATION_TIMEOUT = 300
_NUMBERS = itertools.count(1)


class Replication:
    """Names one replication, runs the playbooks with these names, and removes the resources that they created."""

    def __init__(self, environments: Environments, name: str) -> None:
        self.environments = environments
        self.source, self.target = environments.sides()
        stem = f"{environments.prefix}-{name}"
        self.source_bucket, self.target_bucket = f"{stem}-source", f"{stem}-target"
        self.source_role, self.target_role = f"{stem}-source-role", f"{stem}-target-role"
        self.source_policy, self.target_policy = f"{stem}-source-policy", f"{stem}-target-policy"
        self.key = f"{stem}-object"
        self.folder = environments.folder / f"{name}-{next(_NUMBERS)}"
        self.folder.mkdir()

    @property
    def pair(self) -> dict[str, Any]:
        return {"source_bucket": self.source_bucket, "target_bucket": self.target_bucket}

    def sides(self) -> dict[str, dict[str, Any]]:
        """The options source and target of a module that compares both buckets."""
        return {
            side: {
                "bucket": getattr(self, f"{side}_bucket"),
                "name": getattr(self, side).host,
                "s3": getattr(self, side).connection("s3"),
            }
            for side in ("source", "target")
        }

    def setup(self, *arguments: str, **variables: Any) -> PlaybookResult:
        return self._play(SETUP, arguments, variables)

    def teardown(self, *arguments: str, **variables: Any) -> PlaybookResult:
        return self._play(TEARDOWN, arguments, variables)

    def repair(self, *arguments: str, **variables: Any) -> PlaybookResult:
        return self._play(REPAIR, arguments, variables)

    def arn(self, side: str) -> str:
        """The ARN of the role on that side."""
        where: Environment = getattr(self, side)
        if where.role_arn:
            return where.role_arn
        role = where.iam_client.get_role(RoleName=getattr(self, f"{side}_role"))["Role"]
        return str(role["Arn"])

    def manages(self, side: str) -> bool:
        """Whether the playbook creates the role and policy of that side; otherwise the inventory has the role's ARN."""
        return not getattr(self, side).role_arn

    def existing(self) -> dict[str, bool]:
        """Which of the resources that set-up creates exist."""
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
        """That side's policy, as backbeat_policy_info returns it."""
        where: Environment = getattr(self, side)
        found: dict[str, Any] | None = where.do(
            "policy_info", name=getattr(self, f"{side}_policy")
        )["policy"]
        return found

    def configuration(self) -> dict[str, Any] | None:
        """The replication configuration on the source server; None if there is none."""
        try:
            answer = self.source.s3_client.get_bucket_replication(Bucket=self.source_bucket)
        except ClientError as error:
            if code_of(error) in ("ReplicationConfigurationNotFoundError", "NoSuchBucket"):
                return None
            raise
        configuration: dict[str, Any] = answer["ReplicationConfiguration"]
        return configuration

    def wait_until_replicated(self, *keys: str, **options: Any) -> list[dict[str, Any]]:
        """Wait until these objects are replicated; returns object and replica of each."""
        checks = [
            {
                "bucket": self.source_bucket,
                "key": key,
                "target": {"bucket": self.target_bucket, "s3": self.target.connection("s3")},
            }
            for key in keys
        ]
        done = self.source.do(
            "object_check", checks=checks, wait_timeout=REPLICATION_TIMEOUT, **options
        )
        results: list[dict[str, Any]] = done["results"]
        return results

    def empty(self) -> None:
        """Delete all versions in both buckets, those of the source first."""
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
        """Remove all resources of this replication, also after a failed set-up. Fails if one of them remains."""
        steps: list[Callable[[], Any]] = [self._remove_configuration]
        for side in ("source", "target"):
            if self.manages(side):
                where: Environment = getattr(self, side)
                steps += [
                    _step(where, "policy", getattr(self, f"{side}_policy")),
                    _step(where, "iam_role", getattr(self, f"{side}_role")),
                ]
        errors = []
        for step in [*steps, *(self._step_for_bucket(*one) for one in self._buckets())]:
            try:
                step()
            except (AssertionError, ClientError) as error:
                errors.append(str(error))
        assert not errors, "\n".join(errors)

    def _remove_configuration(self) -> None:
        if self.configuration() is not None:
            self.source.s3_client.delete_bucket_replication(Bucket=self.source_bucket)

    def _step_for_bucket(self, where: Environment, bucket: str) -> Callable[[], None]:
        def step() -> None:
            # Pending objects may still be replicated after the configuration was removed.
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
        hosts: dict[str, Any] = {name: {} for name in self.environments.hosts}
        (inventory / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        common = {
            "replication_source_role_name": self.source_role,
            "replication_source_policy_name": self.source_policy,
            "replication_target_role_name": self.target_role,
            "replication_target_policy_name": self.target_policy,
            "replication_verify_key": self.key,
            "replication_verify_timeout": REPLICATION_TIMEOUT,
            **variables,
        }
        pairs = variables.get("replication_pairs", [self.pair])
        for name in self.environments.hosts:
            is_source = name == self.source.host
            # Without pairs and a target the role does nothing for the other hosts of the inventory.
            part = {"replication_target_host": self.target.host if is_source else "", **common}
            part["replication_pairs"] = pairs if is_source else []
            file = inventory / "host_vars" / f"{name}.json"
            file.write_text(json.dumps(part))
        both = f"{self.source.host},{self.target.host}"
        return play(
            [self.environments.inventory, inventory / "hosts.json"],
            playbook,
            self.folder,
            "--diff",
            "--limit",
            both,
            *arguments,
        )


def code_of(error: ClientError) -> str:
    """The server's error code; some servers' responses have it at the top."""
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
