#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_bucket
short_description: Manage buckets and their versioning
version_added: 0.1.0
description:
  - Creates buckets on CloudServer or any S3 server, sets their versioning, and removes empty ones.
  - Replication needs versioning on both buckets.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes
  - scality.backbeat.attributes.s3
options:
  name: &name
    description: Name of the bucket.
    type: str
  versioning: &versioning
    description:
      - Desired state of versioning. Unchanged by default.
      - S3 refuses V(suspended) while the bucket has a replication configuration. On a target bucket, the history of
        the replicas would be lost without an error.
    type: str
    choices: [enabled, suspended]
  location: &location
    description:
      - Location constraint of a new bucket. The server chooses one by default.
      - S3 cannot move a bucket, so a location that differs from the existing bucket's is an error.
    type: str
  state: &state
    description: Whether the bucket should exist. V(absent) only removes an empty bucket.
    type: str
    choices: [present, absent]
    default: present
  buckets:
    description: Several buckets, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      name:
        <<: *name
        required: true
      versioning: *versioning
      location: *location
      state: *state
seealso:
  - module: scality.backbeat.backbeat_bucket_replication
"""

EXAMPLES = r"""
- name: Create the source bucket
  scality.backbeat.backbeat_bucket:
    endpoint_url: http://node1
    profile: backbeat-source
    name: source-bucket
    versioning: enabled

- name: Create two target buckets
  scality.backbeat.backbeat_bucket:
    endpoint_url: http://node6
    profile: backbeat-target
    buckets:
      - name: target-bucket
        versioning: enabled
      - name: other-target-bucket
        versioning: enabled

- name: Remove an empty bucket
  scality.backbeat.backbeat_bucket:
    endpoint_url: http://node6
    profile: backbeat-target
    name: other-target-bucket
    state: absent
"""

RETURN = r"""
bucket:
  description: The bucket, V(null) when it is absent. In check mode, the bucket as it would be.
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
    location:
      description: Location of the bucket; V(null) when O(location) was not given.
      type: str
      sample: us-east-1
changes:
  description: What was done, or would be done in check mode; an API operation and its subject each.
  returned: when one bucket was asked for
  type: list
  elements: str
  sample: [CreateBucket source-bucket, PutBucketVersioning source-bucket]
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
  description: One result for each of O(buckets), in their order.
  returned: when O(buckets) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Whether this bucket was changed.
      type: bool
    bucket:
      description: The bucket, as for one bucket.
      returned: on success
      type: dict
      contains: *bucket
    changes:
      description: What was done, as for one bucket.
      returned: always
      type: list
      elements: str
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
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import RESOURCE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._resources.bucket import (
    Bucket,
    BucketRequest,
)

TASK = Task(
    key="bucket",
    plural="buckets",
    service=S3,
    identity=("name",),
    item={
        "name": {"type": "str"},
        "versioning": {"type": "str", "choices": ["enabled", "suspended"]},
        "location": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    request=BucketRequest.from_options,
    build=lambda request, connections: Bucket(request, connections.main),
    kind=RESOURCE,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
