# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the topology of a report's pairs: columns of environments, their buckets, and arrows between these."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]
BOX_WIDTH, COLUMN_GAP, ROW, HEAD, MARGIN, BOX_GAP = 230, 190, 34, 38, 14, 26
# The diameter of a badge with a margin.
BADGE = 26
# The distance of lanes, in which arrows pass a column, from its boxes and from each other.
LANE_GAP, LANE = 20, 20


@dataclass(frozen=True)
class Arrow:
    """A pair, from a bucket to a bucket; hosts are environments. state: a word for its style, note: its text."""

    source: str
    source_bucket: str
    target: str
    target_bucket: str
    state: str
    note: str


def drawing(arrows: Sequence[Arrow]) -> dict[str, Any]:
    """The coordinates for an SVG.

    {"width", "height", "boxes": [{"name", "x", "y", "width", "height", "rows": [{"bucket", "y"}]}],
    "arrows": [{"path", "state", "title", "badge_x", "badge_y"}]}
    """
    columns = _columns(arrows)
    buckets = _buckets(arrows)
    boxes: list[dict[str, Any]] = []
    places: dict[tuple[str, str], Point] = {}
    heights = [
        sum(_height(buckets[name]) + BOX_GAP for name in column) - BOX_GAP for column in columns
    ]
    tallest = max(heights, default=0)
    for number, (column, height) in enumerate(zip(columns, heights, strict=True)):
        x = MARGIN + number * (BOX_WIDTH + COLUMN_GAP)
        y = MARGIN + (tallest - height) / 2
        for name in column:
            rows = []
            for place, bucket in enumerate(buckets[name]):
                middle = y + HEAD + place * ROW + ROW / 2
                rows.append({"bucket": bucket, "label": shorten(bucket), "y": middle})
                places[name, bucket] = (x, middle)
            box = {"name": name, "label": shorten(name, 24), "x": x, "y": y, "width": BOX_WIDTH}
            boxes.append({**box, "height": _height(buckets[name]), "rows": rows})
            y += _height(buckets[name]) + BOX_GAP
    width = 2 * MARGIN + len(columns) * BOX_WIDTH + max(0, len(columns) - 1) * COLUMN_GAP
    # Arrows within a column are curved to its right.
    if any(
        places[one.source, one.source_bucket][0] == places[one.target, one.target_bucket][0]
        for one in arrows
    ):
        width += COLUMN_GAP // 2
    lanes = _lanes(arrows, places, boxes)
    # Lanes may need room above and below the boxes.
    rise = max(0.0, MARGIN - min(lanes.values(), default=MARGIN))
    for drawn in boxes:
        drawn["y"] += rise
        for row in drawn["rows"]:
            row["y"] += rise
    places = {place: (x, y + rise) for place, (x, y) in places.items()}
    lowest = max([MARGIN + tallest, *lanes.values()]) + rise
    taken: list[Point] = []
    return {
        "width": width,
        "height": lowest + MARGIN,
        "boxes": boxes,
        "arrows": [
            _arrow(one, places, taken, lanes[place] + rise if place in lanes else None)
            for place, one in enumerate(arrows)
        ],
    }


def shorten(text: str, length: int = 27) -> str:
    """The text, shortened to its beginning and end with an ellipsis if it is longer than `length`."""
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[: length - 1 - half]}\u2026{text[-half:]}"


def _columns(arrows: Sequence[Arrow]) -> list[list[str]]:
    """Environments by their distance from a source; those of a cycle follow in the order of the pairs."""
    names = list(dict.fromkeys(name for one in arrows for name in (one.source, one.target)))
    column = dict.fromkeys(names, 0)
    forward: list[tuple[str, str]] = []
    for one in arrows:
        link = (one.source, one.target)
        if link not in forward and not _reaches(forward, one.target, one.source):
            forward.append(link)
    for _round in names:
        for source, target in forward:
            column[target] = max(column[target], column[source] + 1)
    return [
        [name for name in names if column[name] == number]
        for number in range(max(column.values(), default=-1) + 1)
    ]


def _reaches(links: Iterable[tuple[str, str]], start: str, end: str) -> bool:
    seen, open_ = {start}, [start]
    while open_:
        here = open_.pop()
        for source, target in links:
            if source == here and target not in seen:
                seen.add(target)
                open_.append(target)
    return end in seen


