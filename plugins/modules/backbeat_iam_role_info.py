#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_iam_role_info
short_description: Read IAM roles
version_added: 0.1.0
description:
  - Reads roles and the managed policies that are attached to them.
  - A role that does not exist is not an error.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes.read_only
  - scality.backbeat.attributes.iam
options:
  name: &name
    description: Name of the role.
    type: str
  include_policies: &include
    description: Whether to also read the policies that are attached to the role, which takes one more call.
    type: bool
    default: true
  iam_roles:
    description: Several roles, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      name:
        <<: *name
        required: true
      include_policies: *include
seealso:
  - module: scality.backbeat.backbeat_iam_role
"""

EXAMPLES = r"""
- name: Read the role on the target environment
  scality.backbeat.backbeat_iam_role_info:
    endpoint_url: http://node6:8600
    profile: backbeat-target
    name: TargetRoleForS3Replication
  register: target_role

- name: Stop if the role does not exist
  ansible.builtin.assert:
    that: target_role.iam_role is not none
"""

RETURN = r"""
iam_role:
  description: The role, V(null) when there is none.
  returned: on success, when one role was asked for
  type: dict
  contains: &role
    role_name:
      description: Name of the role.
      type: str
      sample: TargetRoleForS3Replication
    arn:
      description: ARN of the role.
      type: str
      sample: arn:aws:iam::678901234567:role/TargetRoleForS3Replication
    path:
      description: Path of the role.
      type: str
      sample: /
    role_id:
      description: Identifier assigned by the server.
      type: str
    description:
      description: Description of the role.
      type: str
    create_date:
      description: When the role was created, in ISO 8601.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    assume_role_policy_document:
      description: The trust policy, as the server has it.
      type: dict
    attached_policies:
      description: The managed policies of the role; V(null) unless O(include_policies).
      type: list
      elements: dict
      contains:
        policy_name:
          description: Name of the policy.
          type: str
        policy_arn:
          description: ARN of the policy.
          type: str
error: &error
  description: The call that failed.
  returned: when a call failed
  type: dict
  contains:
    code:
      description: Error code of the server; V(null) without a response.
      type: str
    message:
      description: Message of the server, or the error of the connection.
      type: str
    status:
      description: HTTP status; V(null) without a response.
      type: int
    request_id:
      description: Request ID; V(null) if the server sent none.
      type: str
    operation:
      description: API operation.
      type: str
    endpoint:
      description: URL of the endpoint.
      type: str
results:
  description: One result for each of O(iam_roles), in their order.
  returned: when O(iam_roles) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Always V(false).
      type: bool
    iam_role:
      description: The role, as for one role.
      returned: on success
      type: dict
      contains: *role
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What went wrong with this role.
      returned: when it failed
      type: str
    error: *error
"""

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import IAM
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.iam_role_info import (
    IamRoleInfo,
    RoleInfoRequest,
)

TASK = Task(
    key="iam_role",
    plural="iam_roles",
    service=IAM,
    identity=("name",),
    item={
        "name": {"type": "str"},
        "include_policies": {"type": "bool", "default": True},
    },
    kind=QUERY,
    request=RoleInfoRequest.from_options,
    build=lambda request, connections: IamRoleInfo(request, connections.main),
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
