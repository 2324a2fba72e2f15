# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source for ansible-rulebook: problems of replication by Backbeat, and when they are resolved."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
module: replication
short_description: Events for problems of replication between two environments
version_added: 0.1.0
author: scality.backbeat contributors (@scality)
description:
  - Watches pairs of buckets, and sends one event for each new problem and one when it is gone.
  - Reports problems that no server reports, which are versions that are stuck in PENDING, sites that have been paused
    for too long, new findings of preflight, and outages of endpoints. For installations without notifications,
    also failed versions.
  - Each event has one key, C(replication), with the keys below. C(id) is the same if an event is repeated, and
    different for each problem and each of its occurrences.
  - Delivery is at least once. Events are written to O(state_file) before they are delivered. After a restart, events
    of problems that still exist, and others of the last ten minutes, are repeated with the same C(id).
  - Everything is read in threads, so other sources of a rulebook are not blocked.
  - A reading takes a few calls for each pair, at most O(scan_pages) pages of each listing, and at most O(limit) HEAD
    requests, regardless of the size of the buckets. Preflight takes about seven calls for a pair and six for a role.
  - Keys of objects are URL-encoded, as in notifications of S3, and texts cannot be evaluated as templates.
requirements:
  - python >= 3.10
  - ansible-core and boto3 in the environment of ansible-rulebook
options:
  pairs:
    description:
      - The pairs to watch. The playbook C(scality.backbeat.write_event_pairs) writes them from an inventory.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: The source's host in the inventory; events name it, so that rules can run playbooks for it.
        type: str
        required: true
      name:
        description: Name of the pair in events. By default host and buckets.
        type: str
      source:
        description:
          - The source, with C(bucket), C(role), C(s3) and C(iam) as M(scality.backbeat.backbeat_preflight) takes them.
        type: dict
        required: true
      target:
        description: The target, with the same options.
        type: dict
        required: true
      rules:
        description: The expected rules, as M(scality.backbeat.backbeat_preflight) takes them.
        type: list
        elements: dict
      known_sites:
        description: The replication sites of the source server, each V(scality) or V(cloud).
        type: dict
      backbeat_url:
        description:
          - Where Backbeat's API is, as M(scality.backbeat.backbeat_service_info) takes it.
          - Without it, sites and lists of failures are not read.
        type: str
      sites:
        description: The sites whose failures are listed. By default all sites of the server.
        type: list
        elements: str
  state_file:
    description:
      - File with the state of problems and events, which the event source writes with mode 0600. Use one file for each
        rulebook.
      - Its folder is created if the parent folder exists.
    type: path
    required: true
  interval:
    description: Seconds between two readings.
    type: float
    default: 60
  heartbeat:
    description: Seconds between two events of the kind C(heartbeat); V(0) for none.
    type: float
    default: 300
  failed:
    description: Whether failed versions are reported. Not needed if S3 notifications report them.
    type: bool
    default: true
  stuck_after:
    description: Seconds after which a pending version is stuck, unless its site is paused; V(0) disables the check.
    type: float
    default: 900
  paused_after:
    description: Seconds after which a pause is reported, unless a resume is scheduled; V(0) disables this.
    type: float
    default: 3600
  preflight_interval:
    description: Seconds between two runs of preflight; V(0) for none.
    type: float
    default: 900
  ignore:
    description: Ids of findings that are not reported.
    type: list
    elements: str
    default: []
  trusted_principals:
    description: Backbeat's principals, as M(scality.backbeat.backbeat_preflight) takes them.
    type: list
    elements: str
    default: [backbeat]
  servers_since_2025:
    description: Whether the source's servers are from 2025 or later, as M(scality.backbeat.backbeat_preflight) takes
      it.
    type: bool
  limit:
    description: How many failed or pending versions of a pair are watched at a time.
    type: int
    default: 1000
  scan_pages:
    description: How many pages of 1,000 versions of each bucket are compared at a reading.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Show problems of replication
  hosts: all
  sources:
    - scality.backbeat.replication:
        pairs: "{{ replication_event_pairs }}"
        state_file: /var/lib/ansible/replication-events.json
  rules:
    - name: Show each problem, and its end
      condition: event.replication.state in ["new", "gone"]
      action:
        print_event:
          pretty: true
"""

RETURN = r"""
id:
  description: Identifies the event.
  type: str
kind:
  description: C(failed), C(stuck), C(paused), C(finding), C(outage) or C(heartbeat).
  type: str
state:
  description: C(new) or C(gone), or C(heartbeat).
  type: str
occurrence:
  description: Number of occurrences of the problem within a day, C(1) for the first time.
  type: int
since:
  description: When the problem was found, in ISO 8601.
  type: str
at:
  description: When the event was created.
  type: str
area:
  description: The area that was read when the problem was found. If an area cannot be read, its problems are kept.
  type: str
host:
  description: The pair's host.
  type: str
pair:
  description: The pair's name; of C(failed), C(stuck) and C(finding).
  type: str
bucket:
  description: The source bucket; of C(failed) and C(stuck).
  type: str
key:
  description: The URL-encoded key of the object; of C(failed) and C(stuck).
  type: str
version_id:
  description: The version; of C(failed) and C(stuck).
  type: str
sites:
  description: The sites that do not have the version; of C(failed), if Backbeat lists it.
  type: list
last_modified:
  description: When the version was put; of C(stuck).
  type: str
count:
  description:
    - How many failed versions Backbeat lists, if these are more than O(limit); events name the first.
  type: int
cause:
  description:
    - Why a version is C(stuck). C(roles-changed) or C(overtaken), if later versions arrived, need it to be sent again.
      C(nothing-arrives) is a backlog, or Backbeat does not work.
  type: str
site:
  description: The site; of C(paused), with C(backbeat_url), C(paused_since) and C(resume_at).
  type: str
finding:
  description: Id of the finding; of C(finding), with C(severity), C(where), C(what), C(why) and C(remedy).
  type: str
endpoint:
  description: What does not answer; of C(outage), with C(what), C(code) and C(status).
  type: str
problems:
  description: How many problems of each kind there are; of C(heartbeat), with C(read_at), the last complete reading.
  type: dict
"""

# ansible-rulebook does not load sources as part of a collection, so the folder of collections is not on the path.
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 7))


def source(args: dict[str, Any]) -> Any:
    """Build the event source for these arguments. Raises ValueError, which names the invalid arguments."""
    if ROOT not in sys.path:
        sys.path.append(ROOT)
    try:
        from ansible_collections.scality.backbeat.plugins.module_utils._engine import watch_task
    except ImportError as error:
        raise ImportError(
            f"scality.backbeat.replication needs ansible-core and boto3 in {sys.executable}: {error}"
        ) from error
    return watch_task.build(args)


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Send events until this is cancelled."""
    # Loading botocore and reading files takes time.
    built = await asyncio.to_thread(source, args)
    await built.run(queue)


if __name__ == "__main__":
    # Shows the events of the arguments in a file: replication.py arguments.yml
    import yaml

    class Screen:
        """A queue that shows its events."""

        async def put(self, event: dict[str, Any]) -> None:
            print(yaml.safe_dump(event, sort_keys=False), flush=True)

    asyncio.run(main(Screen(), yaml.safe_load(Path(sys.argv[1]).read_text())))  # type: ignore[arg-type]
