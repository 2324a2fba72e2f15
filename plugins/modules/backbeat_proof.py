#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_proof
short_description: Prove that buckets are replicated
version_added: 0.1.0
description:
  - Proves with an object that a bucket is replicated to another one. The object is put if it does not exist, and stays.
  - In later runs the object is still a proof, and nothing is changed, if it is V(COMPLETED) on the source and a
    V(REPLICA) on the target, and was sent with the roles and the target bucket of the current configuration.
  - Otherwise a canary, another object with its own key, is the proof, and is removed on both sides afterwards. The
    first object is sent again by putting its own tags back on it, so it can prove replication in the next run.
  - A bucket with a default retention would keep the objects, so none is put into it unless O(despite_retention) is set.
  - In check mode it does not wait.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes.s3
attributes:
  check_mode:
    support: full
    description: Predicts what it would put, without waiting.
  diff_mode:
    support: partial
    description: RV(changes) names the objects that are put; there is no difference to show.
  idempotent:
    support: partial
    description: Without O(fresh), a second run changes nothing.
options:
  bucket: &bucket
    description: Name of the source bucket.
    type: str
  key: &key
    description: Key of the object that stays.
    type: str
  target: &target
    description: The other side.
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
  fresh: &fresh
    description:
      - Whether to ignore the object of an earlier run. Set it if something that replication depends on was changed,
        such as a policy. The roles and the target bucket of the configuration are compared anyway.
    type: bool
    default: false
  despite_retention: &despite_retention
    description: Whether to also put objects into buckets with a default retention, where they cannot be removed.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait at the most until an object is replicated.
    type: float
    default: 300.0
  wait_max_delay:
    description: Longest pause between two polls in seconds; the pauses grow up to it.
    type: float
    default: 5.0
  proofs:
    description: Several proofs, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      bucket:
        <<: *bucket
        required: true
      key:
        <<: *key
        required: true
      target:
        <<: *target
        required: true
      fresh: *fresh
      despite_retention: *despite_retention
seealso:
  - module: scality.backbeat.backbeat_object_check
  - module: scality.backbeat.backbeat_preflight
"""

EXAMPLES = r"""
- name: Prove that objects are replicated
  scality.backbeat.backbeat_proof:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    key: object-to-replicate
    target:
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
      bucket: target-bucket

- name: Prove it again after the permissions of the roles were changed
  scality.backbeat.backbeat_proof:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    key: object-to-replicate
    target:
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
      bucket: target-bucket
    fresh: true
"""

RETURN = r"""
proof: &proof
  description:
    - What is proved. V(new) means that objects are replicated now; V(valid), that an object of an earlier run was
      replicated with the current configuration; V(unverified), the same, but the server does not return with which
      roles.
    - V(withheld) if no object was put, because of a default retention; V(none) if the proof failed, or in check mode if
      it requires an object to be put.
  returned: when one proof was asked for, also when the task failed
  type: str
  sample: new
reason: &reason
  description: What the object of an earlier run proves, or why nothing was put, as a sentence.
  returned: when one proof was asked for, also when the task failed
  type: str
  sample: There was no object source-bucket/object-to-replicate.
object:
  description: The object that stays, as last read; V(null) if it does not exist.
  returned: when one proof was asked for, also when the task failed
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
  description: Its replica as last read, V(null) if it does not exist.
  returned: when one proof was asked for, also when the task failed
  type: dict
  contains: *seen_object
canary:
  description:
    - The canary and its replica as last read, before they were removed; V(null) if none was put.
    - A dictionary with the keys RV(object), RV(replica), RV(polls) and RV(elapsed).
  returned: when one proof was asked for, also when the task failed
  type: dict
polls:
  description: How many times the module read the object that stays.
  returned: when one proof was asked for, also when the task failed
  type: int
  sample: 4
elapsed:
  description: For how many seconds it waited for the object of the proof.
  returned: when one proof was asked for, also when the task failed
  type: float
  sample: 3.217
changes:
  description: What was done, or would be done in check mode; an API operation and its subject each.
  returned: when one proof was asked for
  type: list
  elements: str
  sample: [PutObject source-bucket/object-to-replicate]
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
  description: One result for each of O(proofs), in their order.
  returned: when O(proofs) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Whether something was put, or would be put in check mode.
      type: bool
    proof:
      description: What is proved, as for one proof.
      returned: on success, also when the proof failed
      type: str
    reason:
      description: Why, as for one proof.
      returned: on success, also when the proof failed
      type: str
    object:
      description: The object that stays, as for one proof.
      returned: on success, also when the proof failed
      type: dict
      contains: *seen_object
    replica:
      description: Its replica, as for one proof.
      returned: on success, also when the proof failed
      type: dict
      contains: *seen_object
    canary:
      description: The canary, as for one proof.
      returned: on success, also when the proof failed
      type: dict
    polls:
      description: How many times the module read the object.
      returned: on success, also when the proof failed
      type: int
    elapsed:
      description: For how many seconds it waited.
      returned: on success, also when the proof failed
      type: float
    changes:
      description: What was done, as for one proof.
      returned: always
      type: list
      elements: str
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: Why the object is not replicated, as far as is known.
      returned: when it failed
      type: str
    what: *what
    remedy: *remedy
    error: *error
"""

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._engine.job import JOB
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    WAIT,
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.proof import (
    Proof,
    ProofRequest,
)

TASK = Task(
    key="proof",
    plural="proofs",
    service=S3,
    identity=("bucket", "key", "target"),
    title=lambda item: f"{item['bucket']}/{item['key']}",
    item={
        "bucket": {"type": "str"},
        "key": {"type": "str", "no_log": False},
        "target": {
            "type": "dict",
            "options": {
                "s3": {**nested_connection(), "required": True},
                "bucket": {"type": "str", "required": True},
            },
        },
        "fresh": {"type": "bool", "default": False},
        "despite_retention": {"type": "bool", "default": False},
    },
    # It always waits: without that nothing is proved.
    shared={name: option for name, option in WAIT.items() if name != "wait"},
    kind=JOB,
    request=ProofRequest.from_options,
    build=Proof.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
