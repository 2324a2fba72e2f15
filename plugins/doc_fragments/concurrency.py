# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of module_utils/_engine/options.py: several items in one task."""

from __future__ import annotations


class ModuleDocFragment:
    """How a list of items is worked on."""

    DOCUMENTATION = r"""
options:
  concurrency:
    description:
      - How many items of a list are processed at the same time.
      - An item that fails does not stop the others; the task then fails and names the failed items.
    type: int
    default: 8
"""
