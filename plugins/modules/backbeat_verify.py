#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_verify
short_description: Compare two buckets completely, version by version
version_added: 0.1.0
description:
  - Compares every version and delete marker of two buckets, and says what is missing, different, stuck or extra, and
    why. It needs S3 credentials only.
  - Both buckets are listed side by side, and in parallel within one bucket. A HEAD request is sent only if the listings
    do not suffice, so the replication status of millions of versions in sync need not be read.
  - Fails if something is in a state that is not accepted (O(accept)), if both buckets are empty (O(allow_empty)), and
    if the comparison is incomplete.
  - Changes nothing on the servers. If their files are named, it writes a report, the problems (one per line), and a
    checkpoint from which an interrupted run continues.
  - The memory that it needs does not depend on the number of objects or problems.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.concurrency
attributes:
  check_mode:
    support: full
    description: The module only reads, so it also compares in check mode, but writes no files then.
  diff_mode:
    support: none
    description: Nothing changes, so there is no difference to show.
  idempotent:
    support: full
    description: The module only reads, so that it can be repeated at any time.
requirements:
  - python >= 3.10
  - botocore >= 1.36.0, which boto3 brings
notes:
  - The module needs to run where the endpoints of both sides can be reached, usually on the controller
    (C(connection=local) or C(delegate_to=localhost)).
  - Keys that begin with a character beyond U+FFFF, such as an emoji, are missing from the listings of some servers. No
    comparison by listing can see them.
  - Ctrl-C and SIGTERM end a single pair in order, with a checkpoint; after a kill the last checkpoint is 5 seconds old
    at the most. In a list of pairs, each continues from its own checkpoint.
