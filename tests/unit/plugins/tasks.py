# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts the options of a task to the requests and objects that a module builds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import (
    BACKBEAT,
    Service,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import chosen
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Progress

from .fake_iam import FakeIam
from .fake_s3 import FakeS3

CONNECTION = {"endpoint_url": "http://node1"}


class FakeConnections:
    """Endpoints without a network; `opened`: those with separate connections."""

    def __init__(self, service: str | None) -> None:
        self.main = self._api(service)
        self.progress = Progress()
        self.opened: list[tuple[str, str]] = []

    def open(self, service: Service, options: Mapping[str, Any]) -> Api:
        self.opened.append((service.name, options["endpoint_url"]))
        return self._api(service.name)

    def backbeat(self, url: str) -> Api:
        return self.open(BACKBEAT, {"endpoint_url": url})

    def _api(self, service: str | None) -> Api:
        return (FakeIam() if service == "iam" else FakeS3()).api()


def checked(task: Task[Any], **options: Any) -> dict[str, Any]:
    """The options as Ansible passes them to the module. ValueError with Ansible's message if they are invalid."""
    spec = task.argument_spec()
    given = {**(CONNECTION if task.service else {}), **options}
    # As JSON, like real arguments: the validator fails for an object that occurs twice.
    plain = json.loads(json.dumps(given))
    result = ArgumentSpecValidator(spec.pop("argument_spec"), **spec).validate(plain)
    if result.error_messages:
        raise ValueError("; ".join(result.error_messages))
    return dict(result.validated_parameters)


def requested(task: Task[Any], **options: Any) -> Any:
    """The request of one item, or of the first item of a list."""
    params = checked(task, **options)
    item = params[task.plural][0] if params.get(task.plural) else params
    return task.request({**chosen(item, task.item), **chosen(params, task.shared)})


def built(task: Task[Any], **options: Any) -> Any:
    """The object that is built from the request of one item."""
    return task.build(
        requested(task, **options), FakeConnections(task.service and task.service.name)
    )
