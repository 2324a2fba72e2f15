#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_preflight
short_description: Find the causes of failing replication
version_added: 0.1.0
description:
  - Checks a pair of buckets, or several, from both sides, and reports what is wrong, why it matters and what to do.
    Replication fails in many ways that neither the servers nor Backbeat report.
  - Checks the endpoints, credentials and clocks, the buckets, the replication configuration, the roles and their trust
    policies, and every permission that the roles require.
  - What cannot be checked is a finding too, with the permission that is missing.
  - With O(source.role), O(target.role), O(rules) and O(known_sites), the existing resources are also compared with the
    expected ones, which finds manual changes.
  - Changes nothing. Only with O(canary), an object is put and removed again.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.concurrency
attributes:
  check_mode:
    support: full
    description: The module only reads, so it does the same in check mode; but no canary is put.
  diff_mode:
    support: none
    description: Nothing changes, so there is no difference to show.
  idempotent:
    support: partial
    description: The module only reads; with O(canary) it puts an object and removes it again on every run.
requirements:
  - python >= 3.10
  - botocore >= 1.36.0, which boto3 brings
notes:
  - The module needs to run where the endpoints of both sides can be reached, usually on the controller
    (C(connection=local) or C(delegate_to=localhost)).
  - Resources that several pairs share are read once. Each pair takes about seven calls, and each role about six.
  - The module evaluates policies itself, as the servers would. Statements with a condition or a variable cannot be
    decided, and are reported as such.
options:
  source: &source
    description: The side to replicate from.
    type: dict
    suboptions: &side
      bucket:
        description: Name of the bucket.
        type: str
        required: true
      role:
        description:
          - Name or ARN of the role that Backbeat is expected to assume on this side.
          - If the configuration has another role, that is a finding. By default the configuration's role is checked.
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
      iam:
        description:
          - The connection to this side's IAM.
          - Without it, which suits installations without an IAM step, the role is not checked, and a note says so.
        type: dict
        suboptions: *connection
  target: &target
    description: The side to replicate to.
    type: dict
    suboptions: *side
  rules: &rules
    description:
      - The rules that are expected, as M(scality.backbeat.backbeat_bucket_replication) takes them.
      - A rule is found by its O(rules[].id), or without an id by its O(rules[].prefix). Only the given keys are
        compared.
    type: list
    elements: dict
    suboptions:
      id:
        description: Identifier of the rule.
        type: str
      prefix:
        description: Beginning of the keys to replicate.
        type: str
      enabled:
        description: Whether the rule is enabled.
        type: bool
      sites:
        description: Sites to send to.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the site.
            type: str
            required: true
          preferred_read:
            description: Whether reads prefer this site.
            type: bool
            default: false
  known_sites: &known_sites
    description:
      - The replication sites of the source server, each by its name and with V(scality) or V(cloud).
      - With them the sites of the rules and the number of roles are checked too.
    type: dict
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
      rules: *rules
      known_sites: *known_sites
  trusted_principals:
    description:
      - Backbeat's principals, at least one of which the roles must trust; names of services, or ARNs of users or roles.
    type: list
    elements: str
    default: [backbeat]
  servers_since_2025:
    description:
      - Whether the source's servers are from 2025 or later (S3C 9.5.2). These check more permissions of the source
        role.
      - By default, a missing permission that only newer servers check is a warning, and one that only older servers
        check is an error.
    type: bool
  before_setup:
    description:
      - Whether replication is not set up yet. Resources that set-up creates or repairs are then reported as notes.
      - Only checks that take few calls are made, of endpoints, buckets, the configuration and the expected roles.
        Permissions and further settings of the buckets are not checked.
    type: bool
    default: false
  endpoints_only:
    description: Only check whether the endpoints respond and the credentials are valid, with one call for each.
    type: bool
    default: false
  object_samples:
    description:
      - How many versions on the source are checked for each pair, within a few seconds. V(0) checks none.
      - Half of them are the newest ones, the others are spread over all ages. It is a sample, not a proof.
    type: int
    default: 10
  canary:
    description:
      - Put a small object on the source, wait until it has arrived on the target, compare it, and remove it on both
        sides. An empty dictionary takes the defaults; without this option no object is put.
      - The object is put only if no error was found and the buckets have no default retention, and not in check mode.
    type: dict
    suboptions:
      key:
        description: Beginning of the object's key, after the prefix of the first enabled rule.
        type: str
        default: backbeat-preflight-canary
      wait_timeout:
        description: How many seconds to wait at most.
        type: float
        default: 300.0
      wait_max_delay:
        description: Longest pause between two reads in seconds; the pauses grow up to it.
        type: float
        default: 5.0
      despite_retention:
        description: Whether to also put it into buckets with a default retention, where it cannot be removed.
        type: bool
        default: false
  ignore:
    description: Ids of findings that are accepted. They are not reported.
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - The lowest severity of a finding that makes the task fail.
      - With V(never) the task succeeds regardless of the findings.
    type: str
    choices: [error, warning, never]
    default: error
