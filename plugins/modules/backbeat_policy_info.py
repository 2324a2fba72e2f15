#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_policy_info
short_description: Read managed policies
version_added: 0.1.0
description:
  - Reads managed policies, their documents, and the roles that they are attached to.
  - A policy that does not exist is not an error.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes.read_only
  - scality.backbeat.attributes.iam
options:
  name: &name
    description: Name of the policy.
    type: str
  path: &path
    description: Path of the policy. By default policies with any path are found, which takes more calls if it is not
      V(/).
    type: str
  policies:
    description: Several policies, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      name:
        <<: *name
        required: true
      path: *path
seealso:
  - module: scality.backbeat.backbeat_policy
"""

EXAMPLES = r"""
- name: Read what the source role may do
  scality.backbeat.backbeat_policy_info:
    endpoint_url: http://node1:8600
    profile: backbeat-source
    name: SourcePolicyForS3Replication
  register: source_policy

- name: Show its document
  ansible.builtin.debug:
    var: source_policy.policy.document
"""

RETURN = r"""
policy:
  description: The policy, V(null) when there is none.
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
      description: Identifier assigned by the server.
      type: str
    description:
      description: Description of the policy, V(null) if the server has none.
      type: str
    default_version_id:
      description: The default version.
      type: str
      sample: v1
    create_date:
      description: When the policy was created, in ISO 8601.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    update_date:
      description: When it last changed, in ISO 8601.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    document:
      description: The document of the default version.
      type: dict
    roles:
      description: All roles that have the policy.
      type: list
      elements: str
      sample: [SourceRoleForS3Replication]
    parts:
      description:
        - All policies that hold the document, with the keys above. There are several if it is split; the first is the
          one above.
      type: list
      elements: dict
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
      description: Always V(false).
      type: bool
    policy:
      description: The policy, as for one policy.
      returned: on success
      type: dict
      contains: *policy
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
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.policy_info import (
    PolicyInfo,
    PolicyInfoRequest,
)

TASK = Task(
    key="policy",
    plural="policies",
    service=IAM,
    identity=("name",),
    item={"name": {"type": "str"}, "path": {"type": "str"}},
    kind=QUERY,
    request=PolicyInfoRequest.from_options,
    build=lambda request, connections: PolicyInfo(request, connections.main),
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
