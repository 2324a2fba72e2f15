# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call of a verification fails once, with every fault: the run continues, or fails and says what is missing."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents import verify_compare
from sandbox import Sandbox
from tests.faults.support.matrix import LONG, SHORT, CallAt
from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

#: Faults after which the same run continues: how the sandbox causes them, and with which status.
TRANSIENT: dict[str, dict[str, Any]] = {
    "500": {"how": "error", "status": 500},
    "slow down": {"how": "error", "status": 503},
    "timeout": {"how": "hang"},
    "reset": {"how": "reset"},
    "a proxy's page": {"how": "html", "status": 502},
    "truncated": {"how": "truncated"},
    "no HTTP": {"how": "no-http"},
}
#: Faults that end a run; those of TRANSIENT end it too if there is no time for a retry.
PERMANENT: dict[str, dict[str, Any]] = {
    **TRANSIENT,
    "garbage": {"how": "garbage"},
    "an error inside": {"how": "error-inside"},
    "refused": {"how": "error", "status": 403, "code": "AccessDenied"},
    "unknown key": {"how": "error", "status": 403, "code": "InvalidAccessKeyId"},
}
#: Faults of the body, which a response to HEAD does not have. The faults of LISTINGS are for listings only.
WITH_BODY = ("garbage", "an error inside", "truncated")
LISTINGS: dict[str, dict[str, Any]] = {
    "rows repeated": {"how": "repeat-rows"},
    "rows out of order": {"how": "reverse-rows"},
    "pages that never end": {"how": "endless", "times": 0},
    "a vanished bucket": {"how": "error", "status": 404, "code": "NoSuchBucket", "times": 0},
}
#: Calls that a complete report does not require: the notes give the reason, or the call is not made again.
OPTIONAL_CALLS = {("BackbeatMetadata", way) for way in PERMANENT} | {
    ("GetBucketReplication", "refused"),
    ("GetBucketReplication", "unknown key"),
}
#: Faults that also end a listing of one key. It has one row at the source and none at the target, so that rows
#: cannot be out of order there, and no further page can follow.
REREAD = {
    ("rows repeated", "source"),
    ("a vanished bucket", "source"),
    ("a vanished bucket", "target"),
}
#: Rows per page and per block; with SEEDED versions each side's listing has three pages.
PAGE = 10
SEEDED = 23
TIMES = ("started", "finished", "seconds", "requests", "last_complete")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("short_pauses")]


@dataclass
class Pair:
    """A pair with which a verification makes every kind of call on each side."""

    sandbox: Sandbox
    source: Side
    target: Side
    calls: list[CallAt]
    clean: dict[str, Any]

    def verify(
        self, retry_timeout: float, timeouts: dict[str, float] = LONG, **files: Any
    ) -> Result:
        sides = {
            side.name: {
                "bucket": bucket,
                "s3": {
                    **side.connection("s3"),
                    "retry_timeout": retry_timeout,
                    "aws_config": timeouts,
                },
            }
            for side, bucket in ((self.source, SOURCE_BUCKET), (self.target, TARGET_BUCKET))
        }
        own = {"listers": 1, "inspectors": 1, "bodies": {"share": 0.1, "seed": 1}, "fail": False}
        result = self.source.run("verify", **sides, **own, **files)
        assert result["changed"] is False
        return result

    def faulty(
        self, at: CallAt, fault: dict[str, Any], retry_timeout: float, **files: Any
    ) -> Result:
        """Run a verification in which one call fails."""
        self.sandbox.clear_calls()
        self.sandbox.fail(at.operation, at.nth, at.side, **{"seconds": 1.5, **fault})
        try:
            result = self.verify(retry_timeout, SHORT if fault["how"] == "hang" else LONG, **files)
            assert self.sandbox.calls(fault=fault["how"]), f"{at} was not called"
        finally:
            self.sandbox.clear_faults()
        return result


def outcome(result: Result) -> dict[str, Any]:
    """The report without the values that differ from run to run."""
    report = json.loads(json.dumps(result["verification"]))
    for problems in report["first_problems"].values():
        for problem in problems:
            del problem["pending_since"]
    return {name: one for name, one in report.items() if name not in TIMES}


