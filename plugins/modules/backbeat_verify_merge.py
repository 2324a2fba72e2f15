#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_verify_merge
short_description: Merge the parts of a verification into one report
version_added: 0.1.0
description:
  - Reads the reports of ranges that several machines verified, and writes the report that one machine would have
    written.
  - A part that is missing, damaged or belongs to another run makes the report incomplete, and is named.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.attributes
attributes:
  check_mode:
    support: full
    description: Predicts which files would change, and writes none.
  diff_mode:
    support: partial
    description: RV(changes) names the files; their contents are not shown.
  idempotent:
    support: full
    description: The same parts result in the same files.
options:
  parts:
    description: The ranges of the plan, all of them and in their order, with the files of their workers.
    type: list
    elements: dict
    required: true
    suboptions:
      after:
        description: The text after which the range begins. By default from the beginning.
        type: str
      until:
        description: Its last key. By default to the end.
        type: str
      report_file:
        description: The report that the worker wrote.
        type: path
        required: true
      problems_file:
        description: The problems that the worker wrote.
        type: path
  store:
    description:
      - The bucket that has the parts, for machines without a common folder. Its keys are the names of the parts' files,
        without their folders.
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
  run:
    description: Name of the run. Parts of other runs are not merged.
    type: str
    default: ""
  report_file:
    description: File for the merged report as JSON.
    type: path
  problems_file:
    description: File for the problems of all parts.
    type: path
  accept:
    description: How many versions are accepted in each state, as M(scality.backbeat.backbeat_verify) takes it.
    type: dict
  allow_empty:
    description: Whether two empty buckets are accepted.
    type: bool
    default: false
  fail:
    description: Whether the task fails if something is not accepted. An incomplete report always fails.
    type: bool
    default: true
seealso:
  - module: scality.backbeat.backbeat_verify
  - module: scality.backbeat.backbeat_verify_plan
"""

EXAMPLES = r"""
- name: Verify the first range
  scality.backbeat.backbeat_verify:
    source: &source
      bucket: source-bucket
      s3:
        endpoint_url: http://node1
        profile: backbeat-source
    target: &target
      bucket: target-bucket
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
    ranges:
      - until: m
    report_file: /tmp/backbeat-verify-part-0.json
    fail: false
    allow_empty: true

- name: Verify the second range
  scality.backbeat.backbeat_verify:
    source: *source
    target: *target
    ranges:
      - after: m
    report_file: /tmp/backbeat-verify-part-1.json
    fail: false
    allow_empty: true

- name: Merge the reports of two ranges
  scality.backbeat.backbeat_verify_merge:
    parts:
      - until: m
        report_file: /tmp/backbeat-verify-part-0.json
      - after: m
        report_file: /tmp/backbeat-verify-part-1.json
    report_file: /tmp/backbeat-verify-merged.json
"""

RETURN = r"""
verification:
  description: The report. Its schema has a name and a version, and keys are only added to it.
  returned: on success, also when the task failed
  type: dict
  contains:
    schema:
      description: Name and version of the report's form.
      type: str
      sample: scality.backbeat.verify/1
    verdict:
      description: V(ok), V(failed) or V(incomplete).
      type: str
      sample: ok
    complete:
      description: Whether everything was compared and every difference explained.
      type: bool
    source:
      description: The name, endpoint and bucket of the source.
      type: dict
    target:
      description: The name, endpoint and bucket of the target.
      type: dict
    site:
      description: The site that was asked for, empty for any.
      type: str
    both_ways:
      description: Whether the pair was taken to replicate both ways.
      type: bool
    scope:
      description: The options that say what was compared.
      type: dict
    ranges:
      description: The ranges of keys that were compared, each with the text after which it begins and its last key.
      type: list
      elements: list
    started:
      description: When the comparison began.
      type: str
      sample: "2026-11-25T00:00:00.000Z"
    finished:
      description: When it ended.
      type: str
      sample: "2026-11-25T00:10:00.000Z"
    seconds:
      description: How long it took in seconds, including the runs that it continues.
      type: float
    listed:
      description: For each side, how many versions it has, their bytes, times, and the delete markers among them.
      type: dict
    states:
      description: For each state, how many versions (or keys) are in it, their bytes, and the oldest and newest times.
      type: dict
    reasons:
      description: For each state, how many versions are in it for which reason.
      type: dict
    problems:
      description: How many versions and keys are in another state than in sync.
      type: int
    problems_file:
      description: The file with all of them, V(null) if O(problems_file) is not given.
      type: str
    first_problems:
      description: For each state, the ten problems with the smallest keys.
      type: dict
    inspected:
      description: How many differences of each kind were inspected by HEAD requests.
      type: dict
    uninspected:
      description: How many were not, because a limit was reached.
      type: dict
    bodies_compared:
      description: Number of versions whose bytes were compared.
      type: int
    other_times:
      description: How many versions in sync have another LastModified on the other side.
      type: int
    gaps:
      description: What is missing from the comparison and why, by ranges of keys.
      type: list
      elements: dict
    failures:
      description: What makes the task fail, as sentences.
      type: list
      elements: str
    notes:
      description: What was not taken into account, as sentences. These are also warnings.
      type: list
      elements: str
    requests:
      description: How many requests of each kind were sent.
      type: dict
    last_complete:
      description:
        - When a comparison of this pair, with the same O(report_file), was last complete. V(null) if it never was.
      type: str
    backlog_age:
      description:
        - Age of Backbeat's backlog in seconds, as far as its metrics show; no younger version is reported as stuck.
        - V(null) if Backbeat was not asked, or if it sent nothing.
      type: float
changes:
  description: The files that were or would be written with other contents than before.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.scality.backbeat.plugins.module_utils._engine.job import JOB
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_merge import (
    VerifyMerge,
    VerifyMergeRequest,
)

PART = {
    "after": {"type": "str"},
    "until": {"type": "str"},
    "report_file": {"type": "path", "required": True},
    "problems_file": {"type": "path"},
}
STORE = {
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
    "s3": {**nested_connection(), "required": True},
}
TASK = Task(
    key="verification",
    plural="",
    identity=(),
    item={
        "parts": {"type": "list", "elements": "dict", "options": PART, "required": True},
        "store": {"type": "dict", "options": STORE},
        "run": {"type": "str", "default": ""},
        "report_file": {"type": "path"},
        "problems_file": {"type": "path"},
        "accept": {"type": "dict"},
        "allow_empty": {"type": "bool", "default": False},
        "fail": {"type": "bool", "default": True},
    },
    kind=JOB,
    title=lambda options: str(options["report_file"]),
    request=VerifyMergeRequest.from_options,
    build=VerifyMerge.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
