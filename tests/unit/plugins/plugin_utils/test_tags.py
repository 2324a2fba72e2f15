# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tags of a command line are refused, and which cause a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.plugin_utils._tags import (
    PLAYBOOKS,
    Tags,
    are_ours,
)

OURS = ["scality.backbeat.setup_replication"]


def tags(*run: str, **given: Any) -> Tags:
    return Tags.of({"tags": run, "playbooks": OURS, **given})


@pytest.mark.parametrize("known", ["roles", "all", "always", "untagged"])
def test_known_tags(known: str) -> None:
    assert tags(known, skip_tags=[known]).refused() == []


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"tags": ["roles", "x"]}, ["x"]),
        ({"tags": ["polices"]}, ["polices"]),
        ({"tags": ["polices"], "skip_tags": ["polices"]}, ["polices"]),
        ({"skip_tags": ["bucket"]}, ["bucket"]),
        # It may be set in ansible.cfg for all runs.
        ({"skip_tags": ["slow"]}, []),
        ({"tags": ["roles"], "to_set_up": False}, ["roles"]),
        ({"tags": ["mine"], "task_tags": ["always", "mine"]}, []),
    ],
)
def test_refused_in_our_own_playbooks(given: dict[str, Any], refused: list[str]) -> None:
    found = Tags.of({"playbooks": OURS, **given})
    assert [
        text.split(" has the tag ")[1].split(".")[0].split(",")[0] for text in found.refused()
    ] == refused
    assert found.warnings() == []


def test_in_other_playbooks_similar_tags_are_a_warning() -> None:
    found = tags("polices", "web", playbooks=[*OURS, "site.yml"])
    assert found.refused() == []
    (warning,) = found.warnings()
    assert warning.startswith("No step of the role has the tag polices. Did you mean policies?")


@pytest.mark.parametrize(
    ("run", "nothing"),
    [([], False), (["all"], False), (["roles", "web"], False), (["mine"], False), (["web"], True)],
)
def test_tags_that_select_other_tasks(run: list[str], nothing: bool) -> None:
    assert tags(*run, task_tags=["always", "mine"]).select_nothing is nothing


def test_our_own_playbooks() -> None:
    assert are_ours([*OURS, str(PLAYBOOKS / "setup-replication.yml")])
    assert not are_ours([])
    assert not are_ours([*OURS, "site.yml"])
    assert not are_ours([str(Path("elsewhere", "playbooks", "setup-replication.yml"))])
