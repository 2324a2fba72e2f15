# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The canary: what it verifies, what it changes, and that it is removed after errors and interrupts too."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import s3_objects
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import open_api
from ansible_collections.scality.backbeat.plugins.module_utils._engine.job import run_job
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import CONNECTION
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.canary import (
    Canary,
    CanaryRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control, Stopped
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied
from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

pytestmark = pytest.mark.lowest_boto3


@pytest.fixture
def replicating(source: Side, target: Side) -> Side:
    set_up(source, target, but=("object",))
    source.sandbox.clear_calls()
    return source


def api(side: Side) -> Any:
    defaults = {name: option.get("default") for name, option in CONNECTION.items()}
    options = {**defaults, **side.connection("s3"), "retry_timeout": 3.0}
    return open_api(S3, options)


def run_canary(
    source: Side,
    target: Side,
    *,
    check_mode: bool = False,
    control: Control | None = None,
    **options: Any,
) -> Result:
    request = CanaryRequest.from_options(
        {
            "source_bucket": SOURCE_BUCKET,
            "target_bucket": TARGET_BUCKET,
            "key": "canary",
            "wait_timeout": 10.0,
            "wait_max_delay": 0.2,
            **options,
        }
    )
    canary = Canary(request, api(source), api(target))
    return run_job(canary, control or Control(), check_mode=check_mode)


def remaining_keys(*sides: Side) -> list[str]:
    buckets = {"source": SOURCE_BUCKET, "target": TARGET_BUCKET}
    found = []
    for side in sides:
        listed = side.s3.list_object_versions(Bucket=buckets[side.name])
        found += [one["Key"] for one in listed.get("Versions", [])]
        found += [one["Key"] for one in listed.get("DeleteMarkers", [])]
    return found


def test_canary_is_replicated_and_removed(replicating: Side, target: Side) -> None:
    result = run_canary(replicating, target)
    assert result["canary"]["object"]["replication_status"] == "COMPLETED"
    assert result["canary"]["replica"]["replication_status"] == "REPLICA"
    assert result["changed"]
    assert [change.split()[0] for change in result["changes"]] == [
        "PutObject",
        "DeleteObject",
        "DeleteObject",
    ]
    assert remaining_keys(replicating, target) == []


def test_check_mode_predicts_the_changes_without_writes(replicating: Side, target: Side) -> None:
    result = run_canary(replicating, target, check_mode=True)
    assert result["changed"]
    assert len(result["changes"]) == 3
    assert replicating.writes() == []


def test_pending_canary_is_an_error_and_removed(replicating: Side, target: Side) -> None:
    replicating.sandbox.settings("source", paused=True)
    with pytest.raises(Unsatisfied, match="PENDING") as caught:
        run_canary(replicating, target, wait_timeout=0.3)
    assert caught.value.seen["changed"]
    assert remaining_keys(replicating, target) == []


@pytest.mark.parametrize("how", ["reset", "reset-after", "error", "error-after"])
def test_lost_put_is_repeated_and_all_versions_removed(
    replicating: Side, target: Side, how: str
) -> None:
    replicating.sandbox.fail("PutObject", side="source", how=how)
    result = run_canary(replicating, target)
    assert result["canary"]["object"]["replication_status"] == "COMPLETED"
    puts = replicating.writes().count("PutObject")
    assert puts == (1 if how.endswith("after") else 2)
    assert remaining_keys(replicating, target) == []


@pytest.mark.parametrize("side", ["source", "target"])
def test_lost_delete_is_repeated(replicating: Side, target: Side, side: str) -> None:
    replicating.sandbox.fail("DeleteObject", side=side, how="reset")
    run_canary(replicating, target)
    assert remaining_keys(replicating, target) == []


def test_refused_put_is_an_error(replicating: Side, target: Side) -> None:
    replicating.sandbox.fail("PutObject", side="source", status=403, code="AccessDenied", times=0)
    with pytest.raises(Unsatisfied, match="AccessDenied") as caught:
        run_canary(replicating, target)
    assert caught.value.seen["changed"] is False
    assert caught.value.seen["canary"] is None


def test_versions_that_cannot_be_removed_are_a_warning(replicating: Side, target: Side) -> None:
    replicating.sandbox.fail(
        "DeleteObject", side="target", status=403, code="AccessDenied", times=0
    )
    result = run_canary(replicating, target)
    (warning,) = result["warnings"]
    (key,) = remaining_keys(replicating, target)
    assert warning.startswith("target: ")
    assert key in warning


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_canary_is_removed_after_an_interrupt(replicating: Side, target: Side, number: int) -> None:
    replicating.sandbox.settings("source", paused=True)
    control = Control()
    before = signal.getsignal(number)

    def interrupt() -> None:
        # Before the job has put the object, the signal would interrupt the test itself.
        replicating.sandbox.wait_for_call(operation="PutObject", status=200)
        os.kill(os.getpid(), number)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    with pytest.raises(Stopped, match=signal.Signals(number).name):
        run_canary(replicating, target, control=control, wait_timeout=30.0)
    watcher.join()
    assert control.stop.is_set()
    assert signal.getsignal(number) == before
    assert "PutObject" in replicating.writes()
    assert remaining_keys(replicating, target) == []


def test_canary_that_the_server_stores_after_the_interrupt_is_removed(
    replicating: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is interrupted before the server acts on it."""

    def interrupted(_api: Any, bucket: str, key: str, body: bytes, **_options: Any) -> None:
        put = replicating.s3.put_object
        threading.Timer(0.3, put, kwargs={"Bucket": bucket, "Key": key, "Body": body}).start()
        raise KeyboardInterrupt

    monkeypatch.setattr(s3_objects, "put_object", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_canary(replicating, target)
    replicating.sandbox.wait_for_call(operation="PutObject", status=200)
    assert remaining_keys(replicating) == []


def test_canary_is_removed_after_a_stop_by_another_thread(replicating: Side, target: Side) -> None:
    replicating.sandbox.settings("source", paused=True)
    control = Control()
    timer = threading.Timer(0.5, control.stop.set)
    timer.start()
    with pytest.raises(Stopped):
        run_canary(replicating, target, control=control, wait_timeout=30.0)
    timer.join()
    assert remaining_keys(replicating, target) == []
