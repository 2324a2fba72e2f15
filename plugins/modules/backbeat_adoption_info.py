#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_adoption_info
short_description: Read a replication that was set up manually, as variables for the role
version_added: 0.1.0
description:
  - Reads the replication configurations of a source environment, and the roles and policies of both.
  - Returns them as variables for the role P(scality.backbeat.replication#role).
  - A role or policy is given by name only if managing it under that name would change nothing. Otherwise the variables
    hold its ARN, and the role P(scality.backbeat.replication#role) does not manage it.
  - Warns about roles of a configuration that do not exist.
  - Rule IDs, prefixes and names are the server's data. Write them to a file with the filter
    P(scality.backbeat.inventory_yaml#filter), so that Ansible never evaluates them as templates.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.concurrency
  - scality.backbeat.attributes.read_only
options:
  name: &name
    description: Name of this source and target in messages.
    type: str
  source: &source
    description: The environment that is replicated from. Needs O(name) and O(target).
    type: dict
    suboptions:
      s3:
        description: The connection to S3.
        type: dict
        required: true
        suboptions: &connection
          endpoint_url:
            description: URL of the service. Credentials in it are refused.
            type: str
            required: true
          profile:
            description: Name of a profile in the AWS configuration files.
            type: str
          access_key:
            description: Access key.
            type: str
          secret_key:
            description: Secret key that belongs to the access key.
            type: str
          session_token:
            description: Session token of temporary credentials.
            type: str
          region:
            description: Region that requests are signed for.
            type: str
            default: us-east-1
          validate_certs:
            description: Whether the server's TLS certificate is verified.
            type: bool
            default: true
          aws_ca_bundle:
            description: File with the certificates of the authorities to trust.
            type: path
          aws_config:
            description: Further settings of the client.
            type: dict
          retry_timeout:
            description: How many seconds to retry while the server does not respond.
            type: float
            default: 60.0
      iam: &iam
        description: The connection to IAM. Without it, the role's ARN is returned.
        type: dict
        suboptions: *connection
      buckets:
        description: Names of the buckets to read. By default all buckets of the account.
        type: list
        elements: str
  target: &target
    description: The environment that is replicated to. Needs O(name) and O(source).
    type: dict
    suboptions:
      iam: *iam
  environments:
    description: Several sources and targets, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      name:
        <<: *name
        required: true
      source: *source
      target: *target
seealso:
  - module: scality.backbeat.backbeat_bucket_replication_info
"""

EXAMPLES = r"""
- name: Read what was set up manually
  scality.backbeat.backbeat_adoption_info:
    name: node1 to node6
    source:
      s3:
        endpoint_url: http://node1
        profile: backbeat-source
      iam:
        endpoint_url: http://node1:8600
        profile: backbeat-source
    target:
      iam:
        endpoint_url: http://node6:8600
        profile: backbeat-target
  register: adoption

- name: Show the variables of the source host
  ansible.builtin.debug:
    var: adoption.variables.source
"""

RETURN = r"""
variables:
  description: Variables of the role P(scality.backbeat.replication#role).
  returned: on success, when one source was asked for
  type: dict
  contains: &variables
    source:
      description: Those of the source host.
      type: dict
    target:
      description: Those of the target host.
      type: dict
left_out:
  description: Buckets whose configuration the role cannot adopt.
  returned: on success, when one source was asked for
  type: list
  elements: dict
  contains: &left
    bucket:
      description: Name of the bucket.
      type: str
    why:
      description: What cannot be adopted.
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
  description: One result for each of O(environments), in their order.
  returned: when O(environments) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Always V(false).
      type: bool
    variables:
      description: The variables, as for one source.
      returned: on success
      type: dict
      contains: *variables
    left_out:
      description: Buckets that are left out, as for one source.
      returned: on success
      type: list
      elements: dict
      contains: *left
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What went wrong.
      returned: when it failed
      type: str
    error: *error
"""

from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.adoption import (
    Adoption,
    AdoptionRequest,
)

SOURCE = {
    "s3": {**nested_connection(), "required": True},
    "iam": nested_connection(),
    "buckets": {"type": "list", "elements": "str"},
}
TASK = Task(
    key="adoption",
    plural="environments",
    identity=("name",),
    item={
        "name": {"type": "str"},
        "source": {"type": "dict", "options": SOURCE},
        "target": {"type": "dict", "options": {"iam": nested_connection()}},
    },
    rules={"required_together": [("name", "source", "target")]},
    kind=QUERY,
    request=AdoptionRequest.from_options,
    build=Adoption.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
