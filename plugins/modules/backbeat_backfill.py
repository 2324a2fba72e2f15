#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_backfill
short_description: Replicate existing, failed and stuck versions
version_added: 0.1.0
description:
  - Compares both buckets of a pair and has the source send again what the target lacks, with S3 credentials only. A
    version is sent by putting its own tags back on it, which keeps version ids, dates, order, ETags and tags.
  - By default versions are sent that were never replicated, that failed, and that are stuck. Only versions that an
    enabled rule selects are sent, and none that have arrived.
  - Never shows deleted or old content at the target. Keys that are deleted at the source, and keys with V(null)
    versions whose order cannot be kept, are skipped, listed and explained.
  - The first version is sent alone and watched, so a server that does not react, or an account without permission,
    stops the job before thousands of writes.
  - Just before each write the version's status, the replication configuration and the target are read again.
  - Its memory does not depend on the number of objects.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.concurrency
attributes:
  check_mode:
    support: full
    description: Says how many versions and bytes would be sent or skipped, how long it would take, and the window of
      tags.
  diff_mode:
    support: partial
    description: Shows how many versions the target lacks before and after, by state. The versions are listed in files.
  idempotent:
    support: full
    description: Versions that have arrived or are pending are not sent again.
requirements:
  - python >= 3.10
  - botocore >= 1.36.0, which boto3 brings
notes:
  - The module needs to run where the endpoints of both sides can be reached, usually on the controller
    (C(connection=local) or C(delegate_to=localhost)).
  - S3 has no compare-and-swap for tags. Tags that an application changes between the read and the put of a version's
    tags, some milliseconds, are lost. RV(backfill.tag_window_seconds) says how long this window was, or in check mode
    how long reading tags takes.
  - Putting tags is an event for bucket notifications, and lifecycle rules may select objects by tags. Such side effects
    are reported as warnings, also in check mode.
  - Only for targets that are Scality servers. Public clouds assign version ids of their own, so it is unknown what has
    arrived there.
  - Ctrl-C and SIGTERM stop a single pair cleanly, with a checkpoint. After a kill the checkpoint is at most 5 seconds
    old, and no version is half done.
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
    description: The side to replicate to. This module writes nothing there.
    type: dict
    suboptions: *side
  verify_problems_file: &verify_problems_file
    description:
      - Work only on the keys in this file of M(scality.backbeat.backbeat_verify) (its O(ignore:problems_file)) whose
        versions are in one of O(states). Everything is read again; the file is not trusted.
      - Its times also show which versions are stuck.
    type: path
  versions: &versions
    description:
      - Send these versions regardless of their state. Without O(states), only these.
      - A version that is itself a replica is only sent if it is named here, since it may have been deleted on purpose
        on the other side.
    type: list
    elements: dict
    suboptions:
      key:
        description: Key of the object.
        type: str
        required: true
      version_id:
        description: The version.
        type: str
        required: true
  site: &site
    description: Name of the replication site that is the target, if the source replicates to several sites.
    type: str
  backbeat_url: &backbeat_url
    description:
      - URL of the source's Backbeat API. If given, O(backlog_limit) also applies to its count of pending operations,
        and no version is reported as stuck earlier than the age of its backlog, as M(scality.backbeat.backbeat_verify)
        derives it.
      - The URL of the source's endpoint uses CloudServer's forwarding. Any other URL is Backbeat's own port.
    type: str
  checkpoint: &checkpoint
    description:
      - File from which an interrupted run continues. It is removed when the backfill is complete.
      - A checkpoint of another pair, or of other options, is refused.
    type: path
  sent_file: &sent_file
    description:
      - File for the versions that were sent, one JSON object per line, written immediately. Later runs append to it.
      - Give it to M(scality.backbeat.backbeat_verify) as its O(ignore:sent_file), so versions that were sent again
        count as pending since then. Lines older than the limit after which versions are stuck can be removed.
    type: path
  skipped_file: &skipped_file
    description: File for the versions that were skipped and why, one JSON object per line.
    type: path
  report_file: &report_file
    description: File for the report as JSON, the same as RV(backfill). It is replaced when the backfill ends.
    type: path
  status_file: &status_file
    description: File with the progress as JSON, written every 2 seconds, for runs without a terminal.
    type: path
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
      verify_problems_file: *verify_problems_file
      versions: *versions
      site: *site
      backbeat_url: *backbeat_url
      checkpoint: *checkpoint
      sent_file: *sent_file
      skipped_file: *skipped_file
      report_file: *report_file
      status_file: *status_file
  states:
    description:
      - Which versions are sent, by the states of M(scality.backbeat.backbeat_verify).
      - Defaults to V(never_replicated), V(failed) and V(stuck). V(missing) are versions that are V(COMPLETED)
        on the source and missing at the target; they may have been removed on purpose, by a lifecycle rule or an
        erasure.
    type: list
    elements: str
    choices: [never_replicated, failed, stuck, missing]
  prefix:
    description: Only keys that begin with this prefix.
    type: str
    default: ""
  modified_since:
    description: Only versions that were last modified at this time or later, in ISO 8601; UTC unless it has an offset.
    type: str
  modified_before:
    description: Only versions that were last modified before this time.
    type: str
  resend_deleted_keys:
    description:
      - Whether a key that is deleted at the source, but not at the target, is deleted at the source once more. Its
        older versions are sent after the new delete marker has arrived, so the key is never readable at the target.
      - Otherwise such keys are skipped, because their delete markers cannot be sent again and the key would become
        readable at the target.
      - The source then has one more delete marker for the key. If the key was put there again in the meantime, nothing
        more is done to it.
    type: bool
    default: false
  stuck_after:
    description:
      - After how many seconds a version that is V(PENDING) counts as stuck.
      - Counted from the latest of its LastModified, the first report that saw it V(PENDING) (O(verify_problems_file)),
        and when a backfill sent it last (O(sent_file)). A version that was put with other roles than those
        configured now is stuck immediately, if the server returns its roles.
    type: float
    default: 3600.0
  backlog_age:
    description: Age of Backbeat's backlog in seconds. No version is reported as stuck earlier than that.
    type: float
  senders:
    description: How many keys are sent in parallel. The versions of a key are sent one after the other.
    type: int
    default: 16
  listers:
    description: How many parts of a bucket are listed in parallel at most.
    type: int
    default: 2
  requests_per_second:
    description:
      - How many requests per second are sent at most, both sides together; each version takes six. The rate is reduced
        automatically while a server responds that it is busy (503 SlowDown).
    type: float
  backlog_limit:
    description:
      - Pause while this number of versions is pending, by this module's own count or by Backbeat's (O(backbeat_url)).
        V(0) means no limit.
    type: int
  first_timeout:
    description:
      - How many seconds the first version may take to arrive.
      - V(0) only requires that the server marks it as V(PENDING).
    type: float
    default: 300.0
  settle_timeout:
    description:
      - How many seconds to wait, for a key with a V(null) version, until each version has arrived before the next is
        sent; and for a deleted key until its new delete marker has arrived.
    type: float
    default: 300.0
  wait:
    description:
      - Whether to wait until everything that was sent is replicated or has failed. The task fails if something has
        failed, or is still pending at the end.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait after the last version is sent.
    type: float
    default: 3600.0
  no_progress_timeout:
    description: After how many seconds without progress the backfill ends. It has no other time limit.
    type: float
    default: 900.0
