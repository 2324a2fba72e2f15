# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the page: verdicts, formatted numbers, and positions within the drawing."""

from __future__ import annotations

import itertools
import math
import re

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_drawing import (
    BOX_WIDTH,
    COLUMN_GAP,
    Arrow,
    _bezier,
    _passing,
    drawing,
    shorten,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_page import (
    PageInput,
    PagePair,
    page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_words import (
    GROUPS,
    duration,
    moment,
    number,
    size,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_states import STATE

from ...reports import FINDING, everything, incomplete_report, odd_report, report


def verdicts(**given: object) -> list[str]:
    return [one["verdict"] for one in page(PageInput("t", **given))["pairs"]]  # type: ignore[arg-type]


def test_verdicts() -> None:
    reports = [
        odd_report(),
        incomplete_report(),
        report("node2", in_sync=1),
        report("node3", in_sync=1, pending=1),
    ]
    assert verdicts(reports=reports) == ["failed", "incomplete", "ok", "waiting"]
    pair = PagePair("node9", "a", "node8", "b")
    assert verdicts(pairs=[pair]) == ["unverified"]
    assert verdicts(pairs=[pair], findings={pair.id: [FINDING]}) == ["failed"]
    assert verdicts(pairs=[pair], findings={pair.id: [{**FINDING, "severity": "warning"}]}) == [
        "unverified"
    ]


def test_the_page_has_the_worst_verdict_and_the_number_of_pairs() -> None:
    found = page(everything())
    assert found["verdict"] == "failed"
    assert found["sentence"] == (
        "2 pairs have problems, 1 pair was not compared completely, 1 pair is in sync."
    )
    assert page(PageInput("t"))["sentence"] == "There are no pairs."
    assert page(PageInput("t", [report(in_sync=1)]))["sentence"] == "1 pair is in sync."


def test_a_pair_with_a_report_is_shown_once() -> None:
    pair = PagePair("node1", "source-bucket", "node6", "target-bucket", "all objects")
    (shown,) = page(PageInput("t", [report(in_sync=1)], [pair]))["pairs"]
    assert (shown["rules"], shown["verdict"]) == ("all objects", "ok")


def test_states_are_known_and_small_numbers_are_visible() -> None:
    assert set(STATE) > set(GROUPS)
    (shown,) = page(PageInput("t", [odd_report()]))["pairs"]
    shares = {one["id"]: one["share"] for one in shown["states"]}
    assert shares["in_sync"] == 100
    assert 0 < shares["stuck"] < shares["failed"] < 100
    assert sum(one["share"] for one in shown["whole"]) < 105
    ages = {one["id"]: one["ages"] for one in shown["states"] if one["ages"]}
    assert set(ages) == {"pending", "stuck", "failed"}
    assert ages["stuck"]["oldest"] == "1\u202fd"
    assert all(one["start"] + one["width"] <= 100 for one in ages.values())


def test_bars_are_as_long_as_the_logarithms_of_their_numbers() -> None:
    """A single version among thousands has a visible bar."""
    (shown,) = page(PageInput("t", [report(in_sync=1023, failed=31, pending=1)]))["pairs"]
    assert {one["id"]: one["share"] for one in shown["states"]} == {
        "in_sync": 100,
        "failed": 50,
        "pending": 10,
    }


def test_more_problems_than_are_shown_are_counted() -> None:
    made = report(in_sync=1, failed=30)
    made.first["failed"] = odd_report().first["failed"]
    (shown,) = page(PageInput("t", [made]))["pairs"]
    assert [one["more"] for one in shown["states"] if one["id"] == "failed"] == ["25"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (9.14, "9.1 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (93784, "1 d 2 h"),
        (8.64e7, "1000 d"),
    ],
)
def test_durations(value: float, text: str) -> None:
    assert duration(value).replace("\u202f", " ").replace("0.0 s", "0 s") == text


def test_numbers_and_moments() -> None:
    assert number(1234567).replace("\u202f", " ") == "1 234 567"
    sizes = [size(value).replace("\u202f", " ") for value in (0, 999, 1000, 1.5 * 2**30, 2**60)]
    assert sizes == ["0 B", "999 B", "0.98 KiB", "1.50 GiB", "1048576 TiB"]
    # Three digits are shown.
    kib = [size(1024 * value).replace("\u202f", " ") for value in (9.5, 10, 99.5, 100)]
    assert kib == ["9.50 KiB", "10.0 KiB", "99.5 KiB", "100 KiB"]
    assert moment("2026-11-22T17:21:14.718Z") == "2026-11-22 17:21 UTC"


def arrows(*links: str) -> list[Arrow]:
    """Arrows for texts such as "a>b", from bucket x to bucket y."""
    return [Arrow(one[0], "x", one[2], "y", "ok", "") for one in links]


@pytest.mark.parametrize(
    ("links", "order"),
    [
        (["a>b"], ["a", "b"]),
        (["a>b", "b>a"], ["a", "b"]),
        (["a>b", "b>c", "a>c"], ["a", "b", "c"]),
        (["a>b", "b>c", "c>a"], ["a", "b", "c"]),
    ],
)
def test_arrows_point_to_the_right_except_in_the_opposite_direction(
    links: list[str], order: list[str]
) -> None:
    boxes = drawing(arrows(*links))["boxes"]
    assert [box["name"] for box in sorted(boxes, key=lambda box: box["x"])] == order
    assert len({box["x"] for box in boxes}) == len(order)


def test_everything_is_within_the_drawing() -> None:
    names = "abcd"
    every = [f"{one}>{other}" for one, other in itertools.product(names, repeat=2)]
    for count in range(1, len(every) + 1):
        found = drawing(arrows(*every[:count]))
        for arrow in found["arrows"]:
            points = [float(one) for one in re.findall(r"[\d.]+", arrow["path"])]
            assert all(0 <= x <= found["width"] for x in points[::2])
            assert all(0 <= y <= found["height"] for y in points[1::2])
        for box in found["boxes"]:
            assert box["x"] + box["width"] <= found["width"]
            assert box["y"] + box["height"] <= found["height"]


def test_boxes_do_not_overlap() -> None:
    boxes = drawing(arrows("a>c", "b>c", "a>d", "b>d", "d>e"))["boxes"]
    for one, other in itertools.combinations(boxes, 2):
        apart = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        # There is room for arrows between columns.
        beside = abs(one["x"] - other["x"]) >= one["width"] + COLUMN_GAP
        assert apart or beside


def test_badges_of_crossing_arrows_do_not_cover_one_another() -> None:
    pairs = [("a", "1", "b", "4"), ("a", "2", "c", "4"), ("b", "1", "c", "1"), ("c", "2", "b", "2")]
    found = drawing([Arrow(*pair, "ok", "") for pair in pairs])["arrows"]
    badges = [(one["badge_x"], one["badge_y"]) for one in found]
    assert all(math.dist(one, other) > 25 for one, other in itertools.combinations(badges, 2))


def test_arrows_that_skip_a_column_pass_its_boxes() -> None:
    links = ["a>b", "b>c", "c>d", "a>c", "a>d", "d>a", "b>d"]
    found = drawing(arrows(*links))
    boxes = {box["name"]: box for box in found["boxes"]}
    heights = []
    for link, arrow in zip(links, found["arrows"], strict=True):
        first, last = sorted((link[0], link[2]))
        passed = [boxes[name] for name in "abcd" if first < name < last]
        # The straight part, on which the badge is, and the curves' control points around it.
        lane = re.search(r"([\d.]+),([\d.]+) L([\d.]+),([\d.]+)", arrow["path"])
        assert (lane is not None) == bool(passed)
        if lane is None:
            continue
        begin, y, end, _same = map(float, lane.groups())
        heights.append(y)
        assert arrow["badge_y"] == pytest.approx(y, abs=0.1)
        for box in passed:
            assert min(begin, end) <= box["x"] + 3
            assert box["x"] + box["width"] <= max(begin, end) + 3
            assert not box["y"] - 10 < y < box["y"] + box["height"] + 10
    assert len({round(y) for y in heights}) == len(heights) == 4


def test_arrows_pass_a_column_on_the_side_that_is_nearer() -> None:
    """Arrows between buckets in the upper half pass above it, those in the lower half below it."""
    through = [Arrow(one, "1", two, "1", "ok", "") for one, two in ("ab", "bc")]
    rows = [Arrow("a", str(row), "c", str(row), "ok", "") for row in range(2, 7)]
    found = drawing([*through, *rows])
    middle = found["height"] / 2
    boxes = {box["name"]: box for box in found["boxes"]}
    top, bottom = boxes["b"]["y"], boxes["b"]["y"] + boxes["b"]["height"]
    lanes = [arrow["badge_y"] for arrow in found["arrows"][2:]]
    for row, lane in zip(boxes["a"]["rows"][1:], lanes, strict=True):
        assert lane < top if row["y"] < middle else lane > bottom
    assert len(set(lanes)) == len(rows)
    assert {lane < top for lane in lanes} == {True, False}


def test_a_badge_is_in_the_middle_of_its_lane_or_on_the_nearest_free_spot() -> None:
    one = Arrow("a", "x", "c", "y", "ok", "")
    begin, end = (0.0, 50.0), (2.0 * (BOX_WIDTH + COLUMN_GAP), 50.0)
    taken: list[tuple[float, float]] = []
    badges = [_passing(one, begin, end, 10.0, taken) for _arrow in range(5)]
    middle = (BOX_WIDTH + end[0]) / 2
    assert [one["badge_x"] - middle for one in badges] == pytest.approx(
        [0, 30, -30, 60, -60], abs=2
    )


@pytest.mark.parametrize("link", ["a>b", "b>a"])
def test_an_arrow_between_neighbours_turns_halfway(link: str) -> None:
    forth, *back = drawing(arrows("a>b", *([link] if link != "a>b" else [])))["arrows"]
    path = (back or [forth])[0]["path"]
    _move, start, _y, turn, _y1, other, _y2, end, _y3 = re.split(r"[MC, ]+", path)
    assert float(turn) == pytest.approx(float(other), abs=4)
    assert float(turn) == pytest.approx((float(start) + float(end)) / 2, abs=4)


@pytest.mark.parametrize(
    ("t", "value"), [(0, 8.0), (0.25, 25.625), (0.5, 59.0), (0.75, 114.875), (1, 200.0)]
)
def test_points_of_a_curve(t: float, value: float) -> None:
    """With these control points it is 8 + 48 t + 72 t^2 + 72 t^3."""
    assert _bezier((8.0, 24.0, 64.0, 200.0), t) == pytest.approx(value)


def test_a_drawing_of_nothing() -> None:
    assert drawing([])["boxes"] == []


def test_long_names_keep_their_ends() -> None:
    assert shorten("a" * 20 + "-" + "b" * 20, 11) == "aaaaa\u2026bbbbb"
    assert shorten("short") == "short"


def test_a_report_of_this_run_has_precedence_over_the_last_one() -> None:
    (shown,) = page(PageInput("t", [report(in_sync=1)], last=[odd_report()]))["pairs"]
    assert shown["verdict"] == "ok"
    # A pair that is no longer in the inventory is not shown.
    assert page(PageInput("t", last=[odd_report()]))["pairs"] == []
