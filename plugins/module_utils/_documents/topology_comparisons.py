# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparisons of a host's plan: pairs of buckets, and the files of each comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .topology import Items


def comparisons(outgoing: Sequence[Mapping[str, Any]]) -> Items:
    """The pairs of a plan, in order, followed by their further targets as separate pairs.

    Each also has its "name" in messages, and the "place" of its pair.
    """
    pairs = [
        {**pair, "place": place, "name": pair["source_bucket"]}
        for place, pair in enumerate(outgoing)
    ]
    return [*pairs, *_further(pairs)]


def _further(pairs: Items) -> Iterator[dict[str, Any]]:
    for pair in pairs:
        for one in pair.get("further_targets") or ():
            name = f"{pair['source_bucket']} to {one['target_bucket']} of {one['target_host']}"
            yield {**pair, **one, "name": name}


def unsent(compared: Mapping[str, Any]) -> str:
    """Why a backfill skips a comparison; "" if it does not."""
    if not compared.get("cloud"):
        return ""
    where = f"{compared['target_bucket']} of {compared['target_host']}"
    return (
        f"{compared['source_bucket']} to {where}: nothing is sent again to a cloud, because its version ids do "
        "not show what it lacks. For versions that the verification names, put their tags back manually."
    )


def verify_files(folder: str, host: str, pair: Mapping[str, Any]) -> dict[str, str]:
    """The files of a pair's verification, by option of backbeat_verify."""
    if not folder:
        return {}
    name = _file_name(folder, host, pair)
    return {
        "checkpoint": f"{name}.checkpoint",
        "problems_file": f"{name}.problems.jsonl",
        "report_file": f"{name}.report.json",
        "status_file": f"{name}.status.json",
        # Versions that a backfill sent are pending since then.
        "sent_file": f"{name}.sent.jsonl",
    }


def backfill_files(folder: str, host: str, pair: Mapping[str, Any]) -> dict[str, str]:
    """The files of a pair's backfill, by option of backbeat_backfill."""
    name = _file_name(folder, host, pair)
    return {
        "checkpoint": f"{name}.backfill.checkpoint",
        "sent_file": f"{name}.sent.jsonl",
        "skipped_file": f"{name}.skipped.jsonl",
        "report_file": f"{name}.backfill.json",
        "status_file": f"{name}.backfill.status.json",
    }


def _file_name(folder: str, host: str, pair: Mapping[str, Any]) -> str:
    """The beginning of the names of a pair's files."""
    names = (host, pair["source_bucket"], pair["target_host"], pair["target_bucket"])
    # Hosts may have any name. Buckets have no underscore, so the name of a file is unique to a pair.
    return f"{folder}/{'__'.join(quote(one, safe='') for one in names)}"


def part_files(pair: Mapping[str, Any], run: str, number: int) -> dict[str, str]:
    """The files of a part of a pair's verification."""
    names = ("checkpoint", "problems_file", "report_file", "status_file")
    return {name: f"{pair[name]}.{run}.{number}" for name in names}
