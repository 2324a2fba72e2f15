# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source on the sandbox: its events, outages, crashes, arguments, and that it never blocks the loop."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents import events
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.checkpoint import Checkpoint
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, SOURCE_ROLE, TARGET_BUCKET, set_up
from tests.integration.support.sources import (
    PAIR,
    Collected,
    Crash,
    Watching,
    arguments,
    plugin,
)


@pytest.fixture
def pair(source: Side, target: Side) -> None:
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object",))


def put(side: Side, key: str) -> str:
    return str(side.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"12")["VersionId"])


def assert_status(side: Side, key: str, status: str) -> None:
    side.do("object_check", bucket=SOURCE_BUCKET, key=key, status=[status])


def break_target(target: Side) -> None:
    found = target.s3.list_object_versions(Bucket=TARGET_BUCKET)
    for one in [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]:
        target.s3.delete_object(Bucket=TARGET_BUCKET, Key=one["Key"], VersionId=one["VersionId"])
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)


def repair_target(target: Side) -> None:
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")


def change_role(source: Side, before: str, after: str) -> None:
    """Changes the configuration's source role by hand. Pending versions then never replicate."""
    found = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    role = found["Role"].replace(f"role/{before}", f"role/{after}", 1)
    source.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration={**found, "Role": role}
    )


