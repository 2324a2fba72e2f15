#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_site
short_description: Pause and resume replication to sites
version_added: 0.1.0
description:
  - Pauses or resumes Backbeat's replication to one site or to all, and schedules the resume of paused sites.
  - Objects that are written to the source while a site is paused stay V(PENDING), and are replicated after the resume.
  - The credentials of any account of the environment are allowed to do this, and a pause applies to all accounts.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.connection
  - scality.backbeat.attributes
  - scality.backbeat.attributes.s3
options:
  backbeat_url:
    description:
      - URL of Backbeat's API.
      - The value of O(endpoint_url) uses CloudServer's forwarding, with this module's credentials. Any other URL is
        Backbeat's own port, such as V(http://node1:8900), which must allow this machine and needs no credentials.
    type: str
    required: true
  site:
    description: Name of the site, or V(all).
    type: str
    default: all
  state:
    description: Whether Backbeat replicates to the site.
    type: str
    choices: [running, paused]
    default: running
  until:
    description:
      - When paused sites resume; a time of day such as V(06:00), or a date with a time in ISO 8601.
      - Times without an offset are those of the machine that runs the module. Results are in UTC.
      - Backbeat schedules whole hours from now only, so a site may resume up to an hour later, never earlier.
      - An existing schedule that meets this is kept, so a second run changes nothing.
    type: str
  hours:
    description: In how many hours paused sites resume. A schedule that was set in the last hour is kept.
    type: int
  force:
    description:
      - Whether an existing schedule may be replaced, or cancelled by V(running).
      - Backbeat does not say who set a schedule, so it may be another operator's.
    type: bool
    default: false
  wait:
    description:
      - What to wait for; V(none), V(status), the status that Backbeat reports, which changes immediately, or V(flow),
        which after a resume is the first completed replication, or an empty backlog.
      - After a resume, nothing is replicated for about 30 to 45 seconds.
    type: str
    choices: [none, status, flow]
    default: status
  wait_timeout:
    description: How many seconds to wait.
    type: float
    default: 300.0
  wait_max_delay:
    description: The longest pause between two reads, in seconds.
    type: float
    default: 5.0
seealso:
  - module: scality.backbeat.backbeat_service_info
"""

EXAMPLES = r"""
- name: Pause all sites for maintenance of the target
  scality.backbeat.backbeat_site:
    endpoint_url: http://node1
    profile: backbeat-source
    backbeat_url: http://node1
    state: paused

- name: Schedule the resume of one site at six o'clock
  scality.backbeat.backbeat_site:
    endpoint_url: http://node1
    profile: backbeat-source
    backbeat_url: http://node1
    site: node6
    state: paused
    until: "06:00"

- name: Resume all sites now, and wait until objects are replicated again
  scality.backbeat.backbeat_site:
    endpoint_url: http://node1
    profile: backbeat-source
    backbeat_url: http://node1
    state: running
    force: true
    wait: flow
"""

RETURN = r"""
site:
  description: The site as it is now, or in check mode as it would be.
  returned: on success
  type: dict
  contains:
    name:
      description: The name that was given, V(all) for all sites.
      type: str
      sample: node6
    sites:
      description: The sites of that name.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the site.
          type: str
          sample: node6
        state:
          description: V(running) or V(paused).
          type: str
          sample: paused
        resume_at:
          description: When a paused site is scheduled to resume, in UTC, to the minute; V(null) without a schedule.
          type: str
          sample: "2026-11-23T06:00Z"
changes:
  description: What was done, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [PauseSite node6]
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
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import WAIT
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import RESOURCE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._resources.backbeat_site import (
    BackbeatSite,
    SiteRequest,
)

TASK = Task(
    key="site",
    plural="",
    service=S3,
    identity=(),
    item={
        "backbeat_url": {"type": "str", "required": True},
        "site": {"type": "str", "default": "all"},
        "state": {"type": "str", "choices": ["running", "paused"], "default": "running"},
        "until": {"type": "str"},
        "hours": {"type": "int"},
        "force": {"type": "bool", "default": False},
        **WAIT,
        "wait": {"type": "str", "choices": ["none", "status", "flow"], "default": "status"},
    },
    rules={"mutually_exclusive": [("until", "hours")]},
    title=lambda options: str(options["site"]),
    request=SiteRequest.from_options,
    build=BackbeatSite.build,
    kind=RESOURCE,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
