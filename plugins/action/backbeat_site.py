# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_site in the controller's own process."""

from __future__ import annotations

from ..modules.backbeat_site import TASK
from ..plugin_utils._in_process import InProcess


class ActionModule(InProcess):
    """See plugin_utils/_in_process.py."""

    TASK = TASK
