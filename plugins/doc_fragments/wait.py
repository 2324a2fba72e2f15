# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of module_utils/_engine/options.py: waiting for a state."""

from __future__ import annotations


class ModuleDocFragment:
    """Whether, how long and how patiently a module waits."""

    DOCUMENTATION = r"""
options:
  wait:
    description: Whether to wait until the expected state is reached. With V(false) the module checks once.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait at most.
    type: float
    default: 300.0
  wait_max_delay:
    description: Longest pause between two polls in seconds; the pauses grow up to it.
    type: float
    default: 5.0
"""
