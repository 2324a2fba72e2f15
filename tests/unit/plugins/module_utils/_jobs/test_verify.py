# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole verifications of generated histories, without servers: they find all differences, also after a kill."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.version_pages import (
    Marker,
    Page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents import (
    verify_compare,
    verify_ranges,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    KEY,
    VERSION_ID,
    Case,
    Row,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_judge import (
    Verdict,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Head,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import (
    stamps,
    verify,
    verify_bodies,
    verify_context,
    verify_inspection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify import Verify
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_bodies import Bodies
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_ledger import (
    Ledger,
    is_put_off,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_listers import (
    SideRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_request import (
    VerifyRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied

from .._documents.generated import PROFILE
from .._documents.histories import Bucket, Entry, after, pairs

PAGE = 2
BEGIN = Marker()
PAIR = {
    side: SideRequest(side, side, {"endpoint_url": f"http://{side}"})
    for side in ("source", "target")
}


#: The versions whose bytes are compared.
BODIES = st.sampled_from([Bodies(), Bodies(share=1.0), Bodies(number=2)])


class Killed(BaseException):
    """The process was killed."""


class Listing:
    """A listing of one of the endpoints' buckets."""

    def __init__(
        self, api: Any, bucket: str, prefix: str = "", slowed: Any = None, below: str = ""
    ) -> None:
        self.bucket: Bucket = api.bucket
        self.rows = [row for row in self.bucket.rows() if row[KEY].startswith(prefix.encode())]

    def narrowed(self, prefix: str) -> Listing:
        return Listing(self, "", prefix)

    def page(self, marker: Marker = BEGIN, size: int = PAGE) -> Page:
        rows: list[Row] = after(self.rows, marker.key, marker.version_id)
        last = rows[PAGE - 1] if len(rows) > PAGE else None
        following = None if last is None else Marker(last[KEY], last[VERSION_ID])
        return Page(rows[:PAGE], following)


class Heads:
    def __init__(
        self, api: Any, bucket: str, site: str = "", slowed: Any = None, below: str = ""
    ) -> None:
        self.bucket: Bucket = api.bucket

    def head(self, key: bytes, version_id: bytes | None) -> Head | None:
        return self.bucket.head(key, version_id)


def stamp(api: Any, bucket: str, key: str, version_id: str) -> dict[str, Any]:
    """Backbeat's metadata of a delete marker."""
    (found,) = (one for one in api.bucket.keys[key.encode()] if one.version.decode() == version_id)
    return {"status": found.status or "", "role": "a,b"}


def object_body(
    api: Any, bucket: str, key: str, version_id: str, part: object = None
) -> Iterator[bytes]:
    """A body, which differs from the other side's for some versions with equal rows."""
    other = len(key) % 2 and version_id == "v1"
    yield (bucket if other else "same").encode()


@pytest.fixture(autouse=True)
def without_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (verify, verify_inspection):
        monkeypatch.setattr(module, "VersionListing", Listing)
    monkeypatch.setattr(verify_inspection, "HeadRequests", Heads)
    monkeypatch.setattr(verify_context.s3_buckets, "replication", lambda api, bucket: None)
    for module in (stamps, verify_bodies):
        monkeypatch.setattr(module, "fresh", lambda api: api)
    monkeypatch.setattr(stamps.s3_objects, "stamp", stamp)
    monkeypatch.setattr(verify_bodies.s3_objects, "object_body", object_body)
    monkeypatch.setattr(verify_inspection, "BETWEEN", 0.0)
    monkeypatch.setattr(verify_compare, "MOST_CASES", 1)
    monkeypatch.setattr(verify_ranges, "LEAST_ROWS", 1)
    # Only the tests save, at moments of their choice.
    monkeypatch.setattr(verify, "SAVE", 3600.0)


def report(
    buckets: tuple[Bucket, Bucket], folder: Path | None = None, **values: Any
) -> dict[str, Any]:
    """The report of a verification, without values that differ from run to run."""
    found = verification(buckets, folder, **values)
    for name in ("started", "finished", "seconds", "requests", "problems_file", "last_complete"):
        del found[name]
    for problems in found["first_problems"].values():
        for problem in problems:
            del problem["pending_since"]
    return found


def verification(
    buckets: tuple[Bucket, Bucket], folder: Path | None = None, **values: Any
) -> dict[str, Any]:
    files: dict[str, Any] = {}
    if folder is not None:
        files = {"checkpoint": str(folder / "state"), "problems_file": str(folder / "problems")}
    request = VerifyRequest(**PAIR, fail=False, allow_empty=True, **files, **values)
    source, target = (
        SimpleNamespace(bucket=bucket, ahead=None, backoff=None) for bucket in buckets
    )
    job = Verify(request, source, target)  # type: ignore[arg-type]
    try:
        found: dict[str, Any] = job.run(Control())["verification"]
    except Unsatisfied as unsatisfied:
        raise AssertionError(str(unsatisfied)) from unsatisfied
    return found


def lines(folder: Path) -> list[Any]:
    found = [json.loads(line) for line in (folder / "problems").read_text().splitlines()]
    return sorted(([one["key"], one["version_id"], one["state"]] for one in found), key=str)


def killing(commits: int, saved: int) -> Callable[[], None]:
    """Make the ledger save after `saved` steps and die after `commits`. Returns a function to undo this."""
    done = 0
    enter, again, samples = Ledger.enter, Ledger.enter_again, Ledger.enter_samples

    def step(ledger: Ledger) -> None:
        nonlocal done
        done += 1
        if done > commits:
            # Another lister, which ends with the process and saves nothing any more.
            raise Killed
        if done == saved:
            ledger.save(sync=False)
        if done == commits:
            # The files have the lines that were written after the checkpoint.
            for file in (ledger._lines, ledger._later):
                if file is not None:
                    file.append([{"torn": True}])
                    file.flush()
            raise Killed

    def entering(ledger: Ledger, *arguments: Any) -> None:
        enter(ledger, *arguments)
        step(ledger)

    def entering_again(ledger: Ledger, *arguments: Any) -> None:
        again(ledger, *arguments)
        step(ledger)

    def entering_samples(ledger: Ledger, *arguments: Any) -> None:
        samples(ledger, *arguments)
        step(ledger)

    def use(*methods: Any) -> None:
        for name, method in zip(("enter", "enter_again", "enter_samples"), methods, strict=True):
            setattr(Ledger, name, method)

    use(entering, entering_again, entering_samples)

    def restore() -> None:
        use(enter, again, samples)

    return restore


@pytest.mark.parametrize("listers", [1, 3])
def test_a_run_that_was_killed_and_continued_equals_one_that_was_not(
    listers: int,
) -> None:
    @PROFILE
    @given(buckets=pairs(), commits=st.integers(1, 8), saved=st.integers(1, 8), bodies=BODIES)
    def check(buckets: tuple[Bucket, Bucket], commits: int, saved: int, bodies: Bodies) -> None:
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            folder, other = Path(first), Path(second)
            restore = killing(commits, saved)
            try:
                report(buckets, folder, listers=listers, ramp=False, bodies=bodies)
            except Killed:
                pass
            finally:
                restore()
            continued = report(buckets, folder, listers=listers, ramp=False, bodies=bodies)
            whole = report(buckets, other, listers=listers, ramp=False, bodies=bodies)
            assert continued == whole
            assert lines(folder) == lines(other)
            assert not (folder / "state").exists()

    check()


@PROFILE
@given(pairs())
def test_more_listers_find_the_same(buckets: tuple[Bucket, Bucket]) -> None:
    assert report(buckets, listers=4, ramp=False) == report(buckets, listers=1)


@PROFILE
@given(pairs(), st.sampled_from(["a", "a/", "a\U0001f600", "b", "é"]))
def test_ranges_together_find_the_same(buckets: tuple[Bucket, Bucket], cut: str) -> None:
    parts = [report(buckets, ranges=ranges)["states"] for ranges in ((("", cut),), ((cut, None),))]
    whole = report(buckets)["states"]
    for state, tally in whole.items():
        assert sum(part[state]["count"] for part in parts) == tally["count"], state


def test_pages_that_are_read_are_counted() -> None:
    rows = {b"%d" % number: [Entry(b"v1")] for number in range(5)}
    found = verification((Bucket(dict(rows)), Bucket(dict(rows))), listers=1)
    assert found["requests"] == {"list": 2 * 3}


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        (0, [None]),
        (3, [None]),
        (4, [None]),
        (5, [(0, 3), (4, 4)]),
        (8, [(0, 3), (4, 7)]),
        (9, [(0, 3), (4, 7), (8, 8)]),
    ],
)
def test_bytes_of_large_versions_are_read_in_parts(
    monkeypatch: pytest.MonkeyPatch, size: int, parts: list[tuple[int, int] | None]
) -> None:
    read: list[object] = []

    def body(api: Any, bucket: str, key: str, version_id: str, part: object) -> Iterator[bytes]:
        if bucket == "source":
            read.append(part)
        yield b"same"

    monkeypatch.setattr(verify_bodies, "PART", 4)
    monkeypatch.setattr(verify_bodies.s3_objects, "object_body", body)
    sides = Bucket({b"k": [Entry(b"v1", size=size)]}), Bucket({b"k": [Entry(b"v1", size=size)]})
    verification(sides, bodies=Bodies(share=1.0))
    assert read == parts


def test_roles_are_read_of_pending_versions_at_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of others, because each is a further request."""
    read: list[str] = []

    def noted(api: Any, bucket: str, key: str, version_id: str) -> dict[str, Any]:
        read.append(f"{bucket} {key} {version_id}")
        return {"status": "PENDING", "role": "a,b"}

    roles = {
        "Role": "arn:aws:iam::1:role/a,arn:aws:iam::2:role/b",
        "Rules": [
            {
                "ID": "all",
                "Prefix": "",
                "Status": "Enabled",
                "Destination": {"Bucket": "arn:aws:s3:::target"},
            }
        ],
    }
    monkeypatch.setattr(verify_context.s3_buckets, "replication", lambda api, bucket: roles)
    monkeypatch.setattr(stamps.s3_objects, "stamp", noted)
    source = {
        b"failed": [Entry(b"v1", status="FAILED")],
        b"pending": [Entry(b"v2", status="PENDING"), Entry(b"v1", status="COMPLETED")],
    }
    verification((Bucket(source), Bucket({})))
    assert set(read) == {"source pending v2"}


@pytest.mark.parametrize("breaks", [1, 3])
def test_a_part_is_read_again_when_the_connection_breaks(
    monkeypatch: pytest.MonkeyPatch, breaks: int
) -> None:
    """As long as time is left, here for one more try; the bytes before the break do not count twice."""
    tries: list[str] = []

    def body(api: Any, bucket: str, key: str, version_id: str, part: object) -> Iterator[bytes]:
        tries.append(bucket)
        yield b"sa"
        if bucket == "source" and len(tries) <= breaks:
            raise Unreachable(Call("GetObject", "http://source", "read"), "reset")
        yield b"me"

    pauses = iter([True, False])
    backoff = SimpleNamespace(pause=lambda: next(pauses))
    monkeypatch.setattr(
        verify_bodies, "fresh", lambda api: SimpleNamespace(bucket=api.bucket, backoff=backoff)
    )
    monkeypatch.setattr(verify_bodies.s3_objects, "object_body", body)
    sides = Bucket({b"k": [Entry(b"v1")]}), Bucket({b"k": [Entry(b"v1")]})
    if breaks > 1:
        with pytest.raises(AssertionError, match="reset"):
            verification(sides, bodies=Bodies(share=1.0))
        assert tries == ["source", "source"]
    else:
        found = verification(sides, bodies=Bodies(share=1.0))
        assert found["bodies_compared"] == found["states"]["in_sync"]["count"] == 1
        assert tries == ["source", "source", "target"]


@pytest.mark.parametrize(
    ("again", "partial", "skipped", "put_off"),
    [
        (True, False, {}, True),
        (False, False, {}, False),
        # For keys that are compared in parts, and for uninspected differences, a later read shows nothing new.
        (True, True, {}, False),
        (True, False, {"only_source": 1}, False),
        (True, True, {"only_source": 1}, False),
    ],
)
def test_keys_that_are_read_again(
    again: bool, partial: bool, skipped: dict[str, int], put_off: bool
) -> None:
    case = Case(b"k", (), (), partial=partial)
    assert is_put_off(case, Verdict(again=again, skipped=skipped)) == put_off


def test_no_request_waits_for_a_connection() -> None:
    """A lister has requests for a page and the next one of each side, and each inspector a HEAD request."""
    request = VerifyRequest(**PAIR, listers=4, heads=16)
    job = Verify.build(request, None)  # type: ignore[arg-type]
    for api in job._apis:
        assert api.client.meta.config.max_pool_connections >= 2 * 4 + 16
