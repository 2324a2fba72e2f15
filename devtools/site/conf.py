# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of Sphinx for the documentation site. The build fetches nothing from the network."""

from __future__ import annotations

import gc
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes

# Looking for garbage among the nodes of all pages takes a third of a build.
gc.disable()

project = "scality.backbeat"
copyright = "2026 scality.backbeat contributors"
extensions = ["sphinx_antsibull_ext"]
html_theme = "furo"
# Use the reader's choice of light or dark colours for antsibull's tables too, as in the theme.
DARK = files("sphinx_antsibull_ext").joinpath("colors-default-dark.css").read_text()
html_theme_options = {
    "top_of_page_buttons": [],
    "dark_css_variables": dict(re.findall(r"--(antsibull-[\w-]+):([^;}]+)", DARK)),
}
html_title = "scality.backbeat"
html_static_path = ["static"]
html_css_files = ["narrow.css"]
html_copy_source = False
html_show_sphinx = False
nitpicky = True

# The pages of Ansible's documentation to which generated pages refer.
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
ELSEWHERE = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def refer_elsewhere(_app: Any, _env: Any, node: Any, content: Any) -> Any:
    page = ELSEWHERE.get(node.get("reftarget"))
    if page is None:
        return None
    return nodes.reference("", "", content, internal=False, refuri=ANSIBLE + page)


def list_plugins(app: Any, page: str, source: list[str]) -> None:
    """Add modules, the role and filters to the navigation of the front page, by their short names."""
    if page == "collection/index":
        source[0] = f":orphan:\n\n{source[0]}"
    if page != "index":
        return
    for caption, kind in (("Role", "role"), ("Modules", "module"), ("Filters", "filter")):
        names = sorted(file.stem for file in Path(app.srcdir, "collection").glob(f"*_{kind}.rst"))
        entries = "".join(
            f"   {name.removesuffix(f'_{kind}')} <collection/{name}>\n" for name in names
        )
        source[0] += f"\n.. toctree::\n   :caption: {caption}\n   :hidden:\n\n{entries}"


def drop_contents(_app: Any, document: Any) -> None:
    """Remove tables of contents, because the theme has one on each page."""
    for topic in list(document.findall(nodes.topic)):
        if "contents" in topic["classes"]:
            topic.parent.remove(topic)


def setup(app: Any) -> None:
    app.connect("source-read", list_plugins)
    app.connect("doctree-read", drop_contents)
    app.connect("missing-reference", refer_elsewhere)
