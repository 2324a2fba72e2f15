# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the parts of guides and README files that tests run or check: code blocks and tables."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devtools.places import ROOT

RST = ROOT / "docs" / "docsite" / "rst"
GUIDES = sorted(RST.glob("*.rst"))
READMES = [ROOT / "README.md", ROOT / "roles" / "replication" / "README.md"]
PAGES = [*READMES, *GUIDES]

_MARKDOWN = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]+)\n(?P<body>.*?)^ *```$", re.M | re.S)
_RST = re.compile(
    r"^(?P<indent> *)\.\. code-block:: (?P<language>[\w-]+)\n\n(?P<body>(?:(?P=indent)   .*\n|\n)+)",
    re.M,
)


@dataclass(frozen=True)
class Block:
    """One code block: its page and line, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def data(self) -> Any:
        """The data of a YAML block."""
        return yaml.safe_load(self.text)


def blocks(page: Path, *languages: str) -> list[Block]:
    """The page's code blocks in these languages, in the order of the page."""
    return [block for block in _blocks(page) if block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in (_MARKDOWN if page.suffix == ".md" else _RST).finditer(text):
        yield Block(
            str(page.relative_to(ROOT)),
            text.count("\n", 0, found.start()) + 1,
            found["language"],
            textwrap.dedent(found["body"]).strip() + "\n",
        )


def list_table(text: str) -> list[list[str]]:
    """The rows of the first list table of a page, as the text of their cells."""
    table = text.split(".. list-table::", 1)[1].split("\n\n", 1)[1]
    rows: list[list[str]] = []
    for line in itertools.takewhile(str.strip, table.splitlines()):
        mark, cell = line[:7].strip(), line[7:].strip()
        if mark == "* -":
            rows.append([cell])
        elif mark == "-":
            rows[-1].append(cell)
        else:
            rows[-1][-1] += f" {cell}"
    return rows


def is_play(data: Any) -> bool:
    """Whether a YAML block is a playbook."""
    return isinstance(data, list) and any("hosts" in part for part in data)


def is_tasks(data: Any) -> bool:
    """Whether a YAML block is a list of tasks."""
    return isinstance(data, list) and not is_play(data) and all("name" in part for part in data)
