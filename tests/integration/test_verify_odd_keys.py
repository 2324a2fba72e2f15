# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys with special characters: comparison on two servers, and each format of the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.versions import put, states, verify, wait_for_status

KEYS = (
    "emoji-\U0001f600",
    "quotes\"'`",
    "per%cent%2F",
    "plus+and space",
    "<script>&amp;</script>",
    "back\\slash",
    "{{ template }}",
    "prefix",
    "prefix/",
    "prefix/a",
    "prefix0",
    "\u00e9" * 512,
    "k" * 1024,
)

#: Keys that these servers refuse, but other servers may have.
CONTROL = ("line\nend", "carriage\rreturn", "one\x01two", "\x1b[31mred", "line\u2028end", "\ufffe")


@pytest.fixture
def replicating(source: Side, target: Side) -> Side:
    set_up(source, target, but=("object",))
    return source


def test_unusual_keys_are_compared_and_reported_unchanged(
    replicating: Side, target: Side, tmp_path: Path
) -> None:
    versions = {key: put(replicating, key) for key in KEYS}
    put(replicating, "in-sync")
    wait_for_status(replicating, "in-sync", *KEYS)
    for key, version in versions.items():
        target.s3.delete_object(Bucket=TARGET_BUCKET, Key=key, VersionId=version)
    problems = tmp_path / "problems"
    result = verify(replicating, target, problems_file=str(problems), listers=1)
    assert states(result) == {"in_sync": 1, "missing": len(KEYS)}
    lines = [json.loads(line) for line in problems.read_text().splitlines()]
    assert {one["key"]: one["version_id"] for one in lines} == versions
    add_control_characters(result["verification"], problems)
    check_reports(replicating, result, tmp_path, {**versions, **dict.fromkeys(CONTROL, "v")})
    again = verify(
        replicating,
        target,
        ranges=[
            {"until": "prefix"},
            {"after": "prefix", "until": "prefix/a"},
            {"after": "prefix/a"},
        ],
        fail=False,
    )
    assert states(again) == {"in_sync": 1, "missing": len(KEYS)}


def add_control_characters(report: dict[str, Any], problems: Path) -> None:
    """Add the keys that these servers refuse, as another server could return them."""
    first = report["first_problems"]["missing"]
    others = [{**first[0], "key": key, "version_id": "v"} for key in CONTROL]
    first[:] = [*others, *first][:10]
    report["states"]["missing"]["count"] += len(others)
    with problems.open("a") as file:
        file.writelines(f"{json.dumps(one)}\n" for one in others)


def check_reports(
    side: Side, result: dict[str, Any], folder: Path, versions: dict[str, str]
) -> None:
    """Each format contains every key and can be parsed."""
    files = {name: str(folder / name) for name in ("json", "junit", "prometheus", "html", "rclone")}
    template = Path(__file__).parents[2] / "roles" / "replication" / "templates" / "report.html.j2"
    Path(files["rclone"]).mkdir()
    made = side.run(
        "report", title="Odd", reports=[result["verification"]], template=str(template), **files
    )
    assert not made.get("failed"), made
    (combined,) = Path(files["rclone"]).iterdir()
    lines = combined.read_text().split("\n")[:-1]
    found = {str(json.loads(f'"{line[2:]}"')) for line in lines}
    assert found == {f"{key}?versionId={version}" for key, version in versions.items()}
    suites = ElementTree.fromstring(Path(files["junit"]).read_bytes())  # noqa: S314 - our own
    texts = "".join(suites.itertext()) + "".join(str(one.attrib) for one in suites.iter())
    assert "carriage" in texts
    # XML 1.0 forbids these characters.
    assert not set("\x01\x1b\ufffe") & set(texts)
    page = Path(files["html"]).read_text()
    assert "carriage" in page
    assert "<script>&amp;" not in page
    assert "\x1b" not in page
    for line in Path(files["prometheus"]).read_text().splitlines():
        assert line.startswith("#") or float(line.split()[-1]) >= 0
    kept = json.loads(Path(files["json"]).read_text())["reports"][0]
    assert {one["key"] for one in kept["first_problems"]["missing"]} <= set(versions)


def test_null_versions_of_unusual_keys_are_compared(source: Side, target: Side) -> None:
    """Null versions below newer versions need HEAD of the version and of the key."""
    source.do("bucket", name=SOURCE_BUCKET)
    keys = [key for key in KEYS if len(key) < 100]
    for key in keys:
        source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"old")
    set_up(source, target, but=("object",))
    for key in keys:
        put(source, key)
    wait_for_status(source, *keys)
    result = verify(source, target, fail=False)
    assert states(result) == {"in_sync": len(keys), "never_replicated": len(keys)}
