#!/usr/bin/python
# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backbeat_report
short_description: Write the results of a run as report files
version_added: 0.1.0
description:
  - Writes the reports of verifications, the findings of preflight and the state of Backbeat, for all pairs of a run
    together; as an HTML page, as JSON, as JUnit XML, for Prometheus, and in rclone's format.
  - Each file is replaced as a whole, and only if its content changes. Files have the mode 0600, since keys can be
    confidential; the one for Prometheus has no keys and the mode 0644.
  - The module writes on the host that it runs on. It does not fail because of problems that it reports.
author: scality.backbeat contributors (@scality)
extends_documentation_fragment:
  - scality.backbeat.attributes
options:
  title:
    description: The title of the page.
    type: str
    default: Replication
  reports:
    description: Reports of M(scality.backbeat.backbeat_verify), each with the fields of its JSON summary.
    type: list
    elements: dict
  repairs:
    description:
      - Results of repairs, each of one pair; shown as what was wrong, what was done, what remains and why.
      - C(plugins/module_utils/_documents/repair_report.py) in the collection describes the fields.
    type: list
    elements: dict
  pairs:
    description: Pairs to show, with the findings of preflight, whether or not there is a report of them.
    type: list
    elements: dict
    suboptions:
      source:
        description: Name of the source environment, such as the inventory's host.
        type: str
        required: true
      source_bucket:
        description: Name of the source bucket.
        type: str
        required: true
      target:
        description: Name of the target environment.
        type: str
        required: true
      target_bucket:
        description: Name of the target bucket.
        type: str
        required: true
      rules:
        description: What the pair replicates, in words.
        type: str
      sites:
        description: Names of the sites that the pair replicates to.
        type: list
        elements: str
      proof:
        description: What the proof with an object showed, in words.
        type: str
      report_file:
        description:
          - The file with the pair's report of M(scality.backbeat.backbeat_verify).
          - It is shown if O(reports) has none for the pair, and need not exist.
        type: path
      findings:
        description: The findings of M(scality.backbeat.backbeat_preflight).
        type: list
        elements: dict
  services:
    description:
      - The results of M(scality.backbeat.backbeat_service_info), by name of the environment.
      - If Backbeat could not be asked, a dictionary with the reason as C(error).
    type: dict
  failures:
    description: The results of M(scality.backbeat.backbeat_failed_info), by name of the environment.
    type: dict
  last_run:
    description:
      - A file that an earlier run wrote with O(json). Its reports are shown for pairs without one of this run.
      - It need not exist yet, and may be the same file.
    type: path
  html:
    description: File for the page. Needs O(template), and Jinja on the host that the module runs on.
    type: path
  template:
    description:
      - The Jinja template of the page, read on the host that the module runs on. The role has one
        in C(templates/report.html.j2), which describes the variables.
      - Values are escaped for HTML, and nothing in them is evaluated.
    type: path
  json:
    description: File for all of this as one JSON document.
    type: path
  junit:
    description: File for JUnit XML, with one test suite for each pair.
    type: path
  prometheus:
    description:
      - File for node_exporter's textfile collector; its name has to end in C(.prom).
      - It is written by C(prometheus_client) if that is installed.
    type: path
  rclone:
    description:
      - Folder for the problems of each pair as C(rclone check --combined) writes them. The paths are
        C(key?versionId=id), escaped as in JSON.
      - They are derived from the problems files of verifications, which must be on the same host.
    type: path
seealso:
  - module: scality.backbeat.backbeat_preflight
  - module: scality.backbeat.backbeat_service_info
"""

EXAMPLES = r"""
- name: Write a page with the findings of preflight
  scality.backbeat.backbeat_report:
    title: Replication of the archive
    pairs:
      - source: node1
        source_bucket: source-bucket
        target: node6
        target_bucket: target-bucket
        findings:
          - id: target-versioning-off
            severity: error
            what: Versioning was never enabled on it.
            where: target bucket target-bucket at http://node6
            why: Objects still become COMPLETED, but the copy loses its history without an error.
            remedy: "Enable it with backbeat_bucket and versioning: enabled."
    html: /srv/reports/replication.html
    template: report.html.j2
    json: /srv/reports/replication.json
"""

RETURN = r"""
report:
  description: What was written.
  returned: on success
  type: dict
  contains:
    verdict:
      description: The worst verdict of all pairs; V(failed), V(incomplete), V(waiting), V(unverified) or V(ok).
      type: str
      sample: ok
    summary:
      description: The state of all pairs in one sentence.
      type: str
      sample: 5 pairs are in sync.
    lines:
      description: The same for each pair, as text for a terminal.
      type: list
      elements: str
    files:
      description: The files, whether they were changed or not.
      type: list
      elements: dict
      contains:
        kind:
          description: The option that requested it.
          type: str
          sample: html
        path:
          description: Where it is.
          type: str
changes:
  description: What was done, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [Write /srv/reports/replication.html]
"""

from ansible_collections.scality.backbeat.plugins.module_utils._engine.job import JOB
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task, run_module
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.report_files import (
    ReportFiles,
    ReportFilesRequest,
)

PAIR = {
    "source": {"type": "str", "required": True},
    "source_bucket": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "target_bucket": {"type": "str", "required": True},
    "rules": {"type": "str"},
    "sites": {"type": "list", "elements": "str"},
    "proof": {"type": "str"},
    "report_file": {"type": "path"},
    "findings": {"type": "list", "elements": "dict"},
}

TASK = Task(
    key="report",
    plural="",
    identity=(),
    item={
        "title": {"type": "str", "default": "Replication"},
        "reports": {"type": "list", "elements": "dict"},
        "repairs": {"type": "list", "elements": "dict"},
        "pairs": {"type": "list", "elements": "dict", "options": PAIR},
        "services": {"type": "dict"},
        "failures": {"type": "dict"},
        "last_run": {"type": "path"},
        "html": {"type": "path"},
        "template": {"type": "path"},
        "json": {"type": "path"},
        "junit": {"type": "path"},
        "prometheus": {"type": "path"},
        "rclone": {"type": "path"},
    },
    kind=JOB,
    title=lambda options: str(options["title"]),
    request=ReportFilesRequest.from_options,
    build=lambda request, _connections: ReportFiles(request),
)


def main() -> None:
    run_module(TASK)


if __name__ == "__main__":
    main()
