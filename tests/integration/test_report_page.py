# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a real browser: at the width of a phone and of a desk, in dark mode, and in print."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from html import escape
from pathlib import Path
from urllib.parse import unquote

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.report_files import (
    ReportFiles,
    ReportFilesRequest,
    render,
)
from tests.unit.plugins.debian import debian_program
from tests.unit.plugins.documented import COLLECTION
from tests.unit.plugins.reports import SCRIPT, TEMPLATE, everything

PAGE = COLLECTION / "roles" / "replication" / "templates" / "report.html.j2"
#: Writes what it measured into the frame's parent, where --dump-dom shows it. Added to a copy of the page only.
MEASURE = """<script>addEventListener('load', () => {
  const wide = [...document.querySelectorAll('body *')].filter(one =>
    one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.wide') && !one.closest('[aria-hidden]'));
  const found = {width: innerWidth, page: document.documentElement.scrollWidth, title: document.title,
    wide: wide.map(one => one.tagName + '.' + one.getAttribute('class')),
    text: document.body.innerText};
  const box = document.createElement('pre'); box.id = 'measured';
  box.textContent = btoa(encodeURIComponent(JSON.stringify(found))); parent.document.body.append(box);
})</script>"""
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = render(PAGE, ReportFiles(ReportFilesRequest(everything())).page)
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(text)
    return file


def chromium(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = debian_program("chromium", "chromium")
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    profile = f"--user-data-dir={file.parent / 'profile'}"
    command += ["--enable-logging=stderr", profile, *arguments, file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def measured(page: Path, width: int) -> dict[str, object]:
    text, count = POLICY.subn("", page.read_text())
    assert count == 1
    text = escape(text.replace("</head>", f"{MEASURE}</head>"), quote=True)
    # A window cannot be as narrow as a phone, but a frame can.
    frame = page.with_name("measured.html")
    frame.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><iframe srcdoc="{text}" '
        f'style="border: 0; width: {width}px; height: 900px"></iframe>'
    )
    dom = chromium(frame, "--window-size=1400,1000", "--dump-dom").stdout
    found = re.search(r'<pre id="measured">([^<]+)</pre>', dom)
    assert found
    result: dict[str, object] = json.loads(unquote(base64.b64decode(found[1]).decode()))
    return result


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows(page: Path, width: int) -> None:
    found = measured(page, width)
    assert found["width"] == width
    assert found["page"] == width
    assert found["wide"] == []


def test_keys_are_shown_and_not_run(page: Path) -> None:
    found = measured(page, 1280)
    assert SCRIPT in str(found["text"])
    assert TEMPLATE in str(found["text"])
    assert str(found["title"]) == "Problems: Replication of 3 < 4"


def test_the_browser_has_no_complaint(page: Path) -> None:
    log = chromium(page, "--dump-dom").stderr
    assert [line for line in log.splitlines() if "CONSOLE" in line] == []


def test_the_log_would_show_a_complaint(page: Path) -> None:
    broken = page.with_name("broken.html")
    broken.write_text(page.read_text().replace("</body>", "<script>1</script></body>"))
    assert "CONSOLE" in chromium(broken, "--dump-dom").stderr


def test_it_has_pictures_in_dark_mode_and_in_print(page: Path) -> None:
    pictures = {}
    for name, mode in (("light", "1"), ("dark", "0")):
        file = page.with_name(f"{name}.png")
        chromium(page, f"--blink-settings=preferredColorScheme={mode}", f"--screenshot={file}")
        pictures[name] = file.read_bytes()
    assert pictures["light"] != pictures["dark"]
    printed = page.with_name("page.pdf")
    chromium(page, f"--print-to-pdf={printed}")
    assert printed.read_bytes().startswith(b"%PDF")
