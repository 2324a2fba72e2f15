#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_verify_plan
short_description: Divide a bucket into ranges that several machines can verify
version_added: 0.1.0
description:
  - Samples the keys of a bucket, and returns ranges of keys with about the same number of versions each, for
    O(scality.backbeat.backbeat_verify#module:ranges).
  - It needs no list of keys, and reads a few pages for each range.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.attributes.read_only
requirements:
  - python >= 3.10
  - botocore >= 1.36.0, which boto3 brings
options:
  s3:
    description: The connection to the bucket's S3.
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
    description: Name of the bucket, usually the source.
    type: str
    required: true
  prefix:
    description: Only keys that begin with this prefix.
    type: str
    default: ""
  parts:
    description: How many ranges to create at most.
    type: int
    required: true
  least_versions:
    description: A range is not divided further if its parts would have fewer versions than this.
    type: int
    default: 20000
  plan_file:
    description:
      - File with an earlier plan of the bucket, RV(verify_plan) as JSON. If it exists, its ranges are returned, so
        a run continues with the same ranges. This module does not write it.
    type: path
  store:
    description:
      - The bucket that has O(plan_file), for machines without a common folder. Its key is the name of
        O(plan_file), without its folder.
    type: dict
    suboptions:
      bucket:
        description: Name of the bucket.
        type: str
        required: true
      prefix:
        description: Prefix of its keys.
        type: str
        default: ""
      s3:
        description: The connection to its S3.
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
seealso:
  - module: scality.backbeat.backbeat_verify
  - module: scality.backbeat.backbeat_verify_merge
"""

EXAMPLES = r"""
- name: Divide a bucket among eight machines
  scality.backbeat.backbeat_verify_plan:
    bucket: source-bucket
    s3:
      endpoint_url: http://node1
      profile: backbeat-source
    parts: 8
"""

RETURN = r"""
verify_plan:
  description: The bucket and its ranges.
  returned: on success
  type: dict
  contains:
    bucket:
      description: Name of the bucket.
      type: str
    made_before:
      description: Whether it was in O(plan_file).
      type: bool
    ranges:
      description: The ranges in their order; together they are the whole bucket.
      type: list
      elements: dict
      contains:
        number:
          description: Its place, from 0.
          type: int
        after:
          description: The text after which its keys begin; empty for the first range.
          type: str
        until:
          description: Its last key, which need not exist; V(null) for the last range.
          type: str
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

from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.verify_plan import (
    VerifyPlan,
    VerifyPlanRequest,
)

STORE = {
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
    "s3": {**nested_connection(), "required": True},
}
TASK = Task(
    key="verify_plan",
    plural="",
    identity=(),
    item={
        "s3": {**nested_connection(), "required": True},
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "parts": {"type": "int", "required": True},
        "least_versions": {"type": "int", "default": 20000},
        "plan_file": {"type": "path"},
        "store": {"type": "dict", "options": STORE},
    },
    kind=QUERY,
    title=lambda options: str(options["bucket"]),
    request=VerifyPlanRequest.from_options,
    build=VerifyPlan.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
