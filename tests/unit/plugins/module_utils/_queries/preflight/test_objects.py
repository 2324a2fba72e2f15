# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions preflight reads, and the findings about them."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Unsupported,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight import objects
from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight.objects import (
    Pending,
    Sample,
    spread,
    take_sample,
)

ROLES = "source-role,target-role"


def versions(count: int) -> list[Any]:
    """Versions in the order of a listing, which is not that of their ages; "00" is the oldest."""
    made = [
        SimpleNamespace(key=f"{n:02}", version_id="v", modified=f"{n:02}") for n in range(count)
    ]
    random.Random(1).shuffle(made)
    return made


@pytest.mark.parametrize(
    ("count", "size", "found"),
    [
        (0, 4, []),
        (1, 4, ["00"]),
        (3, 1, ["02"]),
        (3, 2, ["02", "00"]),
        (10, 4, ["09", "08", "04", "00"]),
        (10, 5, ["09", "08", "07", "04", "00"]),
        (4, 10, ["03", "02", "01", "00"]),
    ],
)
def test_half_of_a_sample_is_new_and_half_is_of_all_ages_down_to_the_oldest(
    count: int, size: int, found: list[str]
) -> None:
    assert [one.key for one in spread(versions(count), size)] == found


@pytest.mark.parametrize("count", [1, 7, 30, 99])
@pytest.mark.parametrize("size", [1, 2, 9, 30, 200])
def test_a_sample_has_its_size_and_no_version_twice(count: int, size: int) -> None:
    found = [one.key for one in spread(versions(count), size)]
    assert len(found) == len(set(found)) == min(count, size)


class Scene:
    """A bucket whose versions have these statuses, newest last, and these roles."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *statuses: str | None) -> None:
        self.listed = [
            SimpleNamespace(key=f"{n:02}", version_id="v", modified=f"{n:02}")
            for n in range(len(statuses))
        ]
        self.statuses = {f"{n:02}": status for n, status in enumerate(statuses)}
        self.stamped: dict[str, str | None] = {}
        self.asked: list[str] = []
        self.now = 0.0
        monkeypatch.setattr(objects.s3_objects, "versions", self.versions)
        monkeypatch.setattr(objects.s3_objects, "head_object", self.head)
        monkeypatch.setattr(objects.s3_objects, "stamped_roles", self.stamp)

    def versions(self, _api: Any, _bucket: str, prefix: str, _most: int) -> tuple[list[Any], bool]:
        return [one for one in self.listed if one.key.startswith(prefix)], False

    def head(self, _api: Any, _bucket: str, key: str, _version: str) -> Any:
        self.now += 1.0
        status = self.statuses[key]
        return None if status == "gone" else SimpleNamespace(replication_status=status)

    def stamp(self, _api: Any, _bucket: str, key: str, _version: str) -> str | None:
        self.asked.append(key)
        if key not in self.stamped:
            raise Unsupported(Call("GetObject", "http://node1", "read"), "No")
        return self.stamped[key]

    def sample(self, size: int = 10, prefixes: tuple[str, ...] = ("",)) -> Sample:
        api: Any = None
        return take_sample(api, "s", prefixes, ROLES, size, clock=lambda: self.now)


def test_a_sample_has_failed_and_pending_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, "FAILED", "PENDING", "PROCESSING", "gone", None, "COMPLETED")
    scene.stamped = {"01": "other-role,target-role", "02": ROLES}
    found = scene.sample()
    assert (found.read, found.failed, found.completed) == (5, ["00"], "05")
    assert found.pending == [
        Pending("02", "02", None),
        Pending("01", "01", "other-role,target-role"),
    ]


def test_roles_that_cannot_be_read_do_not_count_as_other_roles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch, "PENDING")
    assert scene.sample().pending == [Pending("00", "00", None)]


def test_roles_of_some_pending_versions_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, *["PENDING"] * 10)
    monkeypatch.setattr(objects, "STAMPS", 3)
    assert len(scene.sample().pending) == 10
    assert scene.asked == ["09", "08", "07"]


def test_a_sample_ends_after_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, *["COMPLETED"] * 10)
    monkeypatch.setattr(objects, "SECONDS", 3.0)
    # A second for each request: the fourth one begins just after the time limit.
    assert scene.sample().read == 4


def test_a_sample_is_of_the_prefixes_of_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, *["FAILED"] * 12)
    assert scene.sample(prefixes=("1", "03")).failed == ["11", "10", "03"]
