# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_object."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._resources.object import (
    Object,
    ObjectRequest,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_object import TASK

from ..tasks import built, checked, requested

NAME = {"bucket": "a-bucket", "key": "k"}


@pytest.mark.parametrize("options", [NAME, {"objects": [NAME]}])
def test_unrequested_values_are_kept(options: dict[str, Any]) -> None:
    assert requested(TASK, **options) == ObjectRequest("a-bucket", "k")
    wish = built(TASK, **options)
    assert isinstance(wish, Object)
    assert wish.size == 0


def test_everything() -> None:
    wish = built(
        TASK,
        **NAME,
        content="ü",
        content_type="text/plain",
        metadata={"A": 1},
        tags={"B": True},
        state="present",
    )
    assert (wish.size, wish.metadata, wish.tags) == (2, {"a": "1"}, {"B": "true"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: bucket, objects"),
        ({"bucket": "b"}, "required together: bucket, key"),
        ({"key": "k"}, "one of the following is required|required together"),
        ({**NAME, "content": "c", "src": "s"}, "mutually exclusive: content.src"),
        ({"objects": [{**NAME, "content": "c", "src": "s"}]}, "content.src found in objects"),
        ({"objects": [{"bucket": "b"}]}, "missing required arguments: key found in objects"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)


def test_keys_of_objects_are_not_secrets() -> None:
    spec = TASK.argument_spec()["argument_spec"]
    assert spec["key"]["no_log"] is False
    assert spec["objects"]["options"]["key"]["no_log"] is False