def differences(one: dict[str, Any], other: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {one[name]}" for name in one if one[name] != other[name])


@pytest.fixture(scope="module")
def small_blocks() -> Iterator[None]:
    """End a block after each page, so that the next run can continue from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify_compare, "MOST_EQUAL", PAGE)
        yield


@pytest.fixture(scope="module")
def pair(running_sandbox: Sandbox, small_blocks: None) -> Iterator[Pair]:
    running_sandbox.reset()
    running_sandbox.settings(page_size=PAGE)
    source, target = (Side(running_sandbox, running_sandbox[name]) for name in ("source", "target"))
    set_up(source, target, but=("object",))
    for side, bucket in (("source", SOURCE_BUCKET), ("target", TARGET_BUCKET)):
        running_sandbox.seed(side, bucket, SEEDED, size=10)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="lost", Body=b"x")
    lost = source.s3.head_object(Bucket=SOURCE_BUCKET, Key="lost")["VersionId"]
    deadline = time.monotonic() + 15
    while "Contents" not in target.s3.list_objects_v2(Bucket=TARGET_BUCKET, Prefix="lost"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="lost", VersionId=lost)
    target.s3.put_object(Bucket=TARGET_BUCKET, Key="extra", Body=b"x")
    running_sandbox.settings("source", paused=True)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="waiting", Body=b"x")
    made = Pair(running_sandbox, source, target, [], {})
    # Versions as young as the run, in whole seconds, are read again. Later runs would not do that, so wait.
    time.sleep(2.1)
    running_sandbox.clear_calls()
    made.clean = outcome(made.verify(20.0))
    states = {name: one["count"] for name, one in made.clean["states"].items() if one["count"]}
    assert states == {"in_sync": SEEDED, "missing": 1, "written_at_target": 1, "pending": 1}
    assert made.clean["complete"]
    seen: Counter[tuple[str, str]] = Counter()
    for call in running_sandbox.calls():
        where = (call["side"], call["operation"])
        seen[where] += 1
        made.calls.append(CallAt(call["side"], call["operation"], seen[where], False, 0))
    assert {at.operation for at in made.calls} == {
        "GetBucketReplication",
        "ListObjectVersions",
        "HeadObject",
        "GetObject",
        "BackbeatMetadata",
    }
    yield made
    running_sandbox.reset()


def affected_calls(pair: Pair, way: str) -> list[CallAt]:
    """The calls in which this fault can happen."""
    return [at for at in pair.calls if _can_fail(at, way)]


def _can_fail(at: CallAt, way: str) -> bool:
    if at.operation == "HeadObject":
        return way not in WITH_BODY
    if at.operation == "GetObject":
        # Any bytes are a valid body; the comparison finds that they differ.
        return way not in ("garbage", "an error inside")
    # The response is a 404, which does not name the missing resource if it is truncated.
    return way != "truncated" or (at.side, at.operation) != ("target", "GetBucketReplication")


@pytest.mark.parametrize("way", TRANSIENT)
def test_run_continues_after_a_transient_fault(pair: Pair, way: str) -> None:
    problems = []
    for at in affected_calls(pair, way):
        result = pair.faulty(at, TRANSIENT[way], retry_timeout=20.0)
        if result.get("failed"):
            problems.append(f"{at}: {result['msg']}")
        elif outcome(result) != pair.clean:
            problems.append(f"{at}: {differences(outcome(result), pair.clean)}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("way", PERMANENT)
def test_permanent_fault_fails_the_run_and_the_next_one_continues(
    pair: Pair, way: str, tmp_path: Path
) -> None:
    problems = []
    for number, at in enumerate(affected_calls(pair, way)):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = {
            name: str(folder / name) for name in ("checkpoint", "problems_file", "report_file")
        }
        result = pair.faulty(at, {"times": 0, **PERMANENT[way]}, retry_timeout=0.0, **files)
        optional = (at.operation, way) in OPTIONAL_CALLS
        problems += [f"{at}: {text}" for text in problems_of_report(result, files, optional, at)]
        again = pair.verify(20.0, **files)
        if again.get("failed") or again["verification"]["states"] != pair.clean["states"]:
            problems.append(f"{at}, the next run: {again.get('msg')}")
    assert not problems, "\n".join(problems)


def problems_of_report(
    result: Result, files: dict[str, str], optional: bool, at: CallAt
) -> Iterator[str]:
    """What is wrong with the report of a failed verification."""
    report = result["verification"]
    if optional:
        if result.get("failed") or not report["complete"]:
            yield f"failed: {result.get('msg')}"
        if at.operation == "GetBucketReplication" and not report["notes"]:
            yield "no note"
        return
    if not result.get("failed"):
        yield "the run did not fail"
        return
    if (report["verdict"], report["complete"]) != ("incomplete", False) or not report["gaps"]:
        yield f"the report is {report['verdict']}, with {report['gaps']}"
    if "incomplete" not in result["msg"] or "exception" in result:
        yield f"unclear message: {result['msg']}"
    if result["error"]["operation"] not in (at.operation, "GetObject"):
        yield f"another call is named: {result['error']}"
    if json.loads(Path(files["report_file"]).read_text()) != report:
        yield "the file has another report"


@pytest.mark.parametrize("way", LISTINGS)
def test_invalid_listing_fails_the_run(pair: Pair, way: str) -> None:
    problems = []
    for at in pair.calls:
        if at.operation != "ListObjectVersions":
            continue
        if at.nth > 3 and (way, at.side) not in REREAD:
            continue
        result = pair.faulty(at, LISTINGS[way], retry_timeout=0.0)
        report = result["verification"]
        if not result.get("failed") or report["complete"] or not report["gaps"]:
            problems.append(f"{at}: {result.get('msg')}, {report['gaps']}")
    assert not problems, "\n".join(problems)


def test_last_key_before_a_failed_listing_is_reported(pair: Pair) -> None:
    at = CallAt("target", "ListObjectVersions", 3, False, 0)
    result = pair.faulty(at, {"how": "error", "times": 0}, retry_timeout=0.0)
    (gap,) = result["verification"]["gaps"]
    assert gap["reason"] == "listing-failed"
    assert gap["after"].startswith("seed/")
    assert f"It reached '{gap['after']}'" in result["msg"]


def test_wrong_secret_key_is_explained(pair: Pair) -> None:
    wrong = {**pair.target.connection("s3"), "secret_key": "wrong"}
    sides = {
        "source": {"bucket": SOURCE_BUCKET, "s3": pair.source.connection("s3")},
        "target": {"bucket": TARGET_BUCKET, "s3": wrong},
    }
    result = pair.source.run("verify", **sides)
    assert "SignatureDoesNotMatch" in result["msg"]
    assert result["verification"]["verdict"] == "incomplete"
