#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_iam_role
short_description: Manage IAM roles for Backbeat
version_added: 0.1.0
description:
  - Creates, repairs and removes roles on Scality's IAM (Vault) or any server with the AWS IAM API.
  - By default the role trusts Backbeat, as replication requires.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes
  - scality.backbeat.attributes.iam
options:
  name: &name
    description: Name of the role.
    type: str
  path: &path
    description:
      - Path of the role. Defaults to V(/) for a new role.
      - IAM cannot change the path of a role, so a path that differs from the existing role's is an error.
    type: str
  description: &description
    description: Description of a new role. IAM cannot change it later; a description that differs causes a warning.
    type: str
  assume_role_policy_document: &trust
    description:
      - The trust policy, which says who may assume the role.
      - By default C(sts:AssumeRole) for the service V(backbeat).
      - A trust policy with a different meaning is replaced.
    type: json
  managed_policies: &policies
    description:
      - ARNs of policies to attach to the role. Other attached policies stay, unless O(purge_policies)
        is set.
      - M(scality.backbeat.backbeat_policy) itself attaches the policies that it manages.
      - With O(state=absent), names or ARNs of the only policies that may be attached. A role with other policies stays,
        with a warning.
    type: list
    elements: str
  purge_policies: &purge
    description: Whether policies that are not in O(managed_policies) are detached.
    type: bool
    default: false
  state: &state
    description:
      - Whether the role should exist.
      - V(absent) detaches its managed policies and removes it, unless O(managed_policies) is given and lacks one of
        them; the policies themselves stay.
    type: str
    choices: [present, absent]
    default: present
  iam_roles:
    description: Several roles, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      name:
        <<: *name
        required: true
      path: *path
      description: *description
      assume_role_policy_document: *trust
      managed_policies: *policies
      purge_policies: *purge
      state: *state
seealso:
  - module: scality.backbeat.backbeat_iam_role_info
  - module: scality.backbeat.backbeat_policy
"""

EXAMPLES = r"""
- name: Create the role on the source environment
  scality.backbeat.backbeat_iam_role:
    endpoint_url: http://node1:8600
    profile: backbeat-source
    name: SourceRoleForS3Replication
  register: source_role

- name: Show the ARN, which the replication configuration needs
  ansible.builtin.debug:
    var: source_role.iam_role.arn

- name: Create two roles, one with a custom trust policy
  scality.backbeat.backbeat_iam_role:
    endpoint_url: http://node6:8600
    profile: backbeat-target
    iam_roles:
      - name: TargetRoleForS3Replication
      - name: Auditor
        description: Reads what was replicated
        assume_role_policy_document:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Principal:
                Service: audit
              Action: sts:AssumeRole

- name: Remove a role
  scality.backbeat.backbeat_iam_role:
    endpoint_url: http://node6:8600
    profile: backbeat-target
    name: Auditor
    state: absent
"""

RETURN = r"""
iam_role:
  description: The role, V(null) when it is absent. In check mode, the role as it would be.
  returned: on success, when one role was asked for
  type: dict
  contains: &role
    role_name:
      description: Name of the role.
      type: str
      sample: SourceRoleForS3Replication
    arn:
      description: ARN of the role. In check mode it contains V(<account>) if only the server knows the account.
      type: str
      sample: arn:aws:iam::123456789012:role/SourceRoleForS3Replication
    path:
      description: Path of the role.
      type: str
      sample: /
    role_id:
      description: Identifier assigned by the server; V(null) for a role that check mode predicts.
      type: str
    description:
      description: Description of the role.
      type: str
    create_date:
      description: When the role was created, in ISO 8601; V(null) for a role that check mode predicts.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    assume_role_policy_document:
      description: The trust policy, as the server has it.
      type: dict
    attached_policies:
      description: The managed policies of the role; V(null) when O(managed_policies) was not given.
      type: list
      elements: dict
      contains:
        policy_name:
          description: Name of the policy.
          type: str
        policy_arn:
          description: ARN of the policy.
          type: str
changes:
  description: What was done, or would be done in check mode; an API operation and its subject each.
  returned: when one role was asked for
  type: list
  elements: str
  sample: [CreateRole SourceRoleForS3Replication]
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
      description: Whether this role was changed.
      type: bool
    iam_role:
      description: The role, as for one role.
      returned: on success
      type: dict
      contains: *role
    changes:
      description: What was done, as for one role.
      returned: always
      type: list
      elements: str
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
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import RESOURCE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._resources.iam_role import (
    IamRole,
    RoleRequest,
)

TASK = Task(
    key="iam_role",
    plural="iam_roles",
    service=IAM,
    identity=("name",),
    item={
        "name": {"type": "str"},
        "path": {"type": "str"},
        "description": {"type": "str"},
        "assume_role_policy_document": {"type": "json"},
        "managed_policies": {"type": "list", "elements": "str"},
        "purge_policies": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    request=RoleRequest.from_options,
    build=lambda request, connections: IamRole(request, connections.main),
    kind=RESOURCE,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