options:
  source: &source
    description: The side to replicate from.
    type: dict
    suboptions: &side
      bucket:
        description: Name of the bucket.
        type: str
        required: true
      name:
        description: Name of this side in reports, such as the inventory's host. Defaults to the endpoint's URL.
        type: str
      s3:
        description: The connection to this side's S3.
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
  target: &target
    description: The side to replicate to.
    type: dict
    suboptions: *side
  checkpoint: &checkpoint
    description:
      - File from which an interrupted run continues. It is removed when the comparison is complete.
      - A checkpoint of another pair, or of other options, is refused.
    type: path
  problems_file: &problems_file
    description:
      - File for what is not in sync, one JSON object a line, written while the comparison runs.
      - The file of the run before is kept beside it with the ending C(.previous). It tells since when versions are
        pending, without which nothing is reported as stuck.
    type: path
  report_file: &report_file
    description: File for the report as JSON, the same as RV(verification). It is replaced when the comparison ends.
    type: path
  status_file: &status_file
    description: File with the progress as JSON, written every 2 seconds, for runs without a terminal.
    type: path
  sent_file: &sent_file
    description:
      - File in which a backfill writes what it sends again. A version counts as pending since it was sent last.
    type: path
  ranges: &ranges
    description:
      - Ranges of keys to compare, instead of all, so that several machines can share a bucket. See
        M(scality.backbeat.backbeat_verify_plan).
    type: list
    elements: dict
    suboptions:
      after:
        description: Keys behind this text are compared, which need not be a key. From the beginning unless given.
        type: str
      until:
        description: The last key to compare, which need not exist. To the end unless given.
        type: str
  site: &site
    description: Name of the replication site that is the target, if the source replicates to several sites.
    type: str
  cloud: &cloud
    description:
      - Whether the target is a public cloud, which gives version ids and times of its own.
      - Copies are told by their content, in their order. If that leaves a question, HEAD requests read the metadata in
        which a copy names its source (C(scal-version-id)), and the source its copy, if O(site) is given.
    type: bool
    default: false
  target_prefix: &target_prefix
    description:
      - What the target has before each key.
      - Clouds that are configured without bucket match put the source bucket's name and a slash there.
    type: str
    default: ""
  both_ways: &both_ways
    description:
      - Whether the target also replicates to the source, so that both statuses are right on either side.
      - Found out from the target's replication configuration unless given.
    type: bool
  backbeat_url: &backbeat_url
    description:
      - URL of the source's Backbeat API. If given, no version is called stuck earlier than the age of its backlog.
      - Backbeat does not tell the age itself. It is taken for twice the time in which it sends its backlog at its
        present rate, an average over 15 minutes. While it sends nothing, O(stuck_after) alone holds, and
        RV(verification.notes) say so.
      - The URL of the source's endpoint uses CloudServer's forwarding. Any other URL is Backbeat's own port.
    type: str
  pairs:
    description: Several pairs, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      source:
        <<: *source
        required: true
      target:
        <<: *target
        required: true
      checkpoint: *checkpoint
      problems_file: *problems_file
      report_file: *report_file
      status_file: *status_file
      sent_file: *sent_file
      ranges: *ranges
      site: *site
      cloud: *cloud
      target_prefix: *target_prefix
      both_ways: *both_ways
      backbeat_url: *backbeat_url
  run:
    description: Names the run that O(ranges) are parts of, so that parts of different runs are not merged.
    type: str
    default: ""
  prefix:
    description: Only keys that begin with this prefix.
    type: str
    default: ""
  versions:
    description: Whether all versions are compared, or the current ones only.
    type: str
    choices: [all, current]
    default: all
  modified_since:
    description: Only versions that were last modified at this time or later, in ISO 8601; UTC unless it has an offset.
    type: str
  modified_before:
    description: Only versions that were last modified before this time.
    type: str
  bodies:
    description:
      - Compare the bytes of some versions too, not only their size and ETag.
      - The bytes of versions whose ETags cannot be compared are then always read.
    type: dict
    suboptions:
      share:
        description: Share of the versions, V(1) for all.
        type: float
      number:
        description: How many versions. With O(ranges) this is the number for each run.
        type: int
      seed:
        description: Seed of the random choice. The same seed chooses the same versions.
        type: int
        default: 0
  stuck_after:
    description:
      - After how many seconds a version that is V(PENDING) counts as stuck.
      - Counted from the latest of its LastModified, the first report that saw it V(PENDING) (O(problems_file)), and
        when a backfill sent it last (O(sent_file)). The age alone does not show it, because a backfill keeps
        LastModified.
    type: float
    default: 3600.0
  backlog_age:
    description:
      - Age of Backbeat's backlog in seconds. No version is reported as stuck earlier than that, nor earlier than the
        age derived from O(backbeat_url).
    type: float
  accept:
    description:
      - How many versions are accepted in each state, as a dictionary; V(-1) for any number.
      - Without it V(failed), V(missing), V(never_replicated), V(stuck), V(different), V(delete_marker_missing) and
        V(other_current) are not accepted, and all others are.
    type: dict
  allow_empty:
    description: Whether two empty buckets are accepted.
    type: bool
    default: false
  fail:
    description:
      - Whether the task fails if something is not accepted. An incomplete comparison always fails.
    type: bool
    default: true
  inspect_limit:
    description:
      - How many differences of each kind are inspected with HEAD requests. Differences that are not inspected are
        counted, and make the comparison incomplete.
    type: int
    default: 1000000
  recheck_limit:
    description:
      - How many keys are read again at the end because they were pending, or changed during the run.
    type: int
    default: 10000
  listers:
    description: How many parts of a bucket are listed in parallel at most.
    type: int
    default: 8
  ramp_up:
    description: Whether to begin with one lister and add others only as long as the rate grows.
    type: bool
    default: true
  inspectors:
    description: How many HEAD requests are sent in parallel.
    type: int
    default: 16
  requests_per_second:
    description:
      - How many requests per second are sent at most, both sides together. The rate is reduced automatically while
        a server responds that it is busy (503 SlowDown).
    type: float
  no_progress_timeout:
    description: After how many seconds without progress the comparison ends. It has no other time limit.
    type: float
    default: 900.0
