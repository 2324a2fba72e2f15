# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a run: written as a whole and only if they change, private, and correct for all kinds of keys."""

from __future__ import annotations

import json
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_page import (
    PageInput,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.report_files import (
    ReportFiles,
    ReportFilesRequest,
    render,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from ...documented import COLLECTION
from ...reports import (
    LONG,
    ODD_KEYS,
    SCRIPT,
    TEMPLATE,
    everything,
    incomplete_report,
    odd_report,
    problem,
    report,
)

PAGE = COLLECTION / "roles" / "replication" / "templates" / "report.html.j2"


def job(folder: Path, *names: str, content: PageInput | None = None) -> ReportFiles:
    paths = {name: str(folder / f"run.{name}") for name in names}
    request = ReportFilesRequest(content or everything(), template=str(PAGE), **paths)  # type: ignore[arg-type]
    return ReportFiles(request)


ALL = ("json", "junit", "prometheus", "html")


def test_files_are_predicted_written_and_then_unchanged(tmp_path: Path) -> None:
    one = job(tmp_path, *ALL)
    predicted = one.predict(Control())
    assert not list(tmp_path.iterdir())
    written = one.run(Control())
    assert written == predicted
    assert len(written["changes"]) == len(ALL)
    times = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert job(tmp_path, *ALL).run(Control())["changes"] == []
    assert times == {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert [file["kind"] for file in written["report"]["files"]] == list(ALL)


def test_files_with_keys_are_private(tmp_path: Path) -> None:
    job(tmp_path, *ALL).run(Control())
    modes = {file.suffix[1:]: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"json": 0o600, "junit": 0o600, "html": 0o600, "prometheus": 0o644}
    (tmp_path / "run.html").chmod(0o644)
    assert len(job(tmp_path, *ALL).run(Control())["changes"]) == 1


def test_a_changed_report_replaces_its_files(tmp_path: Path) -> None:
    job(tmp_path, *ALL).run(Control())
    content = PageInput("t", [report(in_sync=1)])
    assert len(job(tmp_path, *ALL, content=content).run(Control())["changes"]) == len(ALL)
    assert json.loads((tmp_path / "run.json").read_text())["verdict"] == "ok"


def test_json_has_everything(tmp_path: Path) -> None:
    job(tmp_path, "json").run(Control())
    found = json.loads((tmp_path / "run.json").read_text())
    assert found["schema"] == "scality.backbeat.run/1"
    assert found["reports"][0] == odd_report().as_dict()
    assert [one["verdict"] for one in found["pairs"]] == ["failed", "incomplete", "ok", "failed"]


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match=r"cannot be used: .+none does not exist"):
        job(tmp_path / "none", "json").run(Control())


def test_rclones_format_is_written_from_the_problems_file(tmp_path: Path) -> None:
    made, bare = report(in_sync=1), report("node2", in_sync=1)
    problems = tmp_path / "problems.jsonl"
    made.problems_file = str(problems)
    keys = [*ODD_KEYS, "a"]
    problems.write_text("".join(json.dumps(problem(key).as_dict()) + "\n" for key in keys))
    (tmp_path / "run.rclone").mkdir()
    result = job(tmp_path, "rclone", content=PageInput("t", [made, bare])).run(Control())
    (file,) = (tmp_path / "run.rclone").iterdir()
    assert file.name == "node1-source-bucket-TO-node6-target-bucket.txt"
    lines = file.read_text().splitlines()
    assert [json.loads(f'"{line[2:]}"') for line in lines] == [
        f"{key}?versionId=98765" for key in keys
    ]
    assert "no file of problems for node2 source-bucket" in result["warnings"][0]
    problems.write_text("{damaged")
    with pytest.raises(InvalidDocument, match="is damaged"):
        job(tmp_path, "rclone", content=PageInput("t", [made])).run(Control())


class Reader(HTMLParser):
    """The page's tags and text, and the identifiers and references in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attributes)
        self.ids += [str(values["id"])] if "id" in values else []
        self.links += [str(values[name]) for name in ("href", "src", "srcset") if name in values]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def reader() -> Reader:
    content = everything()
    found = Reader()
    found.feed(render(PAGE, ReportFiles(ReportFilesRequest(content)).page))
    return found


def test_keys_stay_text(reader: Reader) -> None:
    assert "script" not in reader.tags
    for text in (SCRIPT, TEMPLATE, LONG, *ODD_KEYS):
        # Characters that would break a line or change the text direction are escaped.
        assert text.replace("\n", "\\n").replace("\u202e", "\\u202e") in reader.text
    assert "\u202e" not in reader.text


def test_the_page_needs_no_other_files(reader: Reader) -> None:
    assert all(link.startswith(("#", "data:")) for link in reader.links)
    assert not {"link", "img", "iframe", "object"} & set(reader.tags) - {"link"}
    assert "url(http" not in PAGE.read_text()


def test_the_page_is_accessible(reader: Reader) -> None:
    text = render(PAGE, ReportFiles(ReportFilesRequest(everything())).page)
    assert len(reader.ids) == len(set(reader.ids))
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)
    labels = re.findall(r'aria-labelledby="([^"]+)"', text)
    assert {one for label in labels for one in label.split()} <= set(reader.ids)
    assert '<html lang="en">' in text
    for image in re.findall(r'<(?:svg|div)[^>]*role="img"[^>]*>', text):
        assert "aria-label" in image
    assert re.search(r"<desc[^>]*>node1 source-bucket to node6 target-bucket: Problems\.", text)


def test_an_empty_run_has_a_page() -> None:
    assert "There are no pairs." in render(
        PAGE, ReportFiles(ReportFilesRequest(PageInput("t"))).page
    )


def test_a_custom_template(tmp_path: Path) -> None:
    template = tmp_path / "own.j2"
    template.write_text("{{ page.title }}: {{ page.pairs[0].states | length }}")
    data = ReportFiles(ReportFilesRequest(everything())).page
    assert render(template, data) == "Replication of 3 &lt; 4: 5\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ page.nothing }}", "UndefinedError"),
        ("\n{% for %}", "TemplateSyntaxError in line 2"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
    ],
)
def test_a_template_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    template = tmp_path / "own.j2"
    template.write_text(text)
    with pytest.raises(InvalidDocument, match=message):
        render(template, {"title": "t"})
    with pytest.raises(InvalidDocument, match="cannot be read: No such file"):
        render(tmp_path / "none.j2", {})


def options(**given: object) -> dict[str, object]:
    names = (
        "pairs",
        "reports",
        "repairs",
        "services",
        "failures",
        "last_run",
        "html",
        "template",
        "json",
    )
    unset = dict.fromkeys((*names, "junit", "prometheus", "rclone"))
    return {**unset, "title": "t", **given}


def test_the_last_run_is_kept_for_the_next(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    given = options(last_run=str(file), json=str(file), reports=[odd_report().as_dict()])
    ReportFiles(ReportFilesRequest.from_options(given)).run(Control())
    given = options(last_run=str(file), json=str(file), reports=[incomplete_report().as_dict()])
    ReportFiles(ReportFilesRequest.from_options(given)).run(Control())
    found = [one["source"]["name"] for one in json.loads(file.read_text())["reports"]]
    assert found == ["node6", "node1"]


def test_the_stored_report_of_a_verification_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "pair.json"
    names = ("source", "source_bucket", "target", "target_bucket", "rules", "sites", "findings")
    pair = {
        **dict.fromkeys(names),
        "source": "node1",
        "source_bucket": "source-bucket",
        "target": "node6",
        "target_bucket": "target-bucket",
        "proof": "COMPLETED",
        "report_file": str(file),
    }

    def shown(**more: object) -> str:
        given = ReportFilesRequest.from_options(options(pairs=[pair], **more))
        return str(ReportFiles(given).page["pairs"][0]["status"][-1]["value"])

    assert shown() == "never"
    file.write_text(json.dumps(odd_report().as_dict()))
    assert shown() == "2026-11-24 02:14 UTC, failed"
    # A report of this run has precedence.
    assert shown(reports=[report(in_sync=1).as_dict()]) == "2026-11-24 02:14 UTC, ok"
    file.write_text("{}")
    with pytest.raises(InvalidDocument, match="is not a report of a run"):
        shown()


def test_an_invalid_last_run(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert ReportFilesRequest.from_options(options(last_run=str(file))).content.last == ()
    for text in ("{", "[]", '{"reports": [1]}'):
        file.write_text(text)
        with pytest.raises(InvalidDocument, match="is not a report of a run"):
            ReportFilesRequest.from_options(options(last_run=str(file)))
