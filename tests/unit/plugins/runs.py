# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs resources as the engine does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import reconcile
from ansible_collections.scality.backbeat.plugins.module_utils._work import Resource

from .fake_client import FakeClient, Time


def run(
    resource: Resource[Any],
    *,
    check_mode: bool = False,
    timeout: float = 0.0,
    time: Time | None = None,
    changes: list[str] | None = None,
) -> dict[str, Any]:
    """The result of one item, with the resource under "it"."""
    return reconcile(
        resource,
        "it",
        "label",
        check_mode=check_mode,
        backoff=(time or Time()).backoff(timeout),
        changes=[] if changes is None else changes,
    )


def converge(
    client: FakeClient, build: Callable[[], Resource[Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Predict, run and repeat. Returns the prediction and the run's result.

    Check mode must write nothing and predict all changes, and the repetition must be idempotent.
    """
    before = list(client.writes)
    predicted = run(build(), check_mode=True)
    assert client.writes == before
    done = run(build())
    assert done["changes"] == predicted["changes"]
    assert done["changed"] == predicted["changed"]
    writes = list(client.writes)
    again = run(build())
    assert again["changes"] == []
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    assert client.writes == writes
    return predicted, done