def _buckets(arrows: Sequence[Arrow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in arrows:
        for name, bucket in (
            (one.source, one.source_bucket),
            (one.target, one.target_bucket),
        ):
            known = found.setdefault(name, [])
            if bucket not in known:
                known.append(bucket)
    return found


def _height(buckets: Sequence[str]) -> int:
    return HEAD + ROW * len(buckets) + 8


def _lanes(
    arrows: Sequence[Arrow],
    places: dict[tuple[str, str], Point],
    boxes: Sequence[dict[str, Any]],
) -> dict[int, float]:
    """The height of the lane, above or below all boxes, of each arrow that skips columns, by the arrow's number."""
    lanes: dict[int, float] = {}
    used: list[tuple[float, float, float]] = []
    for number, one in enumerate(arrows):
        (x1, y1), (x2, y2) = (
            places[one.source, one.source_bucket],
            places[one.target, one.target_bucket],
        )
        left, right = min(x1, x2), max(x1, x2)
        passed = [box for box in boxes if left < box["x"] < right]
        if not passed:
            continue
        top = min(box["y"] for box in passed)
        bottom = max(box["y"] + box["height"] for box in passed)
        above = (y1 + y2) / 2 < (top + bottom) / 2
        lane, step = (top - LANE_GAP, -LANE) if above else (bottom + LANE_GAP, LANE)
        while any(abs(lane - y) < LANE and left < end and begin < right for begin, end, y in used):
            lane += step
        used.append((left, right, lane))
        lanes[number] = lane
    return lanes


def _arrow(
    one: Arrow,
    places: dict[tuple[str, str], Point],
    taken: list[Point],
    lane: float | None,
) -> dict[str, Any]:
    x1, y1 = places[one.source, one.source_bucket]
    x2, y2 = places[one.target, one.target_bucket]
    if lane is not None:
        return _passing(one, (x1, y1), (x2, y2), lane, taken)
    if x1 < x2:
        start, end, bend = x1 + BOX_WIDTH, x2 - 3, (x2 - x1 - BOX_WIDTH) / 2
        y1, y2 = y1 - 6, y2 - 6
        control = (start + bend, end - bend)
    elif x1 > x2:
        start, end, bend = x1, x2 + BOX_WIDTH + 3, (x1 - x2 - BOX_WIDTH) / 2
        # The opposite direction is drawn below.
        y1, y2 = y1 + 7, y2 + 7
        control = (start - bend, end + bend)
    else:
        start = x1 + BOX_WIDTH
        end = start + 3
        control = (start + COLUMN_GAP / 2, end + COLUMN_GAP / 2)
    path = f"M{start:g},{y1:g} C{control[0]:g},{y1:g} {control[1]:g},{y2:g} {end:g},{y2:g}"
    points = _points((start, control[0], control[1], end), (y1, y1, y2, y2))
    return _drawn(one, path, points, taken)


def _passing(
    one: Arrow, begin: Point, end: Point, lane: float, taken: list[Point]
) -> dict[str, Any]:
    """An arrow that passes other columns in a lane."""
    (x1, y1), (x2, y2) = begin, end
    way = 1 if x1 < x2 else -1
    start = x1 + BOX_WIDTH if way > 0 else x1
    stop = x2 - 3 if way > 0 else x2 + BOX_WIDTH + 3
    y1, y2 = y1 - 6 * way, y2 - 6 * way
    # The arrow turns in the gaps next to the columns.
    half, whole = way * COLUMN_GAP / 2, way * (COLUMN_GAP - 3)
    on, off = start + whole, stop - whole
    path = (
        f"M{start:g},{y1:g} C{start + half:g},{y1:g} {on - half:g},{lane:g} {on:g},{lane:g} "
        f"L{off:g},{lane:g} C{off + half:g},{lane:g} {stop - half:g},{y2:g} {stop:g},{y2:g}"
    )
    middle = (on + off) / 2
    spots = [(middle + side * step, lane) for step in range(0, 81, 10) for side in (1, -1)]
    return _drawn(one, path, spots, taken)


def _drawn(one: Arrow, path: str, spots: Sequence[Point], taken: list[Point]) -> dict[str, Any]:
    """The arrow, with its badge at the first free position."""
    badge = next((spot for spot in spots if _is_free(spot, taken)), spots[0])
    taken.append(badge)
    return {
        "path": path,
        "state": one.state,
        "title": f"{one.source} {one.source_bucket} to {one.target} {one.target_bucket}: {one.note}",
        "badge_x": round(badge[0], 1),
        "badge_y": round(badge[1], 1),
    }


def _points(xs: tuple[float, ...], ys: tuple[float, ...]) -> list[Point]:
    """Positions for the badge on a cubic Bezier curve; the first is in the middle of the gap."""
    points = [(_bezier(xs, step / 40), _bezier(ys, step / 40)) for step in range(41)]
    near = [one for one in points if 24 <= abs(one[0] - xs[0]) <= COLUMN_GAP - 24] or points
    return sorted(near, key=lambda one: abs(abs(one[0] - xs[0]) - COLUMN_GAP / 2))


def _is_free(point: Point, taken: Sequence[Point]) -> bool:
    return all(math.dist(point, one) >= BADGE for one in taken)


def _bezier(values: tuple[float, ...], t: float) -> float:
    a, b, c, d = values
    u = 1 - t
    return u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d
