# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the inventory that look like the role's and are none: Ansible itself takes any name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

SPECS = Path(__file__).parents[2] / "roles" / "replication" / "meta" / "argument_specs.yml"
#: How alike two names are, of 1, for one to be taken for the other: a letter or two.
ALIKE = 0.93


def unknown_variables(names: Iterable[str]) -> dict[str, str]:
    """Of these names those that the role does not know, each with the name that was likely meant."""
    known = _known()
    found = {}
    for name in sorted(set(names) - known):
        if name.startswith("replication_"):
            for meant in difflib.get_close_matches(name, known, n=1, cutoff=ALIKE):
                found[name] = meant
    return found


@cache
def _known() -> frozenset[str]:
    """The role's variables, by the indentation of its specification: quicker than reading it as YAML for each host."""
    return frozenset(re.findall(r"^      (replication_\w+):", SPECS.read_text(), re.MULTILINE))