seealso:
  - module: scality.backbeat.backbeat_verify
  - module: scality.backbeat.backbeat_preflight
  - module: scality.backbeat.backbeat_retry
"""

EXAMPLES = r"""
- name: Replicate existing versions, and wait for the outcome
  scality.backbeat.backbeat_backfill:
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
    prefix: reports/
    backlog_limit: 10000
    wait: true

- name: Send failed and stuck versions below a prefix at a low rate, and deleted keys too
  scality.backbeat.backbeat_backfill:
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
    prefix: other
    states: [failed, stuck]
    resend_deleted_keys: true
    requests_per_second: 100
"""

RETURN = r"""
backfill:
  description: The report. Its schema has a name and a version, and keys are only added to it.
  returned: when one pair was checked, also when the task failed
  type: dict
  contains: &backfill
    schema:
      description: Name and version of the report's form.
      type: str
      sample: scality.backbeat.backfill/1
    complete:
      description: Whether all keys were processed.
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
    scope:
      description: The options that say what was sent.
      type: dict
    started:
      description: When the backfill began.
      type: str
      sample: "2026-11-25T00:00:00.000Z"
    finished:
      description: When it ended.
      type: str
      sample: "2026-11-25T00:10:00.000Z"
    seconds:
      description: How long it took in seconds, including the runs that it continues.
      type: float
    compared:
      description: How many versions and delete markers of the source were compared with the target.
      type: int
    found:
      description: What the target lacks, for each state, with the count, bytes, and the oldest and newest times.
      type: dict
    sent:
      description: What was sent, or in check mode would be, in the same form.
      type: dict
    sent_count:
      description: How many versions these are.
      type: int
    deleted_again:
      description: How many keys were deleted at the source once more, or in check mode would be.
      type: int
    skipped:
      description: How many versions were skipped for each reason.
      type: dict
      sample: {deleted-key: 2}
    skipped_count:
      description: How many versions were skipped.
      type: int
    first_skipped:
      description: The first ten for each reason, in the form of O(skipped_file), with the reason as sentences.
      type: dict
    outcome:
      description: Outcome of the versions that were sent, by state and status. V(null) without O(wait).
      type: dict
      sample: {failed: {COMPLETED: 12}}
    tag_window_seconds:
      description:
        - The mean and longest time between reading a version's tags and the response to putting them back. A change
          by an application during this time is lost. In check mode, the time for reading them.
      type: dict
    tags_changed:
      description: How many versions had different tags when these were read after the put.
      type: int
    first_tags_changed:
      description: The first ten of them with both sets of tags.
      type: list
      elements: dict
    side_effects:
      description: Side effects of the writes, as sentences. These are also warnings.
      type: list
      elements: str
    expected:
      description:
        - In check mode, how many requests would be sent and in how many seconds, without Backbeat's own time.
        - V(null) otherwise.
      type: dict
    notes:
      description: What could not be determined, as sentences. These are also warnings.
      type: list
      elements: str
    requests:
      description: How many requests of each kind were sent.
      type: dict
    error:
      description: Why it ended early; empty if it did not.
      type: str
