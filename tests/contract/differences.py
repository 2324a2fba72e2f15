# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences from the contract that an inventory may declare for its servers.

An inventory with an imitation of a service declares its differences in the host variable `contract_differences`.
"""

from __future__ import annotations

#: DeletePolicy succeeds although the policy has other versions or is attached. moto's IAM does this.
DELETES_POLICIES_IN_USE = "iam-deletes-policies-in-use"

KNOWN = frozenset({DELETES_POLICIES_IN_USE})
