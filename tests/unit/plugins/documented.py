# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts options from documentation and from argument specs to one form, to compare them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

PACKAGE = "ansible_collections.scality.backbeat.plugins"
COLLECTION = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (COLLECTION / "plugins" / "modules").glob("backbeat_*.py"))


def module(name: str) -> Any:
    return import_module(f"{PACKAGE}.modules.{name}")


def examples_of(name: str) -> list[dict[str, Any]]:
    """The options in the module's examples."""
    full_name = f"scality.backbeat.{name}"
    return [task[full_name] for task in yaml.safe_load(module(name).EXAMPLES) if full_name in task]


def documentation(name: str) -> dict[str, Any]:
    """A module's documentation with that of its fragments."""
    document = yaml.safe_load(module(name).DOCUMENTATION)
    for fragment in document["extends_documentation_fragment"]:
        for part, value in fragment_of(fragment).items():
            if isinstance(value, dict):
                document[part] = {**value, **document.get(part, {})}
            else:
                document[part] = [*document.get(part, []), *value]
    return dict(document)


def fragment_of(name: str) -> dict[str, Any]:
    """The fragment called scality.backbeat.FILE or scality.backbeat.FILE.PART."""
    namespace, collection, file, *part = name.split(".")
    assert (namespace, collection) == ("scality", "backbeat")
    fragments = import_module(f"{PACKAGE}.doc_fragments.{file}").ModuleDocFragment
    return dict(yaml.safe_load(getattr(fragments, part[0].upper() if part else "DOCUMENTATION")))


def documented(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options in documentation; each one needs a description."""
    assert not [name for name, option in options.items() if not option.get("description")]
    return _form(options, "suboptions")


def specified(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an argument spec."""
    return _form(spec, "options")


def _form(options: Mapping[str, Any], inside: str) -> dict[str, Any]:
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "aliases": option.get("aliases", []),
            "options": _form(option[inside], inside) if option.get(inside) else None,
        }
        for name, option in options.items()
    }
