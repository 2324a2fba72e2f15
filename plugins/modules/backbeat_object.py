#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_object
short_description: Manage objects
version_added: 0.1.0
description:
  - Puts an object if it is absent or differs from the desired one, and removes it.
  - Only what was asked for is compared. A different content, metadata or content type creates a new version; different
    tags do not.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes
  - scality.backbeat.attributes.s3
options:
  bucket: &bucket
    description: Name of the bucket.
    type: str
  key: &key
    description: Key of the object.
    type: str
  content: &content
    description: Content of the object, as text. Without O(content) and O(src), a new object is empty, and the content
      of an existing object is unchanged.
    type: str
  src: &src
    description: File with the content, where the module runs. At most 5 GiB. Excludes O(content).
    type: path
  content_type: &content_type
    description: Media type of the content.
    type: str
  metadata: &metadata
    description:
      - The complete user metadata. Names are sent in lowercase.
      - Metadata that Backbeat adds (C(<site>-replication-status)) is not compared.
    type: dict
  tags: &tags
    description: The complete set of tags.
    type: dict
  resend: &resend
    description:
      - When to replicate an existing version again, with the bucket's current replication configuration. This puts
        the version's own tags back on it; version, date and content stay.
      - V(failed) sends a version whose replication failed.
      - V(stuck) also sends one that is pending under other roles or another target than the configuration has now. If
        the server does not return these, one that has been pending for ten minutes.
      - V(unless_completed) sends any version whose replication is not V(COMPLETED), also one that was put before the
        bucket had a configuration.
      - V(always) sends it in each run.
      - Replicas are not sent back.
    type: str
    choices: [never, failed, stuck, unless_completed, always]
    default: never
  state: &state
    description:
      - Whether the object should exist.
      - V(absent) in a bucket with versioning puts a delete marker, which is replicated; the versions stay.
    type: str
    choices: [present, absent]
    default: present
  objects:
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
      content: *content
      src: *src
      content_type: *content_type
      metadata: *metadata
      tags: *tags
      resend: *resend
      state: *state
seealso:
  - module: scality.backbeat.backbeat_object_check
"""

EXAMPLES = r"""
- name: Put an object to replicate
  scality.backbeat.backbeat_object:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    key: object-to-replicate

- name: Put an object with content type, metadata and tags
  scality.backbeat.backbeat_object:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    key: reports/november.csv
    content: "day;objects\n"
    content_type: text/csv
    metadata:
      author: operations
    tags:
      month: november

- name: Send it again if its replication has failed
  scality.backbeat.backbeat_object:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    key: reports/november.csv
    resend: unless_completed

- name: Remove it
  scality.backbeat.backbeat_object:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    key: reports/november.csv
    state: absent
"""

RETURN = r"""
object:
  description: The object, V(null) when it is absent. In check mode, the object as it would be.
  returned: on success, when one object was asked for
  type: dict
  contains: &object
    bucket:
      description: Name of the bucket.
      type: str
      sample: source-bucket
    key:
      description: Key of the object.
      type: str
      sample: object-to-replicate
    version_id:
      description: The version; V(null) without versioning, or if check mode predicts a new one.
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
      description: When the version was put, in ISO 8601; V(null) if check mode predicts a new one.
      type: str
      sample: "2026-11-22T17:21:14+00:00"
    content_type:
      description: Media type; V(null) if check mode predicts one that the server will choose.
      type: str
      sample: binary/octet-stream
    metadata:
      description: User metadata.
      type: dict
    tags:
      description: Tags; V(null) when O(tags) was not given.
      type: dict
    replication_status:
      description: Replication status, V(null) if there is none.
      type: str
      sample: PENDING
changes:
  description: What was done, or would be done in check mode; an API operation and its subject each.
  returned: when one object was asked for
  type: list
  elements: str
  sample: [PutObject source-bucket/object-to-replicate]
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
  description: One result for each of O(objects), in their order.
  returned: when O(objects) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Whether this object was changed.
      type: bool
    object:
      description: The object, as for one object.
      returned: on success
      type: dict
      contains: *object
    changes:
      description: What was done, as for one object.
      returned: always
      type: list
      elements: str
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What went wrong with this object.
      returned: when it failed
      type: str
    error: *error
"""

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import RESOURCE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._resources.object import (
    Object,
    ObjectRequest,
)

TASK = Task(
    key="object",
    plural="objects",
    service=S3,
    identity=("bucket", "key"),
    item={
        "bucket": {"type": "str"},
        "key": {"type": "str", "no_log": False},
        "content": {"type": "str"},
        "src": {"type": "path"},
        "content_type": {"type": "str"},
        "metadata": {"type": "dict"},
        "tags": {"type": "dict"},
        "resend": {
            "type": "str",
            "choices": ["never", "failed", "stuck", "unless_completed", "always"],
            "default": "never",
        },
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    rules={"mutually_exclusive": [("content", "src")]},
    request=ObjectRequest.from_options,
    build=lambda request, connections: Object(request, connections.main),
    kind=RESOURCE,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
