#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: replication_plan
short_description: Plan the set-up of a host for replication
version_added: 0.1.0
description:
  - Turns the variables of P(scality.backbeat.replication#role) on all hosts into what this host has to set up.
  - It is the first task of that role and may change with it. If variables are wrong, it fails and names all of them.
  - It runs on the controller, and calls no server.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.attributes.read_only
options:
  to_set_up:
    description: Whether the run sets up replication, instead of validating or removing it.
    type: bool
    default: true
  to_adopt:
    description:
      - Whether the run is to adopt what exists. Then only the names of variables and tags are checked, and nothing is
        planned.
    type: bool
    default: false
seealso:
  - plugin: scality.backbeat.replication_plan
    plugin_type: filter
    description: The same as a filter, and all that the plan contains.
"""

EXAMPLES = r"""
- name: Plan this host's side
  scality.backbeat.replication_plan:
  any_errors_fatal: true
  register: replication_plan
"""

RETURN = r"""
source:
  description: Whether the host replicates to another host.
  returned: success
  type: bool
target:
  description: Whether another host replicates to this host.
  returned: success
  type: bool
outgoing:
  description: The pairs of buckets that it replicates, each with its target host.
  returned: success
  type: list
  elements: dict
roles:
  description: Roles to create.
  returned: success
  type: list
  elements: dict
policies:
  description: Policies to create and to attach.
  returned: success
  type: list
  elements: dict
buckets:
  description: Buckets to create.
  returned: success
  type: list
  elements: dict
options:
  description: The role's other variables with their types, by name without C(replication_).
  returned: success
  type: dict
blocked_by:
  description: Other hosts of the run that cannot be set up. The plan is empty then.
  returned: success
  type: list
  elements: str
"""
