# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results without the secrets that the process knows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from ansible.module_utils.common.parameters import remove_values


def scrubbed(result: Mapping[str, Any], secrets: Collection[str]) -> Mapping[str, Any]:
    """The result with each secret masked, as AnsibleModule masks them."""
    # Ansible takes every value apart, 50 ms for a list of 1,000 buckets; as a rule there is nothing to find.
    if not _holds(result, secrets):
        return result
    # A secret such as "1" must not turn true into a mask.
    kept = {key: value for key, value in result.items() if value is None or value in (True, False)}
    return {**remove_values(result, secrets), **kept}


def _holds(result: Mapping[str, Any], secrets: Collection[str]) -> bool:
    """Whether a secret may be in the result."""
    try:
        text = json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError):
        return True
    # As JSON writes it inside of a text, characters such as quotes escaped.
    return any(json.dumps(secret, ensure_ascii=False)[1:-1] in text for secret in secrets)
