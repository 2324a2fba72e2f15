#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_bucket_replication_info
short_description: Read how buckets are replicated
version_added: 0.1.0
description:
  - Reads the replication configuration of buckets and their versioning.
  - With O(target_s3) it also says whether the target buckets exist and have versioning.
  - A bucket without a configuration, or one that does not exist, is not an error.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes.read_only
  - scality.backbeat.attributes.s3
options:
  bucket: &bucket
    description: Name of the bucket to replicate from.
    type: str
  all_buckets:
    description: Whether to read all buckets of the account, instead of naming them.
    type: bool
  target_s3:
    description: The connection to the other side, to read the target buckets. It has the same options as this module.
    type: dict
    suboptions:
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
  replications:
    description: Several buckets, instead of the option for one.
    type: list
    elements: dict
    suboptions:
      bucket:
        <<: *bucket
        required: true
seealso:
  - module: scality.backbeat.backbeat_bucket_replication
"""

EXAMPLES = r"""
- name: Read how a bucket is replicated, and the target bucket's versioning
  scality.backbeat.backbeat_bucket_replication_info:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    target_s3:
      endpoint_url: http://node6
      profile: backbeat-target
  register: pair

- name: Read all buckets of the account
  scality.backbeat.backbeat_bucket_replication_info:
    endpoint_url: http://node1
    profile: backbeat-source
    all_buckets: true
  register: account

- name: Show which of them are replicated
  ansible.builtin.debug:
    msg: "{{ account.results | selectattr('replication') | map(attribute='bucket.name') }}"
"""

RETURN = r"""
bucket:
  description: The bucket, V(null) when it does not exist.
  returned: on success, when one bucket was asked for
  type: dict
  contains: &bucket
    name:
      description: Name of the bucket.
      type: str
      sample: source-bucket
    versioning:
      description: V(enabled), V(suspended), or V(unversioned) if it was never set.
      type: str
      sample: enabled
replication:
  description: The configuration, V(null) when there is none.
  returned: on success, when one bucket was asked for
  type: dict
  contains: &replication
    bucket:
      description: Name of the bucket.
      type: str
      sample: source-bucket
    role:
      description: The roles as the configuration has them.
      type: str
      sample: >-
        arn:aws:iam::123456789012:role/SourceRoleForS3Replication,arn:aws:iam::678901234567:role/TargetRoleForS3Replication
    roles:
      description: The roles, one by one.
      type: list
      elements: str
    target_bucket:
      description: Name of the bucket to replicate to.
      type: str
      sample: target-bucket
    rules:
      description: The rules, in the server's order.
      type: list
      elements: dict
      contains:
        id:
          description: Identifier.
          type: str
        prefix:
          description: Beginning of the keys to replicate.
          type: str
        enabled:
          description: Whether the rule is enabled.
          type: bool
        sites:
          description: Sites to send to; empty for the server's default.
          type: list
          elements: dict
          contains:
            name:
              description: Name of the site.
              type: str
            preferred_read:
              description: Whether reads prefer this site.
              type: bool
        storage_class:
          description: The sites as the configuration has them, V(null) for the server's default.
          type: str
unsupported:
  description:
    - What this collection cannot manage in the configuration, V(null) when it can manage it.
    - RV(replication) is V(null) then.
  returned: on success, when one bucket was asked for
  type: str
target:
  description: The target bucket, V(null) without O(target_s3) or without configuration.
  returned: on success, when one bucket was asked for
  type: dict
  contains: &target
    name:
      description: Name of the bucket.
      type: str
      sample: target-bucket
    exists:
      description: Whether it exists; V(null) if these credentials may not read it.
      type: bool
    versioning:
      description: V(enabled), V(suspended), or V(unversioned); V(null) if it does not exist or may not be read.
      type: str
    trouble:
      description: Why it may not be read, V(null) otherwise.
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
  description: One result for each bucket, in the order of O(replications) or of the server.
  returned: when O(replications) or O(all_buckets) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Always V(false).
      type: bool
    bucket:
      description: The bucket, as for one bucket.
      returned: on success
      type: dict
      contains: *bucket
    replication:
      description: The configuration, as for one bucket.
      returned: on success
      type: dict
      contains: *replication
    unsupported:
      description: What cannot be managed, as for one bucket.
      returned: on success
      type: str
    target:
      description: The target bucket, as for one bucket.
      returned: on success
      type: dict
      contains: *target
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What went wrong with this bucket.
      returned: when it failed
      type: str
    error: *error
"""

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.bucket_replication_info import (
    BucketReplicationInfo,
    BucketReplicationInfoRequest,
)

TASK = Task(
    key="replication",
    plural="replications",
    service=S3,
    identity=("bucket",),
    item={"bucket": {"type": "str"}},
    shared={"target_s3": nested_connection()},
    every=("all_buckets", BucketReplicationInfo.every),
    kind=QUERY,
    request=BucketReplicationInfoRequest.from_options,
    build=BucketReplicationInfo.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
