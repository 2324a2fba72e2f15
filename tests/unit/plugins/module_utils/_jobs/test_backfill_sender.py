# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a version is sent again, the handling of the first version, and which refusals end the job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Call
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Forbidden,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.backfill_report import (
    SourceVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Head,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import backfill_sender
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_sender import (
    CONFIGURED,
    REACTION,
    REFUSALS,
    Gate,
    Pair,
    Requests,
    Sender,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control, Deadlines
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied

from ...fake_client import Time
from ...fake_s3 import FakeS3

FAILED = SourceVersion("k", "v1", "failed", status="FAILED")
STUCK = SourceVersion("k", "v1", "stuck", status="PENDING")
LOST = SourceVersion("k", "v1", "missing", status="COMPLETED")


class Books:
    """Records the calls of a ledger."""

    def __init__(self, proven: bool) -> None:
        self.proven = proven
        self.lines: list[float | None] = []
        self.changed: list[tuple[Any, Any]] = []

    def sent(self, version: SourceVersion, window: float | None) -> None:
        self.lines.append(window)

    def changed_tags(self, version: SourceVersion, before: Any, after: Any) -> None:
        self.changed.append((before, after))


class Server:
    """Requests to a server that returns one status after the other, the last one forever."""

    def __init__(self, control: Control, statuses: Sequence[str]) -> None:
        self.control = control
        self.pair = Pair(FakeS3().api(), "s", FakeS3().api(), "t")
        self.statuses = list(statuses)
        self.at_target = False
        self.is_selected = True
        self.tags_shown: list[dict[str, str] | ApiError | None] = [{"a": "1"}]
        self.errors: list[Exception] = []
        self.put: list[dict[str, str]] = []

    def head(self, side: str, key: bytes, version_id: bytes | None) -> Head | None:
        if side == "target":
            return Head("REPLICA", "v1") if self.at_target else None
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return None if status == "gone" else Head(status, "v1")

    def selected(self, key: bytes) -> bool:
        return self.is_selected

    def tags(self, key: bytes, version_id: bytes) -> dict[str, str] | None:
        shown = self.tags_shown.pop(0) if len(self.tags_shown) > 1 else self.tags_shown[0]
        if isinstance(shown, ApiError):
            raise shown
        return shown

    def put_tags(self, key: bytes, version_id: bytes, tags: dict[str, str]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.put.append(tags)


class Scene:
    """A sender, its server, and its ledger."""

    def __init__(
        self, time: Time, *statuses: str, proven: bool = False, timeout: float = 60.0
    ) -> None:
        self.time = time
        control = Control(deadlines=Deadlines(clock=time.clock))
        control.sleep = time.sleep  # type: ignore[method-assign]
        self.books = Books(proven)
        self.server = Server(control, statuses)
        requests: Any = self.server
        ledger: Any = self.books
        self.sender = Sender(requests, ledger, lambda: None, first_timeout=timeout)

    def send(self, version: SourceVersion = FAILED) -> tuple[str, str]:
        return self.sender.send(b"k", version)

    def refused(self, version: SourceVersion = FAILED) -> str:
        with pytest.raises(Unsatisfied) as caught:
            self.send(version)
        assert not self.books.proven
        return str(caught.value)

    @property
    def waited(self) -> float:
        return sum(self.time.slept)


Make = Callable[..., Scene]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Creates scenes with the sender's clock, which only advances in pauses."""
    time = Time()
    monkeypatch.setattr(backfill_sender, "time", SimpleNamespace(monotonic=time.clock))
    monkeypatch.setattr(backfill_sender, "fresh_backoff", lambda api: time.backoff(60))
    return partial(Scene, time)


def error(kind: type[ApiError], code: str = "AccessDenied") -> ApiError:
    call = Call("PutObjectTagging", "http://node1", "put the tags")
    return kind(call, "No", code=code, status=403)


def test_a_version_is_sent_by_its_own_tags_put_back(make: Make) -> None:
    scene = make("FAILED", proven=True)
    assert scene.send() == ("", "")
    assert scene.server.put == [{"a": "1"}]
    assert scene.books.lines == [0.0]
    assert (scene.books.changed, scene.waited) == ([], 0)


def test_the_first_version_is_waited_for_until_it_has_arrived(make: Make) -> None:
    scene = make("FAILED", "PENDING", "PENDING", "PROCESSING", "COMPLETED")
    assert scene.send() == ("", "")
    assert scene.books.proven
    assert len(scene.time.slept) == 3
    # It does not wait for later ones.
    before = scene.waited
    scene.server.statuses = ["FAILED"]
    assert scene.send() == ("", "")
    assert scene.waited == before


def test_without_a_time_the_first_version_only_has_to_be_marked(make: Make) -> None:
    scene = make("FAILED", "FAILED", "PENDING", timeout=0)
    assert scene.send() == ("", "")
    assert scene.books.proven
    assert len(scene.time.slept) == 1


@pytest.mark.parametrize("timeout", [0, 60])
def test_a_server_that_does_not_mark_the_first_version_ends_the_job(
    make: Make, timeout: float
) -> None:
    scene = make("FAILED", timeout=timeout)
    assert "did not mark the first version, v1 of s/k, as PENDING" in scene.refused()
    assert REACTION < scene.waited < REACTION + 3


def test_a_first_version_that_fails_again_ends_the_job(make: Make) -> None:
    scene = make("FAILED", "FAILED", "PENDING", "FAILED")
    assert "was sent and is FAILED" in scene.refused()
    assert len(scene.time.slept) == 2


@pytest.mark.parametrize(("timeout", "seconds"), [(60, 60), (0, REACTION), (3, REACTION)])
def test_a_first_version_that_does_not_arrive_in_time_ends_the_job(
    make: Make, timeout: float, seconds: float
) -> None:
    """A stuck version is PENDING before and after, so the message does not say that it was not marked."""
    scene = make("PENDING", timeout=timeout)
    assert "is still PENDING after" in scene.refused(STUCK)
    assert seconds < scene.waited < seconds + 3


def test_an_earlier_completed_status_is_only_accepted_after_a_while(make: Make) -> None:
    """The first status may be the old one."""
    scene = make("COMPLETED")
    assert scene.send(LOST) == ("", "")
    assert REACTION < scene.waited < REACTION + 3


def test_an_earlier_completed_version_is_replicated_after_it_was_marked(make: Make) -> None:
    scene = make("COMPLETED", "PENDING", "COMPLETED")
    assert scene.send(LOST) == ("", "")
    assert scene.waited < 1


def test_a_version_that_changed_since_it_was_found_is_not_sent(make: Make) -> None:
    scenes = {reason: make("FAILED") for reason in ("gone", "changed", "already-there", "no-rule")}
    scenes["gone"].server.statuses = ["gone"]
    scenes["changed"].server.statuses = ["PENDING"]
    scenes["already-there"].server.at_target = True
    scenes["no-rule"].server.is_selected = False
    for reason, scene in scenes.items():
        assert scene.send() == (reason, "")
        assert (scene.server.put, scene.books.lines) == ([], [])
    scene = make("FAILED")
    scene.server.tags_shown = [None]
    assert scene.send() == ("gone", "")
    assert scene.server.put == []


def test_tags_that_an_application_changed_in_the_meantime_are_reported(make: Make) -> None:
    scene = make("FAILED", proven=True)
    scene.server.tags_shown = [{"a": "1"}, {"a": "2"}]
    scene.send()
    assert scene.books.changed == [({"a": "1"}, {"a": "2"})]


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "COMPLETED"])
def test_a_put_with_a_lost_response_is_not_repeated_if_it_was_done(make: Make, status: str) -> None:
    scene = make("FAILED", status, proven=True)
    scene.server.errors = [error(Unreachable, "InternalError")]
    assert scene.send() == ("", "")
    assert scene.server.put == []
    # The time of the put is unknown.
    assert scene.books.lines == [None]


def test_a_put_with_a_lost_response_is_repeated_if_it_was_not_done(make: Make) -> None:
    scene = make("FAILED", proven=True)
    scene.server.errors = [error(Unreachable, "InternalError")] * 2
    assert scene.send() == ("", "")
    assert len(scene.server.put) == 1


def test_a_server_that_stays_unreachable_ends_the_job(make: Make) -> None:
    scene = make("FAILED", proven=True)
    scene.server.errors = [error(Unreachable, "InternalError")] * 1000
    with pytest.raises(Unreachable):
        scene.send()
    assert scene.waited == pytest.approx(60)
    assert scene.books.lines == []


@pytest.mark.parametrize("kind", [Unreachable, Forbidden])
@pytest.mark.parametrize("version", [FAILED, STUCK])
def test_an_error_after_the_put_does_not_send_the_version_twice(
    make: Make, version: SourceVersion, kind: type[ApiError]
) -> None:
    """The version is recorded as sent, and the message does not say that none was sent."""
    scene = make(str(version.status), "PENDING")
    scene.server.tags_shown = [{"a": "1"}, error(kind), {"a": "1"}]
    with pytest.raises(kind) as caught:
        scene.send(version)
    assert "nothing was sent" not in str(caught.value)
    assert scene.server.put == [{"a": "1"}]
    assert scene.books.lines == [0.0]


def test_a_refusal_of_the_first_version_ends_the_job_with_advice(make: Make) -> None:
    scene = make("FAILED")
    scene.server.errors = [error(Forbidden)]
    with pytest.raises(Forbidden, match="This was the first version, so nothing was sent"):
        scene.send()


def test_single_refusals_are_skipped_and_too_many_end_the_job(make: Make) -> None:
    scene = make("FAILED", proven=True)
    scene.server.errors = [error(Forbidden)] * (REFUSALS + 1)
    for _version in range(REFUSALS):
        reason, detail = scene.send()
        assert reason == "refused"
        assert "AccessDenied" in detail
    with pytest.raises(Forbidden):
        scene.send()


def test_credentials_that_are_no_longer_valid_end_the_job(make: Make) -> None:
    scene = make("FAILED", proven=True)
    scene.server.errors = [error(Forbidden, "ExpiredToken")]
    with pytest.raises(Forbidden):
        scene.send()


@pytest.fixture
def requests(make: Make, monkeypatch: pytest.MonkeyPatch) -> tuple[Requests, FakeS3, Scene]:
    """Requests to a bucket, and a scene with the same clock."""
    scene, s3 = make("FAILED"), FakeS3()
    s3._add("s")
    for kind in ("DirectRequests", "HeadRequests", "TagRequests"):
        monkeypatch.setattr(backfill_sender, kind, lambda *_names, **_more: None)
    monkeypatch.setattr(backfill_sender, "fresh", lambda api: api)
    ledger: Any = SimpleNamespace(count_request=lambda _kind: None)
    pair = Pair(s3.api(), "s", FakeS3().api(), "t-bucket")
    return Requests(pair, ledger, Control()), s3, scene


def configuration(prefix: str, target: str = "t-bucket", status: str = "Enabled") -> dict[str, Any]:
    destination = {"Bucket": f"arn:aws:s3:::{target}"}
    rule = {"Prefix": prefix, "Status": status, "Destination": destination}
    role = "arn:aws:iam::123456789012:role/Role"
    return {"Role": f"{role},{role}", "Rules": [rule]}


@pytest.mark.parametrize(
    ("stored", "selected"),
    [
        (configuration("a/"), True),
        (configuration(""), True),
        (configuration("b/"), False),
        (configuration("a/", target="other-bucket"), False),
        (configuration("a/", status="Disabled"), False),
        (None, False),
    ],
)
def test_a_key_is_selected_by_an_enabled_rule_for_its_target(
    requests: tuple[Requests, FakeS3, Scene], stored: dict[str, Any] | None, selected: bool
) -> None:
    asked, s3, _scene = requests
    s3.buckets["s"]["replication"] = stored
    assert asked.selected(b"a/k") == selected
    assert (asked.configuration() is None) == (stored is None)


def test_a_configuration_is_read_again_after_some_seconds(
    requests: tuple[Requests, FakeS3, Scene],
) -> None:
    asked, s3, scene = requests
    s3.buckets["s"]["replication"] = configuration("a/")
    assert asked.selected(b"a/k")
    s3.buckets["s"]["replication"] = configuration("b/")
    scene.time.now += CONFIGURED
    assert asked.selected(b"a/k")
    assert s3.calls == ["GetBucketReplication"]
    scene.time.now += 0.1
    assert not asked.selected(b"a/k")


def test_an_error_of_the_first_key_is_raised_for_all_waiting_keys() -> None:
    books: Any = Books(proven=False)
    gate = Gate(books)
    with gate.turn():
        pass
    for _key in range(2):
        with pytest.raises(KeyError, match="first"), gate.turn():
            raise KeyError("first")
        # No further try is made.
        with pytest.raises(KeyError, match="first"), gate.turn():
            raise AssertionError
    books.proven = True
    with gate.turn():
        pass
