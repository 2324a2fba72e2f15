# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules of this collection can do, in the words of Ansible's documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of modules that change something, and of those that only read."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Predicts what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows the state before and after.
  idempotent:
    support: full
    description: A second run with the same options changes nothing.
"""

    READ_ONLY = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: The module only reads, so it does the same in check mode.
  diff_mode:
    support: none
    description: Nothing changes, so there is no difference to show.
  idempotent:
    support: full
    description: The module only reads.
"""

    IAM = r"""
options: {}
attributes:
  action_group:
    support: full
    membership: [scality.backbeat.iam]
    description: C(module_defaults) for C(group/scality.backbeat.iam) set the connection for all modules that talk to
      IAM.
"""

    S3 = r"""
options: {}
attributes:
  action_group:
    support: full
    membership: [scality.backbeat.s3]
    description: C(module_defaults) for C(group/scality.backbeat.s3) set the connection for all modules that talk to S3.
"""
