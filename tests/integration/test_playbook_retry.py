# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook retry_failed: Backbeat retries the failed versions of all pairs of an inventory."""

from __future__ import annotations

from typing import Any

import pytest

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import PlaybookResult, Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

PLAYBOOK = ROOT / "playbooks" / "retry_failed.yml"


@pytest.fixture
def failed(source: Side, target: Side) -> str:
    """A version that is FAILED because the target bucket does not exist."""
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object",))
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    version = str(source.s3.put_object(Bucket=SOURCE_BUCKET, Key="k", Body=b"1")["VersionId"])
    source.do("object_check", bucket=SOURCE_BUCKET, key="k", status=["FAILED"])
    return version


def run(play: Plays, source: Side, **variables: Any) -> PlaybookResult:
    given = {"replication_backbeat_url": source.side.s3_url, **variables}
    return play("-v", inventory=play.inventory(**given), playbook=PLAYBOOK)


def status(source: Side) -> str:
    return str(source.s3.head_object(Bucket=SOURCE_BUCKET, Key="k")["ReplicationStatus"])


@pytest.mark.usefixtures("failed")
def test_failed_versions_are_retried_only_after_preflight_succeeds(
    play: Plays, source: Side, target: Side
) -> None:
    refused = run(play, source)
    assert "bucket-missing" in refused.failure()
    assert status(source) == "FAILED"
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")
    done = run(play, source).ok()
    assert status(source) == "COMPLETED"
    (retried,) = done.result("node1", "retry")["results"]
    assert (retried["retry"]["asked"], retried["retry"]["accepted"]) == (1, 1)
    assert not run(play, source).ok().changed()


@pytest.mark.usefixtures("failed")
def test_without_backbeats_url_the_message_names_the_variable(
    play: Plays, source: Side, target: Side
) -> None:
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")
    assert (
        "replication_backbeat_url of node1 is not set"
        in run(play, source, replication_backbeat_url="").failure()
    )
    assert status(source) == "FAILED"


@pytest.mark.usefixtures("failed")
def test_secrets_are_not_shown(play: Plays, source: Side, target: Side) -> None:
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")
    inventory = play.inventory(replication_backbeat_url=source.side.s3_url)
    secrets = []
    for host, side in (("node1", source), ("node6", target)):
        for service in ("s3", "iam"):
            inventory["all"]["hosts"][host][f"replication_{service}"] = side.connection(service)
        secrets.append(side.side.secret_key)
    shown = play("-vvv", inventory=inventory, playbook=PLAYBOOK).ok().output
    assert not any(secret in shown for secret in secrets)
