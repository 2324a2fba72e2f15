# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewords messages of modules for the role: its variables and playbooks in place of options and modules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

ROLE = "scality.backbeat.replication"
#: Module options in messages, and the role's variables for them.
VARIABLES = {
    "`ignore`": "replication_preflight_ignore",
    "allow_empty": "replication_verify_allow_empty",
    "allow_pending_loss": "replication_allow_pending_loss",
    "backbeat_url": "replication_backbeat_url",
    "despite_retention": "replication_verify_despite_retention",
    "first_timeout": "replication_backfill_first_timeout",
    "inspect_limit": "replication_verify_inspect_limit",
    "known_sites": "replication_known_sites",
    "max_size": "replication_policy_max_size",
    "pending_max_age": "replication_pending_max_age",
    "pending_scan_time": "replication_pending_scan_time",
    "problems_file": "replication_verify_folder",
    "purge_rules": "replication_purge_rules",
    "purge_statements": "replication_purge_statements",
    "requests_per_second": "replication_verify_requests_per_second",
    "servers_since_2025": "replication_servers_since_2025",
    "stuck_after": "replication_verify_stuck_after",
    "trusted_principals": "replication_trusted_principals",
    "wait_timeout": "replication_verify_timeout",
}
#: Modules in messages, with the options that messages name with them, and the equivalents for users of the role.
PLAYBOOKS = {
    "backbeat_adoption_info": "adopt_replication",
    "backbeat_backfill": "backfill_replication",
    "backbeat_bucket and versioning: enabled": "setup_replication --tags buckets",
    "backbeat_bucket and versioning enabled": "setup_replication --tags buckets",
    "backbeat_bucket with versioning: enabled": "setup_replication --tags buckets",
    "backbeat_bucket": "setup_replication --tags buckets",
    "backbeat_bucket_replication": "setup_replication --tags replication",
    "backbeat_iam_role": "setup_replication --tags roles",
    "backbeat_object and resend": "backfill_replication",
    "backbeat_object": "backfill_replication",
    "backbeat_policy and side: source": "setup_replication --tags policies",
    "backbeat_policy and side: target": "setup_replication --tags policies",
    "backbeat_policy with permissions: least": "setup_replication with replication_permissions: least",
    "backbeat_policy": "setup_replication --tags policies",
    "backbeat_preflight": "validate_replication",
    "backbeat_retry": "retry_failed",
    "backbeat_service_info": "status_replication",
    "backbeat_verify": "verify_replication",
}
#: Other texts of modules for which the role has variables.
PHRASES = {
    "(source_role and target_role), cloud sites alone need one (role)": "in the pair's role, separated by a comma, "
    "cloud sites alone need one",
    "Compare the bytes with the option bodies": "Compare the bytes with replication_verify_bodies",
    "Give S3's URL for s3 and IAM's for iam": "Give S3's URL in replication_s3 and IAM's in replication_iam",
    "Give iam for this side": "Give replication_iam of this side",
    "credentials of one account for s3 and iam of this side": "credentials of one account in replication_s3 and "
    "replication_iam of this side",
    "endpoint_url of s3 on both sides": "endpoint_url of replication_s3 on both sides",
    "leave location out": "leave replication_location out",
    "one of the server's locations as location": "one of the server's locations as replication_location",
    "prove replication with canary": "prove replication with replication_preflight_canary",
    "with json or by": "with replication_report_json or by",
}
#: The keys of results with sentences.
SENTENCES = ("lines", "msg", "remedy", "warnings", "what")
WORDS = {**VARIABLES, **PLAYBOOKS, **PHRASES}
_WORD = re.compile(
    # Longer names first, because they contain shorter ones.
    rf"(?<![\w.])(?:{'|'.join(map(re.escape, sorted(WORDS, key=len, reverse=True)))})(?!\w)"
)


def in_words_of_role(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """A module's result, with the role's words in its sentences."""
    # Most results contain none of these, and checking each value of long lists takes time.
    text = json.dumps(result, default=str)
    worded: Mapping[str, Any] = _worded(result) if any(map(text.__contains__, WORDS)) else result
    return worded


def _worded(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _worded(one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_worded(one, name) for one in value]
    if isinstance(value, str) and name in SENTENCES:
        return _WORD.sub(lambda match: WORDS[match[0]], value)
    return value
