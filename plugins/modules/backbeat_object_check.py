#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_object_check
short_description: Prove that objects are replicated
version_added: 0.1.0
description:
  - Polls an object until it has the expected replication status, or O(wait_timeout) has passed.
  - With O(target), one task checks both sides; the object must have the expected status, the replica must have the
    status V(REPLICA), and version, ETag and size must be the same.
  - Stops early when replication has failed. The failure message says what was observed, the possible causes, and what
    to check.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.wait
  - scality.backbeat.attributes.read_only
  - scality.backbeat.attributes.s3
options:
  bucket: &bucket
    description: Name of the bucket.
    type: str
  key: &key
    description: Key of the object.
    type: str
  version_id: &version_id
    description: The version to check. By default the version that is the latest at the first poll.
    type: str
  status: &status
    description:
      - The expected status, or a list of them. V(NONE) means an object without a status.
    type: list
    elements: str
    choices: [COMPLETED, REPLICA, PENDING, PROCESSING, FAILED, NONE]
    default: [COMPLETED]
  target: &target
    description: The other side, where the replica must exist.
    type: dict
    suboptions:
      s3:
        description: The connection to the other side, with the same options as this module's own.
        type: dict
        required: true
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
      bucket:
        description: Name of the bucket on the other side.
        type: str
        required: true
      key:
        description: Key of the replica. By default the same key.
        type: str
  checks:
    description: Several objects, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      bucket:
        <<: *bucket
        required: true
      key:
        <<: *key
        required: true
      version_id: *version_id
      status: *status
      target: *target
seealso:
  - module: scality.backbeat.backbeat_object
  - module: scality.backbeat.backbeat_bucket_replication
"""

EXAMPLES = r"""
- name: Wait until the object is replicated, and prove that the replica is the same
  scality.backbeat.backbeat_object_check:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    key: object-to-replicate
    target:
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
      bucket: target-bucket

- name: Check the replica once
  scality.backbeat.backbeat_object_check:
    endpoint_url: http://node6
    profile: backbeat-target
    bucket: target-bucket
    key: object-to-replicate
    status: REPLICA
    wait: false
"""

RETURN = r"""
object:
  description: The object as last read, V(null) if it does not exist.
  returned: when one object was asked for, also when the check failed
  type: dict
  contains: &seen_object
    bucket:
      description: Name of the bucket.
      type: str
      sample: source-bucket
    key:
      description: Key of the object.
      type: str
      sample: object-to-replicate
    version_id:
      description: The version; V(null) without versioning.
      type: str
    etag:
      description: ETag, without quotation marks.
      type: str
      sample: d41d8cd98f00b204e9800998ecf8427e
    size:
      description: Size in bytes.
      type: int
      sample: 0
    last_modified:
      description: When the version was put, in ISO 8601.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    metadata:
      description: User metadata.
      type: dict
    replication_status:
      description: Replication status, V(null) if there is none.
      type: str
      sample: COMPLETED
replica:
  description: The replica as last read, V(null) if it does not exist.
  returned: when one object was asked for and O(target) was given, also when the check failed
  type: dict
  contains: *seen_object
polls:
  description: How many times the module read the object.
  returned: when one object was asked for, also when the check failed
  type: int
  sample: 4
elapsed:
  description: For how many seconds the module polled.
  returned: when one object was asked for, also when the check failed
  type: float
  sample: 3.217
what: &what
  description: The message without RV(remedy), what was observed.
  returned: when it failed for an unknown cause
  type: str
remedy: &remedy
  description: What to check, because the status alone does not tell the cause.
  returned: when it failed for an unknown cause
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
  description: One result for each of O(checks), in their order, with the keys above.
  returned: when O(checks) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Always V(false).
      type: bool
    object:
      description: The object, as for one check.
      returned: on success, also when the check failed
      type: dict
      contains: *seen_object
    replica:
      description: The replica, as for one check.
      returned: when O(target) was given, also when the check failed
      type: dict
      contains: *seen_object
    polls:
      description: How many times the module read the object.
      returned: on success, also when the check failed
      type: int
    elapsed:
      description: For how many seconds the module polled.
      returned: on success, also when the check failed
      type: float
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What is wrong with this object.
      returned: when it failed
      type: str
    what: *what
    remedy: *remedy
    error: *error
"""

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    WAIT,
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.object_check import (
    ObjectCheck,
    ObjectCheckRequest,
)

TASK = Task(
    key="object",
    plural="checks",
    service=S3,
    identity=("bucket", "key"),
    item={
        "bucket": {"type": "str"},
        "key": {"type": "str", "no_log": False},
        "version_id": {"type": "str"},
        "status": {
            "type": "list",
            "elements": "str",
            "choices": ["COMPLETED", "REPLICA", "PENDING", "PROCESSING", "FAILED", "NONE"],
            "default": ["COMPLETED"],
        },
        "target": {
            "type": "dict",
            "options": {
                "s3": {**nested_connection(), "required": True},
                "bucket": {"type": "str", "required": True},
                "key": {"type": "str", "no_log": False},
            },
        },
    },
    shared=WAIT,
    kind=QUERY,
    request=ObjectCheckRequest.from_options,
    build=ObjectCheck.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
