# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter inventory_yaml: data as YAML for an inventory, in which no text is ever evaluated as a template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._documents.inventory_yaml import inventory_yaml
from ..module_utils._work import InvalidDocument


def _inventory_yaml(value: Any) -> str:
    try:
        return inventory_yaml(value)
    except InvalidDocument as error:
        raise AnsibleFilterError(f"inventory_yaml: {error}") from error


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"inventory_yaml": _inventory_yaml}