@pytest.mark.usefixtures("pair")
def test_failed_version_has_an_event_and_another_once_replicated(
    source: Side, target: Side, tmp_path: Path
) -> None:
    break_target(target)
    version = put(source, "a {{ 7 * 7 }}")
    assert_status(source, "a {{ 7 * 7 }}", "FAILED")

    async def scenario() -> None:
        async with Watching(arguments(source, target, tmp_path)) as watching:
            event = await watching.event("failed", "new")
            assert (event["host"], event["pair"], event["bucket"]) == ("node1", PAIR, SOURCE_BUCKET)
            assert (event["key"], event["version_id"]) == (
                "a%20%7B%7B%207%20%2A%207%20%7D%7D",
                version,
            )
            assert event["sites"] == ["node6"]
            await asyncio.to_thread(repair_target, target)
            await asyncio.to_thread(
                lambda: source.do("retry", backbeat_url=source.side.s3_url, bucket=SOURCE_BUCKET)
            )
            gone = await watching.event("failed", "gone")
            assert gone["id"].removesuffix("gone") == event["id"].removesuffix("new")
            assert len(watching.queue.of("failed")) == 2

    asyncio.run(scenario())
    assert (tmp_path / "events.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("pair")
def test_failed_versions_are_reported_without_a_target_bucket(
    source: Side, target: Side, tmp_path: Path
) -> None:
    break_target(target)
    put(source, "a")
    assert_status(source, "a", "FAILED")

    async def scenario() -> None:
        args = arguments(source, target, tmp_path, stuck_after=900, preflight_interval=0.1)
        async with Watching(args) as watching:
            await watching.event("failed", "new")
            event = await watching.event("finding", "new")
            assert event["finding"] == "target-bucket-missing"
            assert watching.queue.of("outage") == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_failure_that_backbeat_no_longer_lists_is_not_reported_as_gone(
    source: Side, target: Side, tmp_path: Path
) -> None:
    break_target(target)
    put(source, "a")
    assert_status(source, "a", "FAILED")

    async def scenario() -> None:
        async with Watching(arguments(source, target, tmp_path)) as watching:
            await watching.event("failed", "new")
            await asyncio.to_thread(lambda: source.sandbox.settings("source", failures_kept=0.0))
            await asyncio.sleep(1.0)
            assert watching.queue.of("failed", "gone") == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_stuck_version_has_an_event_and_another_once_resent(
    source: Side, target: Side, tmp_path: Path
) -> None:
    change_role(source, SOURCE_ROLE, "Other")
    put(source, "stuck")
    change_role(source, "Other", SOURCE_ROLE)

    async def scenario() -> None:
        args = arguments(source, target, tmp_path, stuck_after=0.5)
        async with Watching(args) as watching:
            event = await watching.event("stuck", "new")
            assert (event["key"], event["cause"]) == ("stuck", "roles-changed")
            resend = {"bucket": SOURCE_BUCKET, "key": "stuck", "resend": "stuck"}
            await asyncio.to_thread(lambda: source.do("object", **resend))
            await watching.event("stuck", "gone")
            assert len(watching.queue.of("stuck")) == 2

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_pending_version_is_stuck_once_later_ones_are_replicated(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """Without access to the metadata route, a version's roles are unknown."""
    change_role(source, SOURCE_ROLE, "Other")
    put(source, "b")
    change_role(source, "Other", SOURCE_ROLE)
    source.sandbox.fail("BackbeatMetadata", how="error", status=403, code="AccessDenied", times=0)

    async def scenario() -> None:
        args = arguments(source, target, tmp_path, stuck_after=1.5)
        async with Watching(args) as watching:
            await asyncio.to_thread(put, source, "a")
            event = await watching.event("stuck", "new")
            assert event["key"] == "b"
            assert event["cause"] in ("overtaken", "nothing-arrives")

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_paused_site_has_an_event_and_its_versions_are_not_stuck(
    source: Side, target: Side, tmp_path: Path
) -> None:
    there = {"backbeat_url": source.side.s3_url, "site": "node6"}
    source.do("site", state="paused", **there)
    put(source, "a")

    async def scenario() -> None:
        args = arguments(source, target, tmp_path, stuck_after=0.4, paused_after=1.5)
        async with Watching(args) as watching:
            event = await watching.event("paused", "new")
            assert (event["site"], event["resume_at"]) == ("node6", None)
            assert watching.queue.of("stuck") == []
            await asyncio.to_thread(lambda: source.do("site", **there))
            await watching.event("paused", "gone")

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_preflight_finding_has_an_event_and_another_once_fixed(
    source: Side, target: Side, tmp_path: Path
) -> None:
    def versioning(status: str) -> None:
        target.s3.put_bucket_versioning(
            Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": status}
        )

    versioning("Suspended")

    async def scenario() -> None:
        args = arguments(source, target, tmp_path, preflight_interval=0.1, failed=False)
        async with Watching(args) as watching:
            event = await watching.until(
                lambda queue: [
                    one for one in queue.events if one.get("finding") == "target-versioning-off"
                ]
            )
            assert event[0]["remedy"]
            versioning("Enabled")
            gone = await watching.until(lambda queue: queue.of("finding", "gone"))
            assert gone[0]["finding"] == "target-versioning-off"

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_outage_has_one_event_at_its_start_and_one_at_its_end(
    source: Side, target: Side, tmp_path: Path
) -> None:
    async def scenario() -> None:
        args = arguments(source, target, tmp_path, preflight_interval=0.1, stuck_after=900)
        async with Watching(args) as watching:
            await watching.until(lambda _queue: (tmp_path / "events.json").exists())
            source.sandbox.outage("target", "s3")
            event = await watching.event("outage", "new")
            assert event["endpoint"] == target.side.s3_url
            await asyncio.sleep(1.0)
            source.sandbox.outage("target", "s3", False)
            await watching.event("outage", "gone")
            assert [one["kind"] for one in watching.queue.events] == ["outage", "outage"]

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_backbeat_that_is_down_has_one_event_of_its_own(
    source: Side, target: Side, tmp_path: Path
) -> None:
    source.sandbox.outage("source", "backbeat")

    async def scenario() -> None:
        async with Watching(arguments(source, target, tmp_path, stuck_after=900)) as watching:
            event = await watching.event("outage", "new")
            assert event["endpoint"] == f"Backbeat at {source.side.s3_url}"
            assert event["status"] == 503
            await asyncio.sleep(0.5)
            assert len(watching.queue.events) == 1

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
def test_reading_sends_few_requests_and_the_next_one_continues_it(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """The number of requests does not grow with the bucket. A stuck version at its end is found by a later reading."""
    for side, bucket in (("source", SOURCE_BUCKET), ("target", TARGET_BUCKET)):
        source.sandbox.seed(
            side, bucket, 3500, status="COMPLETED" if side == "source" else "REPLICA"
        )
    change_role(source, SOURCE_ROLE, "Other")
    put(source, "zzz")
    change_role(source, "Other", SOURCE_ROLE)
    time.sleep(0.6)
    args = arguments(source, target, tmp_path, stuck_after=0.5, scan_pages=1, limit=5)
    reader = plugin()["source"](args)._reader
    state = events.empty_state()
    for _turn in range(4):
        source.sandbox.clear_calls()
        now = datetime.now(timezone.utc)
        state, found = events.advance(state, reader.read(state, now, findings=False), now)
        lists = source.sandbox.calls(operation="ListObjectVersions")
        assert len(lists) <= 2
        assert len(source.sandbox.calls(operation="HeadObject")) <= 5
        # The state is in a JSON file between two readings.
        state = json.loads(json.dumps(state))
    assert [(one["kind"], one["key"]) for one in found] == [("stuck", "zzz")]


@pytest.mark.usefixtures("pair")
def test_event_loop_is_not_blocked_while_a_server_does_not_answer(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """Heartbeats continue, and other asyncio tasks run."""
    source.sandbox.fail("GetBucketReplication", how="hang", seconds=3.0)

    async def scenario() -> None:
        longest, last = 0.0, time.monotonic()
        async with Watching(arguments(source, target, tmp_path, heartbeat=0.2)) as watching:
            # The first heartbeats also cover the loading of the plugin, which happens in a thread.
            while len(watching.queue.of("heartbeat")) < 6:
                await asyncio.sleep(0.01)
                longest, last = max(longest, time.monotonic() - last), time.monotonic()
            assert watching.queue.of("heartbeat")[-1]["read_at"] is None
        assert longest < 1.0

    asyncio.run(scenario())


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize("takes", [True, False], ids=["after-taking", "before-taking"])
@pytest.mark.parametrize("crash_at", [1, 2, 3])
def test_no_event_is_lost_in_a_crash(
    source: Side, target: Side, tmp_path: Path, crash_at: int, takes: bool
) -> None:
    break_target(target)
    keys = {"a", "b", "c"}
    for key in sorted(keys):
        put(source, key)
        assert_status(source, key, "FAILED")
    args = arguments(source, target, tmp_path)
    first = Collected(crash_at, takes=takes)

    async def crash() -> None:
        async with Watching(args, first) as watching:
            await watching.until(lambda _queue: False)

    async def restart() -> Collected:
        async with Watching(args) as watching:
            await watching.until(lambda queue: len(queue.events) >= len(keys))
            await asyncio.sleep(0.4)
        return watching.queue

    with pytest.raises(Crash):
        asyncio.run(crash())
    second = asyncio.run(restart())
    ids = {one["key"]: one["id"] for one in second.events}
    assert ids.keys() == keys
    assert all(ids[one["key"]] == one["id"] for one in first.events)


@pytest.mark.usefixtures("pair")
def test_event_is_not_queued_before_the_state_is_saved(
    source: Side, target: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_target(target)
    put(source, "a")
    assert_status(source, "a", "FAILED")
    queue = Collected()

    def fail_to_save(_self: Checkpoint, _state: Any) -> None:
        raise Crash

    async def scenario() -> None:
        async with Watching(arguments(source, target, tmp_path), queue) as watching:
            await watching.until(lambda _queue: False)

    monkeypatch.setattr(Checkpoint, "save", fail_to_save)
    with pytest.raises(Crash):
        asyncio.run(scenario())
    assert queue.events == []


@pytest.mark.usefixtures("pair")
def test_problems_of_a_removed_pair_are_reported_as_gone(
    source: Side, target: Side, tmp_path: Path
) -> None:
    break_target(target)
    put(source, "a")
    assert_status(source, "a", "FAILED")
    args = arguments(source, target, tmp_path)

    async def first() -> None:
        async with Watching(args) as watching:
            await watching.event("failed", "new")

    async def second() -> None:
        args["pairs"][0]["name"] = "other"
        async with Watching(args) as watching:
            gone = await watching.event("failed", "gone")
            assert gone["pair"] == PAIR
            await watching.until(
                lambda queue: [one for one in queue.of("failed", "new") if one["pair"] == "other"]
            )

    asyncio.run(first())
    asyncio.run(second())


def test_second_source_with_the_same_state_file_is_refused(
    source: Side, target: Side, tmp_path: Path
) -> None:
    async def scenario() -> None:
        args = arguments(source, target, tmp_path)
        async with Watching(args) as first:
            await first.until(lambda _queue: (tmp_path / "events.json.lock").exists())
            async with Watching(args) as second:
                with pytest.raises(ValueError, match="Another process uses"):
                    await second.until(lambda _queue: False)

    asyncio.run(scenario())


def test_folder_of_the_state_file_is_created(source: Side, target: Side, tmp_path: Path) -> None:
    """The shipped rulebook uses ~/.ansible, which may not exist yet."""
    file = tmp_path / ".ansible" / "events.json"
    args = arguments(source, target, tmp_path, state_file=str(file), heartbeat=0.1)

    async def scenario() -> None:
        async with Watching(args) as watching:
            await watching.event("heartbeat", "heartbeat")

    asyncio.run(scenario())
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_state_file_with_other_content_is_refused(
    source: Side, target: Side, tmp_path: Path
) -> None:
    (tmp_path / "events.json").write_text('{"a": 1}')

    async def scenario() -> None:
        async with Watching(arguments(source, target, tmp_path)) as watching:
            with pytest.raises(ValueError, match=r"events\.json"):
                await watching.until(lambda _queue: False)

    asyncio.run(scenario())
    assert (tmp_path / "events.json").read_text() == '{"a": 1}'


def test_arguments_as_text_are_converted(source: Side, target: Side, tmp_path: Path) -> None:
    text = {"interval": "0.1", "failed": "no", "limit": "5", "heartbeat": "0.1"}

    async def scenario() -> None:
        async with Watching(arguments(source, target, tmp_path, **text)) as watching:
            await watching.event("heartbeat", "heartbeat")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"interval": "often"}, "interval"),
        ({"interval": 0}, "interval"),
        ({"limit": "1.5"}, "limit"),
        ({"heartbeat": "inf"}, "heartbeat"),
        ({"failed": "perhaps"}, "failed"),
        ({"unknown": 1}, "unknown"),
        ({"pairs": []}, "pairs"),
        ({"ignore": ["no-such-id"]}, "no-such-id"),
        ({"state_file": None}, "state_file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_invalid_argument_is_refused_and_named(
    source: Side, target: Side, tmp_path: Path, wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        plugin()["source"](arguments(source, target, tmp_path, **wrong))


def test_error_does_not_show_secrets(source: Side, target: Side, tmp_path: Path) -> None:
    args = arguments(source, target, tmp_path, interval="often")
    args["pairs"][0]["source"]["s3"]["secret_key"] = "confidential-key"
    args["pairs"][0]["unknown"] = "confidential-key"
    with pytest.raises(ValueError, match="interval") as refused:
        plugin()["source"](args)
    assert "confidential-key" not in str(refused.value)


@pytest.mark.usefixtures("pair")
def test_secret_in_a_servers_message_is_in_no_event(
    source: Side, target: Side, tmp_path: Path
) -> None:
    secret = source.side.secret_key
    source.sandbox.fail(
        "GetBucketReplication",
        how="error",
        status=403,
        code="AccessDenied",
        message=secret,
        times=0,
    )

    async def scenario() -> None:
        async with Watching(arguments(source, target, tmp_path)) as watching:
            await watching.event("outage", "new")
            assert secret not in json.dumps(watching.queue.events)
            assert secret not in (tmp_path / "events.json").read_text()

    asyncio.run(scenario())
