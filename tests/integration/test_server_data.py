# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers return is never evaluated as a template: in set-up, validation and teardown, their messages and data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, Played, Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_ROLE,
    set_up,
)
from tests.integration.test_playbook_trouble import VALIDATE


@pytest.fixture
def template(tmp_path: Path) -> str:
    """Template syntax that leaves a file if it is evaluated."""
    return "{{ lookup('pipe', 'touch " + str(tmp_path / "evaluated") + "') }}"


def plant(source: Side, target: Side, template: str) -> None:
    """Set up, with the template in everything that a server stores as text and returns to the role."""
    set_up(source, target, rules=[{"prefix": "", "id": template}])
    for side, role in ((source, SOURCE_ROLE), (target, TARGET_ROLE)):
        side.iam.update_role(RoleName=role, Description=template)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key=KEY, Metadata={"note": template})
    source.s3.put_object_tagging(
        Bucket=SOURCE_BUCKET, Key=KEY, Tagging={"TagSet": [{"Key": "note", "Value": "a"}]}
    )


def run_all(play: Plays, **variables: Any) -> list[Played]:
    inventory = play.inventory(**variables)
    return [
        play("-vv", "--check", "--diff", inventory=inventory),
        play("-vv", inventory=inventory),
        play("-vv", "--tags", "replication", inventory=inventory),
        play("-vv", playbook=VALIDATE, inventory=inventory),
        play("-vv", playbook=TEARDOWN, inventory=inventory),
    ]


def test_stored_text(
    play: Plays, source: Side, target: Side, template: str, tmp_path: Path
) -> None:
    plant(source, target, template)
    for played in run_all(play):
        played.ok()
    assert not (tmp_path / "evaluated").exists()


@pytest.mark.parametrize(
    ("operation", "side"),
    [("GetRole", "source"), ("GetBucketReplication", "source"), ("HeadObject", "target")],
)
def test_text_of_errors(
    play: Plays,
    source: Side,
    target: Side,
    template: str,
    tmp_path: Path,
    operation: str,
    side: Any,
) -> None:
    plant(source, target, template)
    source.sandbox.fail(
        side=side, operation=operation, status=403, code=template, times=0, how="error"
    )
    for played in run_all(play, replication_verify_timeout=1):
        assert "Traceback" not in played.output
    assert not (tmp_path / "evaluated").exists()


def test_a_template_in_this_place_would_be_evaluated(
    play: Plays, template: str, tmp_path: Path
) -> None:
    """In the inventory it is, so the tests above would notice."""
    play("--tags", "roles", inventory=play.inventory(replication_location=template)).ok()
    assert (tmp_path / "evaluated").exists()
