# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task that plans the work of a host: its use of the play's variables, and its result."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.action.replication_plan import ActionModule

PAIR = {"source_bucket": "bucket-a", "target_bucket": "bucket-b"}
TARGET = {
    "replication_s3": {"endpoint_url": "http://node6"},
    "replication_iam": {"endpoint_url": "http://node6:8600"},
}
SOURCE = {
    "replication_s3": {"endpoint_url": "http://node1"},
    "replication_iam": {"endpoint_url": "http://node1:8600"},
    "replication_target_host": "node6",
    "replication_pairs": [PAIR],
}


def planned(to_set_up: Any = True, skip_tags: Any = (), **variables: Any) -> dict[str, Any]:
    """The result on node1; `variables`: of the play, so that they are not in hostvars."""
    task = SimpleNamespace(
        args={"to_set_up": to_set_up}, tags=["always"], async_val=0, check_mode=True, diff=False
    )
    action = ActionModule(
        task=task,
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
        play_context=None,
        loader=None,
        # Marks evaluated values.
        templar=SimpleNamespace(template=lambda value: {"{{ bucket }}": [PAIR]}.get(str(value), value)),
        shared_loader_obj=None,
    )  # fmt: skip
    of_the_run = {
        "inventory_hostname": "node1",
        "hostvars": {"node1": SOURCE, "node6": TARGET},
        "ansible_play_hosts_all": ["node1", "node6"],
        "ansible_run_tags": ["all"],
        "ansible_skip_tags": list(skip_tags),
    }
    result: dict[str, Any] = action.run(task_vars={**SOURCE, **of_the_run, **variables})
    return result


def test_the_plan_is_the_result_and_changes_nothing() -> None:
    result = planned()
    assert (result["changed"], result["host"], result["targets"]) == (False, "node1", ["node6"])
    assert result["options"]["concurrency"] == 8
    assert [bucket["name"] for bucket in result["buckets"]] == ["bucket-a"]


def test_variables_of_the_play_are_used_and_evaluated() -> None:
    result = planned(replication_concurrency="3", replication_pairs="{{ bucket }}")
    assert result["options"]["concurrency"] == 3
    assert [bucket["name"] for bucket in result["buckets"]] == ["bucket-a"]


def test_errors_are_the_message_of_a_failure() -> None:
    result = planned(replication_verify="perhaps", replication_concurrency="x")
    assert result["failed"]
    assert "options" not in result
    assert result["msg"] == (
        "replication_concurrency of node1 is 'x', but must be a number. "
        "replication_verify of node1 is 'perhaps', but must be true or false."
    )


@pytest.mark.parametrize(("to_set_up", "refused"), [(True, True), ("no", False)])
def test_errors_that_only_refuse_set_up(to_set_up: Any, refused: bool) -> None:
    # Two pairs with the same target bucket.
    pairs = [PAIR, {**PAIR, "source_bucket": "bucket-c"}]
    result = planned(to_set_up, replication_pairs=pairs)
    assert bool(result.get("failed")) is refused, result


def test_a_misspelt_tag_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(
        "ansible.utils.display.Display.warning", lambda _self, text: shown.append(text)
    )
    planned(skip_tags=["polices"])
    assert len(shown) == 1
    assert "Did you mean policies?" in shown[0]
