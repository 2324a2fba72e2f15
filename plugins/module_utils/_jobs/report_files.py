# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the files of a run's reports: each is compared with the existing file, and replaced as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .._documents.repair_report import RepairReport
from .._documents.report_formats import junit, pair_name, prometheus, rclone_line
from .._documents.report_page import PageInput, PagePair, page, worst
from .._documents.report_screen import screen
from .._documents.verify_entries import Problem
from .._documents.verify_report import Report
from .._work import InvalidDocument
from .checkpoint import require_writable, require_writable_folder, write_atomically
from .job import Control, Job

SCHEMA = "scality.backbeat.run/1"
#: Keys can be confidential. Metrics contain no keys, and node_exporter runs as another user.
PRIVATE, PUBLIC = 0o600, 0o644


@dataclass(frozen=True)
class ReportFilesRequest:
    """The data of a run, and the path for each format; None: not written."""

    content: PageInput
    json: str | None = None
    junit: str | None = None
    prometheus: str | None = None
    rclone: str | None = None
    html: str | None = None
    template: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ReportFilesRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        if options["html"] and not options["template"]:
            raise InvalidDocument("html needs template: name the template of the page.")
        pairs = {_pair(one): tuple(one["findings"] or ()) for one in options["pairs"] or ()}
        content = PageInput(
            title=options["title"],
            reports=tuple(map(Report.from_dict, options["reports"] or ())),
            pairs=tuple(pairs),
            findings={pair.id: findings for pair, findings in pairs.items()},
            services=options["services"] or {},
            failures=options["failures"] or {},
            last=(*_last_run(options["last_run"]), *_kept(options["pairs"] or ())),
            repairs=tuple(map(RepairReport.from_dict, options["repairs"] or ())),
        )
        names = ("json", "junit", "prometheus", "rclone", "html", "template")
        return cls(content, **{name: options[name] for name in names})


def _pair(given: Mapping[str, Any]) -> PagePair:
    names = ("source", "source_bucket", "target", "target_bucket", "rules", "proof")
    return PagePair(
        **{name: given[name] or "" for name in names}, sites=tuple(given["sites"] or ())
    )


def _last_run(path: str | None) -> tuple[Report, ...]:
    """The reports in a file of an earlier run; none if the file does not exist."""
    return _read(path, lambda found: tuple(map(Report.from_dict, found["reports"])))


def _kept(pairs: Sequence[Mapping[str, Any]]) -> Iterator[Report]:
    """The reports in the verifications' own files, for the pairs that have one."""
    for pair in pairs:
        yield from _read(pair["report_file"], lambda found: (Report.from_dict(found),))


def _read(path: str | None, shape: Callable[[Any], tuple[Report, ...]]) -> tuple[Report, ...]:
    if not path:
        return ()
    try:
        return shape(json.loads(Path(path).read_bytes()))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InvalidDocument(f"The file {path} cannot be used: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidDocument(
            f"The file {path} is not a report of a run ({type(error).__name__}): name a file that was written with "
            "json or by backbeat_verify, or remove it."
        ) from error


@dataclass(frozen=True)
class File:
    """One file; `pieces` returns its contents, and may be called more than once."""

    kind: str
    path: Path
    mode: int
    pieces: Callable[[], Iterator[bytes]]

    def is_there(self) -> bool:
        """Whether the file has this content and mode. Raises InvalidDocument if it cannot be read."""
        try:
            with self.path.open("rb") as file:
                same = all(piece == file.read(len(piece)) for piece in self.pieces())
                return same and not file.read(1) and self.path.stat().st_mode & 0o777 == self.mode
        except FileNotFoundError:
            return False
        except OSError as error:
            raise InvalidDocument(
                f"The file {self.path} cannot be used: {error.strerror}."
            ) from error


