# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy documents, trust policies included: reading, comparing, measuring and dividing them."""

from __future__ import annotations

from .policy_meaning import equivalent, normal_form
from .policy_split import split
from .policy_text import compact, parse, size

__all__ = ["compact", "equivalent", "normal_form", "parse", "size", "split"]