seealso:
  - module: scality.backbeat.backbeat_bucket_replication
  - module: scality.backbeat.backbeat_object_check
"""

EXAMPLES = r"""
- name: Find out why objects do not arrive
  scality.backbeat.backbeat_preflight:
    source:
      bucket: source-bucket
      s3:
        endpoint_url: http://node1
        profile: backbeat-source
      iam:
        endpoint_url: http://node1:8600
        profile: backbeat-source
    target:
      bucket: target-bucket
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
      iam:
        endpoint_url: http://node6:8600
        profile: backbeat-target

- name: Report manual changes, and prove that objects still arrive
  scality.backbeat.backbeat_preflight:
    source:
      bucket: source-bucket
      role: SourceRoleForS3Replication
      s3:
        endpoint_url: http://node1
        profile: backbeat-source
      iam:
        endpoint_url: http://node1:8600
        profile: backbeat-source
    target:
      bucket: target-bucket
      role: TargetRoleForS3Replication
      s3:
        endpoint_url: http://node6
        profile: backbeat-target
      iam:
        endpoint_url: http://node6:8600
        profile: backbeat-target
    rules:
      - prefix: ""
        enabled: true
    canary: {}
    fail_on: warning
"""

RETURN = r"""
findings:
  description: What was found, the worst first.
  returned: when one pair was checked, also when the task failed
  type: list
  elements: dict
  contains: &finding
    id:
      description: Identifier of the kind of finding. Its meaning never changes.
      type: str
      sample: target-versioning-off
    severity:
      description: V(error), V(warning) or V(info).
      type: str
      sample: error
    what:
      description: What was found.
      type: str
      sample: Versioning was never enabled on it.
    where:
      description: Where it was found, as text.
      type: str
      sample: target bucket target-bucket at http://node6
    place:
      description: Where it was found.
      type: dict
      contains:
        side:
          description: V(source) or V(target).
          type: str
          sample: target
        kind:
          description: V(bucket), V(role), V(S3) or V(IAM).
          type: str
          sample: bucket
        name:
          description: Name of the bucket, or ARN of the role.
          type: str
          sample: target-bucket
        endpoint:
          description: URL of the endpoint.
          type: str
          sample: http://node6
    why:
      description: Why it matters.
      type: str
      sample: Objects still become COMPLETED, but the copy loses its history without an error.
    remedy:
      description: What to do.
      type: str
      sample: "Enable it with backbeat_bucket and versioning: enabled."
    drift:
      description:
        - Whether this is drift, a resource that differs from the desired state because it was changed or is not set up
          yet. Set-up creates or repairs it, and removes unlisted resources only with purging.
        - Other findings are errors in themselves, or could not be checked.
      type: bool
      sample: true
summary:
  description: How many findings there are of each severity.
  returned: when one pair was checked, also when the task failed
  type: dict
  contains: &summary
    error:
      description: Number of errors.
      type: int
    warning:
      description: Number of warnings.
      type: int
    info:
      description: Number of notes.
      type: int
