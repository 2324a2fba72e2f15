# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects a change of a replication configuration would leave behind while they are being sent.

Source: measured on Backbeat. An object remembers the roles and the destination it was put under. While it is PENDING,
other roles leave it so for ever; another destination, or a rule that is gone or disabled, makes it FAILED.
"""

from __future__ import annotations

from .replication_model import Configuration, Rule


def stranding(current: Configuration | None, after: Configuration | None) -> tuple[str, ...]:
    """The prefixes whose pending objects would not arrive any more; empty when nothing is at risk."""
    if current is None:
        return ()
    in_force = [rule for rule in current.rules if rule.enabled]
    if (
        after is None
        or after.roles != current.roles
        or after.target_bucket != current.target_bucket
    ):
        return tuple(rule.prefix for rule in in_force)
    return tuple(rule.prefix for rule in in_force if not _covered(rule, after))


def _covered(rule: Rule, after: Configuration) -> bool:
    return any(
        new.enabled and rule.prefix.startswith(new.prefix) and new.sites == rule.sites
        for new in after.rules
    )
