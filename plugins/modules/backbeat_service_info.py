#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_service_info
short_description: Read the state of Backbeat
version_added: 0.1.0
description:
  - Reads Backbeat's health, its sites and whether they are paused, scheduled resumes, metrics of each site and of all
    together, and how much of one object has been sent.
  - A part is V(null) only if the server answers that it does not know the route (404 or 405), as older releases do;
    RV(service.unsupported) then has the reason. Any other problem is an error, so a Backbeat that is down is never
    reported as healthy.
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
  site:
    description: Report only this replication site. By default all sites.
    type: str
  object:
    description: A version whose progress is read, for each reported site.
    type: dict
    suboptions:
      bucket:
        description: Name of the source bucket.
        type: str
        required: true
      key:
        description: Key of the object.
        type: str
        required: true
      version_id:
        description: The version.
        type: str
        required: true
seealso:
  - module: scality.backbeat.backbeat_failed_info
  - module: scality.backbeat.backbeat_site
"""

EXAMPLES = r"""
- name: Read the health of Backbeat through CloudServer
  scality.backbeat.backbeat_service_info:
    endpoint_url: http://node1
    profile: backbeat-source
    backbeat_url: http://node1
  register: backbeat

- name: Stop if Backbeat is not healthy
  ansible.builtin.assert:
    that: backbeat.service.healthy
    fail_msg: "{{ backbeat.service.health.notes | join(' ') }}"

- name: Read the state of one site from Backbeat's own port
  scality.backbeat.backbeat_service_info:
    endpoint_url: http://node1
    backbeat_url: http://node1:8900
    site: node6
"""

RETURN = r"""
service:
  description: What Backbeat says.
  returned: on success
  type: dict
  contains:
    backbeat_url:
      description: The URL that was asked, V(null) if Backbeat was not asked.
      type: str
      sample: http://node1
    asked:
      description: Whether Backbeat was asked, which requires O(backbeat_url).
      type: bool
    reason:
      description: Why it was not asked, V(null) otherwise.
      type: str
    healthy:
      description: Whether the services that Backbeat depends on work; V(null) if unknown.
      type: bool
    health:
      description: The state of these services, V(null) if unknown.
      type: dict
      contains:
        isr_health:
          description:
            - V(ok), or V(error) unless all partitions have exactly three in-sync replicas. With fewer than three
              brokers it is always V(error), which alone is not an outage.
          type: str
        zookeeper:
          description: V(ok), or what is wrong with ZooKeeper.
          type: str
        zookeeper_state:
          description: State of the connection, as ZooKeeper names it.
          type: str
          sample: SYNC_CONNECTED
        kafka_producer:
          description: V(ok), or what is wrong with the producer.
          type: str
        brokers:
          description: How many Kafka brokers hold partitions.
          type: int
        under_replicated:
          description: How many partitions have fewer in-sync replicas than replicas.
          type: int
        notes:
          description: What these values mean, as sentences.
          type: list
          elements: str
    sites:
      description: The sites, V(null) if the server does not list them.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the site, which is a storage class of replication rules.
          type: str
          sample: node6
        state:
          description: V(running) or V(paused).
          type: str
          sample: running
        resume_at:
          description: When the paused site is scheduled to resume, in UTC; V(null) without a schedule.
          type: str
          sample: "2026-11-23T06:00:00Z"
        metrics:
          description: The metrics of this site, V(null) if the server has none.
          type: dict
          contains: &metrics
            backlog:
              description: What Backbeat still has to replicate.
              type: dict
              contains:
                count:
                  description: Operations.
                  type: int
                size:
                  description: Bytes.
                  type: int
            pending:
              description: Pending operations, as the servers count them.
              type: dict
              contains:
                count:
                  description: Operations.
                  type: int
                size:
                  description: Bytes.
                  type: int
            completions:
              description: What was replicated in the last 24 hours.
              type: dict
              contains:
                count:
                  description: Operations.
                  type: int
                size:
                  description: Bytes.
                  type: int
            failures:
              description: What failed in the last 24 hours.
              type: dict
              contains:
                count:
                  description: Operations.
                  type: int
                size:
                  description: Bytes.
                  type: int
            throughput:
              description: The rate, averaged over 15 minutes.
              type: dict
              contains:
                count:
                  description: Operations per second.
                  type: float
                size:
                  description: Bytes per second.
                  type: float
    metrics:
      description: The metrics of all sites together, V(null) if the server has none.
      type: dict
      contains: *metrics
    progress:
      description: How much of O(object) was sent to each site, V(null) if no object was named.
      type: list
      elements: dict
      contains:
        site:
          description: Name of the site.
          type: str
        pending:
          description: Bytes that are still to be sent.
          type: int
        completed:
          description: Bytes that were sent.
          type: int
        percent:
          description: Share of the bytes that was sent.
          type: float
    unsupported:
      description: What this server does not support.
      type: list
      elements: dict
      contains:
        operation:
          description: The call.
          type: str
          sample: GetLocationsStatus
        reason:
          description: The server's response, as a sentence.
          type: str
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
    ServiceInfo,
    ServiceInfoRequest,
)

OBJECT = {
    "bucket": {"type": "str", "required": True},
    "key": {"type": "str", "required": True, "no_log": False},
    "version_id": {"type": "str", "required": True},
}

TASK = Task(
    key="service",
    plural="",
    service=S3,
    identity=(),
    item={
        "backbeat_url": {"type": "str"},
        "site": {"type": "str"},
        "object": {"type": "dict", "options": OBJECT},
    },
    kind=QUERY,
    request=ServiceInfoRequest.from_options,
    build=ServiceInfo.build,
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