lines:
  description: The findings as text, one line each.
  returned: when one pair was checked, also when the task failed
  type: list
  elements: str
checked:
  description: What was checked.
  returned: when one pair was checked, also when the task failed
  type: dict
  contains: &checked
    source:
      description: The source, with its RV(checked.source.bucket) and RV(checked.source.endpoint).
      type: dict
      contains: &place
        bucket:
          description: Name of the bucket.
          type: str
          sample: source-bucket
        endpoint:
          description: URL of its S3 endpoint.
          type: str
          sample: http://node1
    target:
      description: The target.
      type: dict
      contains: *place
    checks:
      description: What was checked, in order.
      type: list
      elements: str
      sample: [endpoints, buckets, configuration, roles, permissions, bucket settings, objects]
canary:
  description:
    - What was last read of the object and its replica, as RV(scality.backbeat.backbeat_object_check#module:object) and
      RV(scality.backbeat.backbeat_object_check#module:replica). V(null) if it was not put.
  returned: when one pair was checked and O(canary) was given, also when the task failed
  type: dict
  contains:
    object:
      description: The object.
      type: dict
    replica:
      description: Its replica, V(null) if it does not exist.
      type: dict
    polls:
      description: How often the module read them.
      type: int
    elapsed:
      description: For how many seconds the module polled.
      type: float
results:
  description: One result for each of O(pairs), in their order, with the keys above.
  returned: when O(pairs) was given
  type: list
  elements: dict
  contains:
    changed:
      description: Whether a canary was put, or would be put.
      type: bool
    findings:
      description: What was found, as for one pair.
      returned: on success, also when the pair failed
      type: list
      elements: dict
      contains: *finding
    summary:
      description: How many findings there are of each severity, as for one pair.
      returned: on success, also when the pair failed
      type: dict
      contains: *summary
    lines:
      description: The findings as text, one line each.
      returned: on success, also when the pair failed
      type: list
      elements: str
    checked:
      description: What was checked, as for one pair.
      returned: on success, also when the pair failed
      type: dict
      contains: *checked
    canary:
      description: The object, as for one pair.
      returned: when O(canary) was given, also when the pair failed
      type: dict
    failed:
      description: Always V(true).
      returned: when it failed
      type: bool
    msg:
      description: What makes this pair fail.
      returned: when it failed
      type: str
"""

from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    RULE_OPTIONS,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    pair_side,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import (
    QUERY,
    Task,
    run_module,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.proved_preflight import (
    ProvedPreflightRequest,
    build,
)

SIDE = pair_side()
CANARY = {
    "key": {"type": "str", "default": "backbeat-preflight-canary", "no_log": False},
    "wait_timeout": {"type": "float", "default": 300.0},
    "wait_max_delay": {"type": "float", "default": 5.0},
    "despite_retention": {"type": "bool", "default": False},
}
TASK = Task(
    key="preflight",
    plural="pairs",
    identity=("source", "target"),
    title=lambda pair: f"{pair['source']['bucket']} to {pair['target']['bucket']}",
    item={
        "source": {"type": "dict", "options": SIDE},
        "target": {"type": "dict", "options": SIDE},
        "rules": {"type": "list", "elements": "dict", "options": RULE_OPTIONS},
        "known_sites": {"type": "dict"},
    },
    shared={
        "trusted_principals": {"type": "list", "elements": "str", "default": ["backbeat"]},
        "servers_since_2025": {"type": "bool"},
        "before_setup": {"type": "bool", "default": False},
        "endpoints_only": {"type": "bool", "default": False},
        "object_samples": {"type": "int", "default": 10},
        "canary": {"type": "dict", "options": CANARY},
        "ignore": {"type": "list", "elements": "str", "default": []},
        "fail_on": {
            "type": "str",
            "choices": ["error", "warning", "never"],
            "default": "error",
        },
    },
    kind=QUERY,
    request=ProvedPreflightRequest.from_options,
    build=build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
