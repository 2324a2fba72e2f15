#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_bucket_replication
short_description: Manage the replication configuration of buckets
version_added: 0.1.0
description:
  - Sets, changes and removes which objects of a bucket are replicated, to which bucket, and with which roles.
  - Unlisted rules stay, and identifiers that the server chose are kept and never cause a change.
  - The rules of CloudServer are checked before anything is sent, and what was stored is read back.
  - Configurations in the newer form of AWS (V2, with filters and priorities) are never rewritten; they are an error.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.concurrency
  - scality.backbeat.attributes
  - scality.backbeat.attributes.s3
options:
  bucket: &bucket
    description: Name of the bucket to replicate from. Its versioning must be enabled.
    type: str
  source_role: &source_role
    description:
      - ARN of the role that Backbeat assumes on the source. Needs O(target_role), excludes O(role).
      - This or O(role) is required if the bucket has no configuration yet.
    type: str
  target_role: &target_role
    description: ARN of the role that Backbeat assumes on the target.
    type: str
  role: &role
    description:
      - The roles as in the configuration, two ARNs with a comma between them, or a single ARN for sites that are
        public clouds.
    type: str
  target_bucket: &target_bucket
    description:
      - Name of the bucket to replicate to, the same for all rules. Required if the bucket has no configuration yet.
    type: str
  rules: &rules
    description:
      - The desired rules, or with O(state=absent) the rules to remove.
      - A rule is matched with an existing one by its O(rules[].id), or without an id by its O(rules[].prefix).
      - Without O(rules), existing rules stay as they are, and a bucket without configuration gets one rule for all
        objects.
    type: list
    elements: dict
    suboptions:
      id:
        description: Identifier of the rule. The server generates one by default.
        type: str
      prefix:
        description:
          - Beginning of the keys to replicate; the empty string means all.
          - No prefix may begin with another rule's prefix.
        type: str
      enabled:
        description: Whether the rule is enabled. A new rule is enabled by default; an existing rule is unchanged by
          default.
        type: bool
      sites:
        description:
          - Replication sites to send to, as the source server's configuration names them.
          - By default the server's default site; an existing rule keeps its sites.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the site.
            type: str
            required: true
          preferred_read:
            description: Whether reads prefer this site. At most one of a rule's sites.
            type: bool
            default: false
  purge_rules: &purge
    description:
      - Whether rules that are not in O(rules) are removed.
      - Without it, role or target changes that would also affect unlisted rules are refused.
    type: bool
    default: false
  known_sites: &known_sites
    description:
      - The replication sites that the source server knows, by name, each V(scality) or V(cloud).
      - With it, names of sites and the number of roles are checked before anything is sent. The server itself does not
        say which name is unknown.
    type: dict
  allow_pending_loss: &allow_loss
    description:
      - Whether to make the change even if pending objects would then never replicate. After a change of the roles
        or the target bucket, or the removal of a rule or the configuration, they stay pending for ever or fail.
      - Before such a change the module lists the versions below the rules' prefixes and reads the status of the recent
        ones, newest first. It refuses the change if some are pending, or if not all could be checked in time. With
        V(true) it warns instead.
      - After the change it checks the versions that were put in the meantime, and warns about those that are pending
        under the previous configuration.
    type: bool
    default: false
  pending_scan_time: &scan_time
    description: How many seconds each of these checks may take. V(0) disables them.
    type: float
    default: 60
  pending_max_age: &scan_age
    description:
      - Age in hours up to which versions are checked; older versions are only listed.
      - The default is 24, or the age of Backbeat's backlog if O(backbeat_url) is given and the backlog is older.
    type: float
  resend_pending: &resend
    description:
      - Whether versions that this change leaves pending under the previous configuration are sent again under the new
        one, by putting their own tags back on them. Versions found before the change are included if
        O(allow_pending_loss) is set.
    type: bool
    default: false
  pending_exempt:
    description:
      - Keys of objects that may be pending during the change, because they only prove replication and are sent again.
        The canaries of M(scality.backbeat.backbeat_proof) for these keys may be pending too.
    type: list
    elements: str
  buckets_predicted:
    description:
      - Whether an earlier task creates the buckets, so that check mode does not warn that one does not exist.
    type: bool
    default: false
  backbeat_url:
    description:
      - URL of Backbeat's API, which is asked for its backlog before a change that O(allow_pending_loss) concerns.
      - The value of O(endpoint_url) uses CloudServer's forwarding. Otherwise it is Backbeat's own address,
        such as V(http://node1:8900), which must allow this machine.
      - By default Backbeat is not asked.
    type: str
  state: &state
    description:
      - Whether the configuration should exist.
      - V(absent) removes O(rules), and the configuration with the last of them; without O(rules) it removes the
        configuration.
      - With O(target_bucket) or roles, given by name or ARN, a configuration that has others stays, with a warning.
    type: str
    choices: [present, absent]
    default: present
  replications:
    description: Several buckets, instead of the options for one.
    type: list
    elements: dict
    suboptions:
      bucket:
        <<: *bucket
        required: true
      source_role: *source_role
      target_role: *target_role
      role: *role
      target_bucket: *target_bucket
      rules: *rules
      purge_rules: *purge
      known_sites: *known_sites
      allow_pending_loss: *allow_loss
      pending_scan_time: *scan_time
      pending_max_age: *scan_age
      resend_pending: *resend
      state: *state
seealso:
  - module: scality.backbeat.backbeat_bucket
  - module: scality.backbeat.backbeat_iam_role
  - module: scality.backbeat.backbeat_object_check
"""

EXAMPLES = r"""
- name: Replicate a whole bucket
  scality.backbeat.backbeat_bucket_replication:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    source_role: arn:aws:iam::123456789012:role/SourceRoleForS3Replication
    target_role: arn:aws:iam::678901234567:role/TargetRoleForS3Replication
    target_bucket: target-bucket

- name: Replicate two prefixes, and nothing else
  scality.backbeat.backbeat_bucket_replication:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    source_role: arn:aws:iam::123456789012:role/SourceRoleForS3Replication
    target_role: arn:aws:iam::678901234567:role/TargetRoleForS3Replication
    target_bucket: target-bucket
    rules:
      - id: images
        prefix: images/
      - id: reports
        prefix: reports/
    purge_rules: true

- name: Pause one of them
  scality.backbeat.backbeat_bucket_replication:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    rules:
      - id: reports
        enabled: false

- name: Stop replicating
  scality.backbeat.backbeat_bucket_replication:
    endpoint_url: http://node1
    profile: backbeat-source
    bucket: source-bucket
    state: absent
"""

RETURN = r"""
replication:
  description: The configuration, V(null) when there is none. In check mode, the configuration as it would be.
  returned: on success, when one bucket was asked for
  type: dict
  contains: &replication
    bucket:
      description: Name of the bucket.
      type: str
      sample: source-bucket
    role:
      description: The roles as the configuration has them.
      type: str
      sample: >-
        arn:aws:iam::123456789012:role/SourceRoleForS3Replication,arn:aws:iam::678901234567:role/TargetRoleForS3Replication
    roles:
      description: The roles, one by one.
      type: list
      elements: str
    target_bucket:
      description: Name of the bucket to replicate to.
      type: str
      sample: target-bucket
    rules:
      description: The rules, in the server's order.
      type: list
      elements: dict
      contains:
        id:
          description: Identifier; V(null) if check mode predicts a rule that the server will name.
          type: str
        prefix:
          description: Beginning of the keys to replicate.
          type: str
        enabled:
          description: Whether the rule is enabled.
          type: bool
        sites:
          description: Sites to send to; empty for the server's default.
          type: list
          elements: dict
          contains:
            name:
              description: Name of the site.
              type: str
            preferred_read:
              description: Whether reads prefer this site.
              type: bool
        storage_class:
          description: The sites as the configuration has them, V(null) for the server's default.
          type: str
changes:
  description: What was done, or would be done in check mode; an API operation and its subject each.
  returned: when one bucket was asked for
  type: list
  elements: str
  sample: [PutBucketReplication source-bucket]
rule_counts:
  description: How many rules were changed, or would be in check mode, by C(add), C(change) and C(remove).
  returned: on success, when one bucket was asked for
  type: dict
  sample: {add: 1, change: 0, remove: 0}
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
  description: One result for each of O(replications), in their order.
  returned: when O(replications) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Whether this bucket's configuration was changed.
      type: bool
    replication:
      description: The configuration, as for one bucket.
      returned: on success
      type: dict
      contains: *replication
    changes:
      description: What was done, as for one bucket.
      returned: always
      type: list
      elements: str
    rule_counts:
      description: How many rules were changed, as for one bucket.
      returned: on success
      type: dict
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
from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    RULE_OPTIONS,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import RESOURCE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._resources.bucket_replication import (
    BucketReplication,
    BucketReplicationRequest,
)

TASK = Task(
    key="replication",
    plural="replications",
    service=S3,
    identity=("bucket",),
    item={
        "bucket": {"type": "str"},
        "source_role": {"type": "str"},
        "target_role": {"type": "str"},
        "role": {"type": "str"},
        "target_bucket": {"type": "str"},
        "rules": {"type": "list", "elements": "dict", "options": RULE_OPTIONS},
        "purge_rules": {"type": "bool", "default": False},
        "known_sites": {"type": "dict"},
        "allow_pending_loss": {"type": "bool", "default": False},
        "pending_scan_time": {"type": "float", "default": 60.0},
        "pending_max_age": {"type": "float"},
        "resend_pending": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    rules={
        "mutually_exclusive": [("role", "source_role"), ("role", "target_role")],
        "required_together": [("source_role", "target_role")],
    },
    shared={
        "backbeat_url": {"type": "str"},
        "pending_exempt": {"type": "list", "elements": "str", "no_log": False},
        "buckets_predicted": {"type": "bool", "default": False},
    },
    exclusive=True,
    request=BucketReplicationRequest.from_options,
    build=BucketReplication.build,
    kind=RESOURCE,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
