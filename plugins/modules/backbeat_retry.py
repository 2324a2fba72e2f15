#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_retry
short_description: Retry failed versions with Backbeat's API
version_added: 0.1.0
description:
  - Makes Backbeat send versions again that it failed to replicate; all of them, those of a bucket or prefix, or a list.
  - Reads all versions of each key before. A retry that would make a deleted key readable at the target, or show old
    content there, is refused and listed with its reason. So is a retry of a version that was put with other roles than
    those that are configured now, because Backbeat would not replicate it; M(scality.backbeat.backbeat_backfill) sends
    it.
  - Backbeat ignores, without an error, versions that it does not list as failed; RV(retry.dropped) says how many these
    were.
  - Its memory does not depend on the number of failures, which are kept in a temporary file. It needs no checkpoint,
    because a run that follows an interrupted one retries what is still listed.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.wait
  - scality.backbeat.attributes
  - scality.backbeat.attributes.s3
options:
  backbeat_url:
    description:
      - URL of Backbeat's API.
      - The value of O(endpoint_url) uses CloudServer's forwarding, with this module's credentials. Any other URL is
        Backbeat's own port, such as V(http://node1:8900), which must allow this machine and needs no credentials.
    type: str
    required: true
  sites:
    description:
      - The sites to retry. By default all sites of the server.
      - Required for older servers, which do not list their sites.
    type: list
    elements: str
  bucket:
    description: Retry only the failures of this source bucket. By default those of all buckets of the account.
    type: str
  prefix:
    description: Only keys that begin with this prefix are retried.
    type: str
    default: ""
  versions:
    description:
      - The versions to retry, as M(scality.backbeat.backbeat_failed_info) or a verification lists them. By default the
        versions that Backbeat lists as failed.
      - Only RV(ignore:key), RV(ignore:version_id), RV(ignore:bucket) and RV(ignore:site) of each are used; without the
        last two, O(bucket) and O(sites) apply.
    type: list
    elements: dict
  force:
    description: Whether Backbeat also retries versions that it does not list as failed.
    type: bool
    default: false
  target:
    description:
      - The other side of the bucket. Needs O(bucket).
      - Without it, older versions of a deleted key are refused, because it is unknown whether the delete marker has
        arrived.
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
seealso:
  - module: scality.backbeat.backbeat_failed_info
"""

EXAMPLES = r"""
- name: Retry failed versions below a prefix, and read the other side to judge deleted keys
  scality.backbeat.backbeat_retry:
    endpoint_url: http://node1
    profile: backbeat-source
    backbeat_url: http://node1:8900
    bucket: source-bucket
    prefix: reports/
    target:
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
      bucket: target-bucket

- name: Retry everything that failed, without waiting for the outcome
  scality.backbeat.backbeat_retry:
    endpoint_url: http://node1
    profile: backbeat-source
    backbeat_url: http://node1
    wait: false
"""

RETURN = r"""
retry:
  description: What was retried.
  returned: on success, also when the retry failed
  type: dict
  contains:
    asked:
      description: For how many versions a retry was requested, or in check mode would be. Each site counts.
      type: int
    accepted:
      description: How many of them Backbeat accepted.
      type: int
    dropped:
      description: How many it did not accept, because it does not list them as failed or is already retrying them.
      type: int
    refused:
      description: How many were not sent to Backbeat.
      type: int
    refused_by_reason:
      description: The same by reason.
      type: dict
      sample: {deleted-key: 2}
    first_refused:
      description: The first hundred of them.
      type: list
      elements: dict
      contains:
        bucket:
          description: Name of the bucket.
          type: str
        key:
          description: Key of the object.
          type: str
        version_id:
          description: The version.
          type: str
        reason:
          description: Identifier of the reason.
          type: str
          sample: deleted-key
        detail:
          description: Why it was refused, and what to do.
          type: str
    outcome:
      description:
        - How many accepted versions have each status now; V(null) if it was not waited for.
        - C(not shown) is for delete markers, whose status servers do not return.
      type: dict
      sample: {COMPLETED: 12}
changes:
  description: What was done, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [RetryFailedObjects 12 versions]
error:
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
"""

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._engine.job import JOB
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    WAIT,
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.retry import (
    Retry,
    RetryRequest,
)

TASK = Task(
    key="retry",
    plural="",
    service=S3,
    identity=(),
    item={
        "backbeat_url": {"type": "str", "required": True},
        "sites": {"type": "list", "elements": "str"},
        "bucket": {"type": "str"},
        "prefix": {"type": "str", "default": ""},
        "versions": {"type": "list", "elements": "dict"},
        "force": {"type": "bool", "default": False},
        "target": {
            "type": "dict",
            "options": {
                "s3": {**nested_connection(), "required": True},
                "bucket": {"type": "str", "required": True},
            },
        },
        **WAIT,
    },
    kind=JOB,
    title=lambda options: str(options["bucket"] or "all buckets"),
    request=RetryRequest.from_options,
    build=Retry.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