class ReportFiles(Job):
    """The files of a run's reports."""

    def __init__(self, request: ReportFilesRequest) -> None:
        self.request = request
        self.page = page(request.content)

    def run(self, control: Control) -> dict[str, Any]:
        return self._visit(control, write=True)

    def predict(self, control: Control) -> dict[str, Any]:
        return self._visit(control, write=False)

    def _visit(self, control: Control, *, write: bool) -> dict[str, Any]:
        request = self.request
        # Check all files first, in check mode too: runs begin with check mode, so that no report is lost at their end.
        require_writable(request.json, request.junit, request.prometheus, request.html)
        if request.rclone:
            require_writable_folder(Path(request.rclone))
        changes, files = [], []
        for file in self._contents():
            control.check(f"writing {file.path}")
            files.append({"kind": file.kind, "path": str(file.path)})
            if file.is_there():
                continue
            changes.append(f"Write {file.path}")
            if write:
                write_atomically(file.path, file.pieces(), mode=file.mode)
        summary: dict[str, Any] = {
            "verdict": self.page["verdict"],
            "summary": self.page["sentence"],
        }
        summary["lines"] = screen(self.page)
        return {"report": {**summary, "files": files}, "changes": changes, **self._warnings()}

    def _warnings(self) -> dict[str, Any]:
        if not self.request.rclone:
            return {}
        lost = [pair_name(one) for one in self.request.content.reports if not one.problems_file]
        if not lost:
            return {}
        return {
            "warnings": [
                f"There is no file of problems for {', '.join(lost)}, so no list in rclone's format was written: "
                "set problems_file of backbeat_verify."
            ]
        }

    def _contents(self) -> Iterator[File]:
        request, reports = self.request, self.request.content.reports
        texts: tuple[tuple[str, str | None, int, Callable[[], str]], ...] = (
            ("json", request.json, PRIVATE, lambda: _as_json(request.content, self.page)),
            ("junit", request.junit, PRIVATE, lambda: junit(reports)),
            ("prometheus", request.prometheus, PUBLIC, lambda: prometheus(reports)),
            ("html", request.html, PRIVATE, self._html),
        )
        for kind, path, mode, text in texts:
            if path:
                data = text().encode("utf-8", "backslashreplace")
                yield File(kind, Path(path), mode, partial(iter, (data,)))
        for report in reports if request.rclone else ():
            if report.problems_file:
                folder = Path(str(request.rclone))
                yield File("rclone", folder / _file_name(report), PRIVATE, partial(_rclone, report))

    def _html(self) -> str:
        return render(Path(str(self.request.template)), self.page)


def render(template: Path, data: Mapping[str, Any]) -> str:
    """Render the page. Values are escaped for HTML and never evaluated. Raises InvalidDocument."""
    # Imported here because hosts that run modules may lack Jinja, and only this function needs it.
    try:
        from jinja2 import StrictUndefined, TemplateError
        from jinja2.sandbox import SandboxedEnvironment
    except ImportError as error:
        raise InvalidDocument(
            "The HTML page needs Jinja: install jinja2 for the Python that runs this task, or run it on the controller."
        ) from error
    environment = SandboxedEnvironment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    try:
        return environment.from_string(template.read_text("utf-8")).render(page=data) + "\n"
    except OSError as error:
        raise InvalidDocument(
            f"The template {template} cannot be read: {error.strerror}. It is read where the module runs."
        ) from error
    except (TemplateError, UnicodeError, TypeError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = f" in line {line}" if line else ""
        raise InvalidDocument(
            f"The template {template} cannot be used: {type(error).__name__}{place}: {error}. "
            "Compare it with the role's own template, report.html.j2."
        ) from error


def _as_json(content: PageInput, shown: Mapping[str, Any]) -> str:
    value = {
        "schema": SCHEMA,
        "title": content.title,
        "verdict": worst(one["verdict"] for one in shown["pairs"]),
        "reports": [report.as_dict() for report in _reports(content)],
        "pairs": [
            {
                "source": one["source"],
                "source_bucket": one["source_bucket"],
                "target": one["target"],
                "target_bucket": one["target_bucket"],
                "verdict": one["verdict"],
                "status": {fact["name"]: fact["value"] for fact in one["status"]},
                "findings": one["findings"],
            }
            for one in shown["pairs"]
        ],
        "repairs": [repair.as_dict() for repair in content.repairs],
        "services": dict(content.services),
    }
    return json.dumps(value, indent=1) + "\n"


def _reports(content: PageInput) -> list[Report]:
    """The reports of this run, or else of the last run, of all pairs, because the next run reads this file."""
    now = {(report.source, report.target): report for report in content.reports}
    earlier = [one for one in content.last if (one.source, one.target) not in now]
    return [*content.reports, *earlier]


def _rclone(report: Report) -> Iterator[bytes]:
    """The lines for rclone, streamed from the problems file, which may not fit in memory."""
    path = Path(str(report.problems_file))
    try:
        with path.open("rb") as file:
            for line in file:
                problem = Problem.from_dict(json.loads(line))
                yield rclone_line(problem).encode() + b"\n"
    except OSError as error:
        raise InvalidDocument(
            f"The file of problems {path} cannot be read: {error.strerror}. Write reports on the machine where "
            "backbeat_verify ran."
        ) from error
    except (ValueError, KeyError) as error:
        raise InvalidDocument(
            f"The file of problems {path} is damaged ({type(error).__name__}): verify again."
        ) from error


def _file_name(report: Report) -> str:
    """A file name that is safe for any host name in the inventory."""
    return re.sub(r"[^\w.-]+", "-", pair_name(report).replace(" to ", " TO ")) + ".txt"