repair:
  description: The same in the form that M(scality.backbeat.backbeat_report) shows.
  returned: when one pair was checked, also when the task failed
  type: dict
changes:
  description: What was done, or in check mode would be.
  returned: when one pair was checked
  type: list
  elements: str
  sample: [PutObjectTagging 12 versions of source-bucket]
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
      description: Whether something was sent, or in check mode would be.
      type: bool
    backfill:
      description: The report, as for one pair.
      returned: on success, also when the pair failed
      type: dict
      contains: *backfill
    repair:
      description: The same for the page of reports.
      returned: on success, also when the pair failed
      type: dict
    changes:
      description: What was done, or in check mode would be.
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
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: Why this pair failed.
      returned: when it failed
      type: str
"""

from ansible_collections.scality.backbeat.plugins.module_utils._engine.job import JOB
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    nested_connection,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill import (
    Backfill,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_request import (
    SENDABLE,
    BackfillRequest,
)

SIDE = {
    "bucket": {"type": "str", "required": True},
    "name": {"type": "str"},
    "s3": {**nested_connection(), "required": True},
}
VERSION = {
    "key": {"type": "str", "required": True, "no_log": False},
    "version_id": {"type": "str", "required": True},
}
TASK = Task(
    key="backfill",
    plural="pairs",
    identity=("source", "target"),
    title=lambda pair: f"{pair['source']['bucket']} to {pair['target']['bucket']}",
    # Two targets of one bucket: what is sent for one of them goes to the other too.
    turn=lambda pair: f"{pair['source']['s3']['endpoint_url']}/{pair['source']['bucket']}",
    item={
        "source": {"type": "dict", "options": SIDE},
        "target": {"type": "dict", "options": SIDE},
        "verify_problems_file": {"type": "path"},
        "versions": {"type": "list", "elements": "dict", "options": VERSION},
        "site": {"type": "str"},
        "backbeat_url": {"type": "str"},
        "checkpoint": {"type": "path"},
        "sent_file": {"type": "path"},
        "skipped_file": {"type": "path"},
        "report_file": {"type": "path"},
        "status_file": {"type": "path"},
    },
    shared={
        "states": {"type": "list", "elements": "str", "choices": list(SENDABLE)},
        "prefix": {"type": "str", "default": ""},
        "modified_since": {"type": "str"},
        "modified_before": {"type": "str"},
        "resend_deleted_keys": {"type": "bool", "default": False, "no_log": False},
        "stuck_after": {"type": "float", "default": 3600.0},
        "backlog_age": {"type": "float"},
        "senders": {"type": "int", "default": 16},
        "listers": {"type": "int", "default": 2},
        "requests_per_second": {"type": "float"},
        "backlog_limit": {"type": "int"},
        "first_timeout": {"type": "float", "default": 300.0},
        "settle_timeout": {"type": "float", "default": 300.0},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "float", "default": 3600.0},
        "no_progress_timeout": {"type": "float", "default": 900.0},
    },
    kind=JOB,
    request=BackfillRequest.from_options,
    build=Backfill.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
