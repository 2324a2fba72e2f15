# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report page in Chromium: at the width of a phone and of a desktop, in dark mode, and in print."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_page import (
    PageInput,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.report_files import (
    ReportFiles,
    ReportFilesRequest,
    render,
)
from tests.unit.plugins.debian import debian_program
from tests.unit.plugins.documented import COLLECTION
from tests.unit.plugins.reports import SCRIPT, TEMPLATE, everything, problem, report

PAGE = COLLECTION / "roles" / "replication" / "templates" / "report.html.j2"
#: Writes measurements into the document of the parent frame, which --dump-dom prints. Added to copies of the page.
MEASURE = """<script>addEventListener('load', () => {
  const all = [...document.querySelectorAll('body *')].filter(one => !one.closest('[aria-hidden]'));
  const wide = all.filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.wide'));
  const cut = all.filter(one => !one.closest('svg') && one.clientWidth && one.scrollWidth > one.clientWidth + 1 &&
    getComputedStyle(one).overflowX !== 'visible' && !(one.closest('.wide') && PHONE));
  const channels = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = one => {
    for (; one; one = one.parentElement) {
      const found = channels(getComputedStyle(one).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const faint = all.filter(one => !one.closest('svg') && [...one.childNodes].some(
    node => node.nodeType === 3 && node.textContent.trim())).filter(
    one => contrast(channels(getComputedStyle(one).color), behind(one)) < 4.5);
  const fills = {};
  for (const one of document.querySelectorAll('.fill')) {
    const style = getComputedStyle(one);
    const name = [...one.classList].find(one => one !== 'fill' && one !== 'swatch');
    fills[name] = [style.backgroundColor, style.backgroundImage, style.printColorAdjust];
  }
  const named = found => found.map(one => one.tagName + '.' + one.getAttribute('class') + ' ' +
    one.textContent.slice(0, 40));
  const {color, backgroundColor} = getComputedStyle(document.body);
  const found = {frame: frameElement.id, width: innerWidth, page: document.documentElement.scrollWidth,
    title: document.title, colours: [color, backgroundColor], text: document.body.innerText,
    wide: named(wide), cut: named(cut), faint: named(faint), fills: fills};
  const box = document.createElement('pre'); box.className = 'measured';
  box.textContent = btoa(encodeURIComponent(JSON.stringify(found))); parent.document.body.append(box);
})</script>"""
#: Width between the margins of an A4 sheet, in pixels.
SHEET = 688
WIDTHS = (390, SHEET, 1280)
Measured = dict[str, Any]
Looks = Callable[[str], dict[str, Measured]]
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


def measured(folder: Path, look: str, frames: dict[str, tuple[str, int]]) -> dict[str, Measured]:
    """Measurements of each page in a frame of its width, by the names of the frames. Starts the browser once."""
    # A window has a minimum width, a frame has none.
    made = [framed(name, look, text, width) for name, (text, width) in frames.items()]
    file = folder / "measured.html"
    file.write_text(f'<!DOCTYPE html><meta charset="utf-8">{"".join(made)}')
    scheme = f"--blink-settings=preferredColorScheme={0 if look == 'dark' else 1}"
    dom = chromium(file, scheme, "--window-size=1400,1000", "--dump-dom").stdout
    found = [
        json.loads(unquote(base64.b64decode(box).decode()))
        for box in re.findall(r'<pre class="measured">([^<]+)</pre>', dom)
    ]
    assert sorted(one["frame"] for one in found) == sorted(frames)
    return {one["frame"]: one for one in found}


def framed(name: str, look: str, text: str, width: int) -> str:
    text, count = POLICY.subn("", text)
    assert count == 1
    if look == "print":
        text, count = re.subn("@media print", "@media screen", text)
        assert count == 1
    script = MEASURE.replace("PHONE", "true" if width < 600 else "false")
    text = escape(text.replace("</head>", f"{script}</head>"), quote=True)
    style = f"border: 0; width: {width}px; height: 900px"
    return f'<iframe id="{name}" srcdoc="{text}" style="{style}"></iframe>'


@pytest.fixture(scope="module")
def looks(page: Path) -> Looks:
    """Measurements of the page by width, for the look "light", "dark" or "print". Each look is measured once."""

    @cache
    def at_all_widths(look: str) -> dict[str, Measured]:
        text = page.read_text()
        return measured(page.parent, look, {str(width): (text, width) for width in WIDTHS})

    return at_all_widths


@pytest.mark.parametrize("look", ["light", "dark", "print"])
def test_no_text_overflows_or_has_low_contrast(looks: Looks, look: str) -> None:
    for width in WIDTHS:
        found = looks(look)[str(width)]
        assert (found["width"], found["page"]) == (width, width)
        assert (found["wide"], found["cut"], found["faint"]) == ([], [], []), width


