#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_failed_info
short_description: List the versions that Backbeat failed to replicate
version_added: 0.1.0
description:
  - Reads Backbeat's lists of failed versions, all pages of all sites.
  - An empty list does not prove that all objects are replicated. Backbeat forgets a failure after 24 hours, and
    versions that are stuck in V(PENDING) are in no list; RV(failures.blind_spots) says so in each result.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.attributes.read_only
  - scality.backbeat.attributes.s3
options:
  backbeat_url:
    description:
      - URL of Backbeat's API.
      - The value of O(endpoint_url) uses CloudServer's forwarding, with this module's credentials. Any other URL is
        Backbeat's own port, such as V(http://node1:8900), which must allow this machine and needs no credentials.
      - Without it, Backbeat is not asked.
    type: str
  sites:
    description:
      - The sites to list failures of. By default all sites of the server.
      - Required for older servers, which do not list their sites.
    type: list
    elements: str
  bucket:
    description: List only the failures of this source bucket. By default those of all buckets.
    type: str
  prefix:
    description: List only keys that begin with this prefix.
    type: str
    default: ""
  limit:
    description: How many versions are returned at most; all are counted.
    type: int
    default: 10000
seealso:
  - module: scality.backbeat.backbeat_retry
  - module: scality.backbeat.backbeat_service_info
"""

EXAMPLES = r"""
- name: List failed versions, of all buckets and sites
  scality.backbeat.backbeat_failed_info:
    endpoint_url: http://node1
    profile: backbeat-source
    backbeat_url: http://node1
  register: backbeat

- name: List failed versions below a prefix of one bucket
  scality.backbeat.backbeat_failed_info:
    endpoint_url: http://node1
    backbeat_url: http://node1:8900
    bucket: source-bucket
    prefix: reports/
    sites: [node6]
"""

RETURN = r"""
failures:
  description: What Backbeat lists as failed.
  returned: on success
  type: dict
  contains:
    backbeat_url:
      description: The URL that was asked, V(null) if Backbeat was not asked.
      type: str
      sample: http://node1
    reason:
      description: Why there is no list, such as that Backbeat was not asked or that the server has no such list;
        V(null) otherwise.
      type: str
    sites:
      description: The sites whose failures were listed, V(null) if there is no list.
      type: list
      elements: str
    versions:
      description: The versions, V(null) if there is no list.
      type: list
      elements: dict
      contains:
        bucket:
          description: Name of the source bucket.
          type: str
        key:
          description: Key of the object.
          type: str
        version_id:
          description: The version.
          type: str
        site:
          description: The site that does not have it.
          type: str
        size:
          description: Size in bytes.
          type: int
        last_modified:
          description: When the version was written, in ISO 8601.
          type: str
    count:
      description: Number of versions, including those beyond O(limit); V(null) if there is no list.
      type: int
    bytes:
      description: Total size in bytes, V(null) if there is no list.
      type: int
    by_bucket:
      description: Number of versions in each bucket, V(null) if there is no list.
      type: dict
    truncated:
      description: Whether there are more than O(limit).
      type: bool
    blind_spots:
      description: What no such list contains, as sentences.
      type: list
      elements: str
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
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.backbeat_info import (
    FailedInfo,
    FailedInfoRequest,
)

TASK = Task(
    key="failures",
    plural="",
    service=S3,
    identity=(),
    item={
        "backbeat_url": {"type": "str"},
        "sites": {"type": "list", "elements": "str"},
        "bucket": {"type": "str"},
        "prefix": {"type": "str", "default": ""},
        "limit": {"type": "int", "default": 10000},
    },
    kind=QUERY,
    request=FailedInfoRequest.from_options,
    build=FailedInfo.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
