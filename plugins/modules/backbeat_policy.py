#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_policy
short_description: Manage IAM policies for Backbeat
version_added: 0.1.0
description:
  - Creates, changes and removes managed policies on Scality's IAM (Vault) or any server with the AWS IAM API, and
    attaches them to roles.
  - The document is given, or generated from the names of the buckets.
  - Documents are compared by their meaning. A change creates a new default version, so the roles keep their permissions
    all the time. If there are five versions, the oldest is deleted.
  - Runs of one user on one machine that change the same policy wait for one another, so none loses the changes of
    another. At the end of a list of policies, a document that another machine has overwritten in the meantime is an
    error.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes
  - scality.backbeat.attributes.iam
options:
  name: &name
    description: Name of the policy.
    type: str
  path: &path
    description:
      - Path of the policy. Defaults to V(/) for a new policy.
      - IAM cannot change the path of a policy, so a path that differs from the existing policy's is an error.
    type: str
  description: &description
    description: Description of a new policy. IAM cannot change it later; a description that differs causes a warning.
    type: str
  policy: &policy
    description: The policy document. Excludes O(side).
    type: json
  side: &side
    description:
      - Generate the document for the role of this side of the replication.
      - The V(source) role gets what Backbeat needs to read O(source_buckets), the V(target) role what it needs to write
        O(target_buckets), for old and new servers, and nothing else.
    type: str
    choices: [source, target]
  permissions: &permissions
    description:
      - V(least) generates what the side needs.
      - V(guide) generates the document of Scality's guide for manual set-up instead, which is the same for both
        sides and needs both lists of buckets. Servers since 2025 do not replicate with it, because it lacks
        C(s3:ReplicateObject) on the source.
    type: str
    choices: [least, guide]
    default: least
  source_buckets: &source_buckets
    description: Names of the buckets to replicate from.
    type: list
    elements: str
  target_buckets: &target_buckets
    description: Names of the buckets to replicate to.
    type: list
    elements: str
  cloud_targets: &cloud
    description: Whether the source's document also allows reading the tags of versions, which sites of public clouds
      need.
    type: bool
    default: false
  max_size: &size
    description:
      - Largest size of a policy on the server, in characters without white space.
      - A larger document is split into several policies, whose names end with a number, except the first.
    type: int
    default: 6144
  purge_statements: &purge
    description:
      - Whether a generated document replaces all statements of the policy.
      - Without it, statements about buckets that the task does not list stay, so that several inventories can share a
        policy. Statements that are not about a particular bucket never stay.
      - A document that is given as O(policy) always replaces all statements.
    type: bool
    default: false
  roles: &roles
    description:
      - Names or ARNs of roles to attach the policy to. It stays attached to others.
      - ARNs save a call, because they contain the account.
      - With O(state=absent), the only roles that the policy may be detached from; one that is attached elsewhere stays,
        with a warning.
    type: list
    elements: str
  state: &state
    description:
      - Whether the policy should exist.
      - V(absent) detaches it from all roles and removes it with its versions and parts. A policy that is attached
        to users or groups is refused.
      - V(absent) with O(side) removes only the statements about the listed buckets, and the policy with the last
        statement about a bucket. With O(purge_statements) the whole policy is removed.
    type: str
    choices: [present, absent]
    default: present
  policies:
    description: Several policies, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      name:
        <<: *name
        required: true
      path: *path
      description: *description
      policy: *policy
      side: *side
      permissions: *permissions
      source_buckets: *source_buckets
      target_buckets: *target_buckets
      cloud_targets: *cloud
      max_size: *size
      purge_statements: *purge
      roles: *roles
      state: *state
seealso:
  - module: scality.backbeat.backbeat_iam_role
"""

EXAMPLES = r"""
- name: Create and attach the source policy
  scality.backbeat.backbeat_policy:
    endpoint_url: http://node1:8600
    profile: backbeat-source
    name: SourcePolicyForS3Replication
    side: source
    source_buckets: [source-bucket]
    roles: [SourceRoleForS3Replication]