seealso:
  - module: scality.backbeat.backbeat_preflight
  - module: scality.backbeat.backbeat_object_check
"""

EXAMPLES = r"""
- name: Compare two buckets every night
  scality.backbeat.backbeat_verify:
    source:
      bucket: source-bucket
      name: node1
      s3:
        endpoint_url: http://node1
        profile: backbeat-source
    target:
      bucket: target-bucket
      name: node6
      s3:
        endpoint_url: http://node6
        profile: backbeat-target

- name: Compare the current versions below a prefix at a low rate, and the bytes of one in a hundred
  scality.backbeat.backbeat_verify:
    source:
      bucket: source-bucket
      s3:
        endpoint_url: http://node1
        profile: backbeat-source
    target:
      bucket: target-bucket
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
    prefix: object
    versions: current
    requests_per_second: 50
    bodies:
      share: 0.01
    accept:
      never_replicated: -1
"""

RETURN = r"""
verification:
  description: The report. Its schema has a name and a version, and keys are only added to it.
  returned: when one pair was checked, also when the task failed
  type: dict
  contains: &verification
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
results:
  description: One result for each of O(pairs), in their order, with the keys above.
  returned: when O(pairs) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Always V(false).
      type: bool
    verification:
      description: The report, as for one pair.
      returned: on success, also when the pair failed
      type: dict
      contains: *verification
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
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What makes this pair fail.
      returned: when it failed
      type: str
"""

from ansible_collections.scality.backbeat.plugins.module_utils._engine.job import SCAN
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify import Verify
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_request import (
    VerifyRequest,
)

SIDE = {
    "bucket": {"type": "str", "required": True},
    "name": {"type": "str"},
    "s3": {**nested_connection(), "required": True},
}
RANGE = {"after": {"type": "str"}, "until": {"type": "str"}}
BODIES = {
    "share": {"type": "float"},
    "number": {"type": "int"},
    "seed": {"type": "int", "default": 0},
}
TASK = Task(
    key="verification",
    plural="pairs",
    identity=("source", "target"),
    title=lambda pair: f"{pair['source']['bucket']} to {pair['target']['bucket']}",
    item={
        "source": {"type": "dict", "options": SIDE},
        "target": {"type": "dict", "options": SIDE},
        "checkpoint": {"type": "path"},
        "problems_file": {"type": "path"},
        "report_file": {"type": "path"},
        "status_file": {"type": "path"},
        "sent_file": {"type": "path"},
        "ranges": {"type": "list", "elements": "dict", "options": RANGE},
        "site": {"type": "str"},
        "cloud": {"type": "bool", "default": False},
        "target_prefix": {"type": "str", "default": ""},
        "both_ways": {"type": "bool"},
        "backbeat_url": {"type": "str"},
    },
    shared={
        "run": {"type": "str", "default": ""},
        "prefix": {"type": "str", "default": ""},
        "versions": {"type": "str", "choices": ["all", "current"], "default": "all"},
        "modified_since": {"type": "str"},
        "modified_before": {"type": "str"},
        "bodies": {"type": "dict", "options": BODIES},
        "stuck_after": {"type": "float", "default": 3600.0},
        "backlog_age": {"type": "float"},
        "accept": {"type": "dict"},
        "allow_empty": {"type": "bool", "default": False},
        "fail": {"type": "bool", "default": True},
        "inspect_limit": {"type": "int", "default": 1000000},
        "recheck_limit": {"type": "int", "default": 10000},
        "listers": {"type": "int", "default": 8},
        "ramp_up": {"type": "bool", "default": True},
        "inspectors": {"type": "int", "default": 16},
        "requests_per_second": {"type": "float"},
        "no_progress_timeout": {"type": "float", "default": 900.0},
    },
    kind=SCAN,
    request=VerifyRequest.from_options,
    build=Verify.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
