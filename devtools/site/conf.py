# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the documentation site. Nothing is fetched from elsewhere."""

from __future__ import annotations

from typing import Any

from docutils import nodes

project = "scality.backbeat"
copyright = "2026 scality.backbeat contributors"
extensions = ["sphinx_antsibull_ext"]
html_theme = "alabaster"
html_theme_options = {
    "page_width": "75rem",
    "sidebar_width": "16rem",
    "font_size": "1rem",
    "font_family": "sans-serif",
    "head_font_family": "sans-serif",
}
html_sidebars = {"**": ["searchfield.html", "localtoc.html", "relations.html"]}
html_title = "scality.backbeat"
html_copy_source = False
html_show_sphinx = False
nitpicky = True

# The pages of Ansible's own documentation that generated pages refer to.
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


def setup(app: Any) -> None:
    app.connect("missing-reference", refer_elsewhere)