- name: Use the guide's document unchanged
  scality.backbeat.backbeat_policy:
    endpoint_url: http://node6:8600
    profile: backbeat-target
    name: TargetPolicyForS3Replication
    side: target
    permissions: guide
    source_buckets: [source-bucket]
    target_buckets: [target-bucket]
    roles: [TargetRoleForS3Replication]

- name: Use a custom document
  scality.backbeat.backbeat_policy:
    endpoint_url: http://node6:8600
    profile: backbeat-target
    name: ReadReplicas
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: s3:GetObject
          Resource: arn:aws:s3:::target-bucket/*

- name: Remove it
  scality.backbeat.backbeat_policy:
    endpoint_url: http://node6:8600
    profile: backbeat-target
    name: ReadReplicas
    state: absent
"""

RETURN = r"""
policy:
  description: The policy, V(null) when it is absent. In check mode, the policy as it would be.
  returned: on success, when one policy was asked for
  type: dict
  contains: &policy
    policy_name:
      description: Name of the policy.
      type: str
      sample: SourcePolicyForS3Replication
    arn:
      description: ARN of the policy. In check mode it contains V(<account>) if only the server knows the account.
      type: str
      sample: arn:aws:iam::123456789012:policy/SourcePolicyForS3Replication
    path:
      description: Path of the policy.
      type: str
      sample: /
    policy_id:
      description: Identifier assigned by the server; V(null) for a policy that check mode predicts.
      type: str
    description:
      description: Description of the policy, V(null) if the server has none.
      type: str
    default_version_id:
      description: The default version. In check mode, the one before the change.
      type: str
      sample: v1
    create_date:
      description: When the policy was created, in ISO 8601; V(null) for a policy that check mode predicts.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    update_date:
      description: When it last changed, in ISO 8601; V(null) for a policy that check mode predicts.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    document:
      description: The document of the default version.
      type: dict
    roles:
      description: The roles in O(roles) that have the policy; all roles that have it if it is split.
      type: list
      elements: str
      sample: [SourceRoleForS3Replication]
    parts:
      description:
        - All policies that hold the document, with the keys above. There are several if it is split; the first is the
          one above.
      type: list
      elements: dict
changes:
  description: What was done, or would be done in check mode; an API operation and its subject each.
  returned: when one policy was asked for
  type: list
  elements: str
  sample:
    - CreatePolicy SourcePolicyForS3Replication
    - AttachRolePolicy SourcePolicyForS3Replication to SourceRoleForS3Replication
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
  description: One result for each of O(policies), in their order.
  returned: when O(policies) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Whether this policy was changed.
      type: bool
    policy:
      description: The policy, as for one policy.
      returned: on success
      type: dict
      contains: *policy
    changes:
      description: What was done, as for one policy.
      returned: always
      type: list
      elements: str
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What went wrong with this policy.
      returned: when it failed
      type: str
    error: *error
"""

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import IAM
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import RESOURCE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy import (
    Policy,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy_request import (
    MAX_SIZE,
    PolicyRequest,
)

TASK = Task(
    key="policy",
    plural="policies",
    service=IAM,
    identity=("name",),
    item={
        "name": {"type": "str"},
        "path": {"type": "str"},
        "description": {"type": "str"},
        "policy": {"type": "json"},
        "side": {"type": "str", "choices": ["source", "target"]},
        "permissions": {"type": "str", "choices": ["least", "guide"], "default": "least"},
        "source_buckets": {"type": "list", "elements": "str"},
        "target_buckets": {"type": "list", "elements": "str"},
        "cloud_targets": {"type": "bool", "default": False},
        "max_size": {"type": "int", "default": MAX_SIZE},
        "purge_statements": {"type": "bool", "default": False},
        "roles": {"type": "list", "elements": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    rules={"mutually_exclusive": [("policy", "side")]},
    request=PolicyRequest.from_options,
    build=lambda request, connections: Policy(request, connections.main),
    kind=RESOURCE,
    exclusive=True,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
