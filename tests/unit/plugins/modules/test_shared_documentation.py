# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that several modules repeat, because fragments cannot be nested: one source for all copies.

`shared/*.yml` are the sources. `python -m tests.unit.plugins.modules.test_shared_documentation` copies them into the
modules, to the anchors of the same names.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[4]
SHARED = {file.stem: file for file in (Path(__file__).parent / "shared").glob("*.yml")}
REPAIR = (
    "Change shared/*.yml, then run: python -m tests.unit.plugins.modules.test_shared_documentation"
)
MODULES = sorted((ROOT / "plugins" / "modules").glob("backbeat_*.py"))


def source(name: str) -> str:
    """The text of a source, without its licence."""
    return SHARED[name].read_text().split("\n---\n", 1)[1]


#: How a copy begins, with or without an anchor for further uses in the same module.
HEADS = {
    "connection": r"suboptions:(?: &connection)?(?=\n +endpoint_url:)",
    "error": r"error:(?: &error)?(?=\n +description:.*\n +returned: when a call failed)",
    "seen_object": r"contains:(?: &seen_object)",
    "what": r"what:(?: &what)",
    "remedy": r"remedy:(?: &remedy)",
    "verification": r"contains:(?: &verification)?(?=\n +schema:)",
}


def with_copies(text: str) -> str:
    """A module's text with every copy replaced by its source."""
    for name, head in HEADS.items():

        def copy(found: re.Match[str], name: str = name) -> str:
            return f"{found[1]}{found[2]}\n{textwrap.indent(source(name), found[1] + '  ')}"

        text = re.sub(rf"^( *)({head})\n(?:\1 +.*\n)*", copy, text, flags=re.MULTILINE)
    return text


def documentation(file: Path, name: str) -> Any:
    found = re.search(rf'^{name} = r"""\n(.*?)^"""', file.read_text(), re.MULTILINE | re.DOTALL)
    return yaml.safe_load(found[1]) if found else {}


def nested_connections(options: Mapping[str, Any] | None) -> Iterator[Any]:
    for option in (options or {}).values():
        inside = option.get("suboptions")
        if inside and "endpoint_url" in inside:
            yield inside
        yield from nested_connections(inside)


def errors(returned: Any) -> Iterator[Any]:
    for name, value in (returned or {}).items():
        if name == "error" and value["type"] == "dict":
            yield value
        yield from errors(value.get("contains"))


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_every_copy_equals_its_source(file: Path) -> None:
    connection, error = (yaml.safe_load(source(name)) for name in ("connection", "error"))
    for one in nested_connections(documentation(file, "DOCUMENTATION").get("options")):
        assert one == connection, REPAIR
    for one in errors(documentation(file, "RETURN")):
        assert one == error, REPAIR
    assert with_copies(file.read_text()) == file.read_text(), REPAIR


def test_a_different_copy_is_detected_and_repaired() -> None:
    text = f"a:\n  error: &error\n{textwrap.indent(source('error'), '    ')}  b: 1\n"
    changed = text.replace("API operation", "Operation")
    assert changed != text
    assert with_copies(changed) == text


if __name__ == "__main__":
    for module in MODULES:
        module.write_text(with_copies(module.read_text()))