@pytest.mark.parametrize("look", ["light", "dark", "print"])
def test_bars_differ_by_colour_and_by_pattern(looks: Looks, look: str) -> None:
    fills = looks(look)["1280"]["fills"]
    assert set(fills) == {"ok", "waiting", "bad", "quiet"}
    for place in (0, 1):
        assert len({one[place] for one in fills.values()}) == len(fills)
    assert {one[2] for one in fills.values()} == {"exact"}


BUCKET = "a-bucket-with-the-longest-name-that-is-allowed-of-63-characters"
HOST = "node-with-a-long-name.region-eu-west-3.example.internal"


def page_of_many_pairs() -> PageInput:
    """Twelve pairs of three environments, with long names and thousands of problems."""
    hosts = [HOST, "node6", f"{HOST}.archive"]
    made = []
    for number in range(12):
        source, target = hosts[number % 3], hosts[(number + 1 + number % 2) % 3]
        one = report(source, target, in_sync=10**9, failed=5000 * (number % 2))
        one.source = replace(one.source, bucket=f"{BUCKET[:-2]}{number:02}")
        one.first["failed"] = [problem(f"{'k' * 900}{place}") for place in range(10)]
        made.append(one)
    return PageInput("Replication of everything", made)


def test_pages_of_zero_one_and_many_pairs_fit_the_width(tmp_path: Path) -> None:
    contents = {
        "many": page_of_many_pairs(),
        "one": PageInput("Replication", [report(in_sync=1)]),
        "none": PageInput("Replication"),
    }
    texts = {
        name: render(PAGE, ReportFiles(ReportFilesRequest(given)).page)
        for name, given in contents.items()
    }
    frames = {
        f"{name}-{width}": (text, width) for name, text in texts.items() for width in (390, 1280)
    }
    for name, found in measured(tmp_path, "light", frames).items():
        width = frames[name][1]
        assert (found["page"], found["wide"], found["cut"], found["faint"]) == (
            width, [], [], []
        ), name  # fmt: skip


def test_measurement_finds_wide_cut_and_faint_text(page: Path) -> None:
    broken = page.read_text().replace(
        "<main>",
        '<main><p style="width: 2000px">wide</p><p style="color: #999">faint</p>'
        '<p style="width: 20px; overflow: hidden">cutcutcutcut</p>',
    )
    found = measured(page.parent, "light", {"broken": (broken, 1280)})["broken"]
    assert (found["page"] > 1280, found["wide"]) == (True, ["P.null wide"])
    assert found["faint"] == ["P.null faint"]
    assert found["cut"] == ["P.null cutcutcutcut"]


def test_keys_with_markup_are_shown_as_text(looks: Looks) -> None:
    found = looks("light")["1280"]
    assert SCRIPT in str(found["text"])
    assert TEMPLATE in str(found["text"])
    assert str(found["title"]) == "Problems: Replication of 3 < 4"


def test_the_browser_logs_no_console_messages(page: Path) -> None:
    log = chromium(page, "--dump-dom").stderr
    assert [line for line in log.splitlines() if "CONSOLE" in line] == []


def test_a_blocked_script_is_logged_as_a_console_message(page: Path) -> None:
    broken = page.with_name("broken.html")
    broken.write_text(page.read_text().replace("</body>", "<script>1</script></body>"))
    assert "CONSOLE" in chromium(broken, "--dump-dom").stderr


def test_dark_mode_changes_text_and_background_colours(looks: Looks) -> None:
    light, dark = (looks(look)["1280"]["colours"] for look in ("light", "dark"))
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_the_printed_page_has_all_words(page: Path, looks: Looks) -> None:
    printed = page.with_name("page.pdf")
    chromium(page, f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    program = debian_program("pdftotext", "poppler-utils")
    done = subprocess.run([program, printed, "-"], capture_output=True, text=True, check=True)
    sheets = done.stdout.split("\f")
    # Long keys are wrapped; pdftotext changes the order of right-to-left text.
    text = "".join(done.stdout.split())
    shown = re.sub("\u202e.*", "", looks("print")[str(SHEET)]["text"])
    words = {word for word in shown.split() if word.isascii()}
    assert len(words) > 150
    assert [word for word in words if word not in text] == []
    assert 2 < len(sheets) < 10
    # The name of a pair and its numbers are on the same sheet.
    for sheet in sheets:
        assert sheet.count("Last complete") == len(re.findall(r"(?m)^Verified$", sheet)) or (
            "not verified yet" in sheet
        )
