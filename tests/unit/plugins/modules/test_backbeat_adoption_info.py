# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_adoption_info."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import secrets
from ansible_collections.scality.backbeat.plugins.module_utils._queries.adoption import Adoption
from ansible_collections.scality.backbeat.plugins.modules.backbeat_adoption_info import TASK

from ..tasks import built, checked

S3 = {"endpoint_url": "http://node1"}
IAM = {"endpoint_url": "http://node1:8600"}


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("source", "target", "looked_at"),
    [
        ({"s3": S3}, {}, set()),
        ({"s3": S3, "iam": IAM}, {}, {"source"}),
        ({"s3": S3, "iam": IAM}, {"iam": IAM}, {"source", "target"}),
    ],
)
def test_iam_is_only_read_if_it_is_given(
    source: Any, target: Any, looked_at: set[str], listed: bool
) -> None:
    options = {"name": "node1", "source": source, "target": target}
    question = built(TASK, **({"environments": [options]} if listed else options))
    assert isinstance(question, Adoption)
    assert {side for side, api in question.iam.items() if api} == looked_at
    assert question.buckets is None


def test_secrets_of_all_connections_are_found() -> None:
    keys = {"access_key": "a", "secret_key": "planted"}
    source = {"s3": {**S3, **keys}, "iam": {**IAM, **keys, "secret_key": "other"}}
    options = checked(TASK, name="n", source=source, target={})
    assert secrets(TASK.argument_spec()["argument_spec"], options) == {"planted", "other"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: name, environments"),
        ({"name": "n"}, "required together: name, source, target"),
        ({"name": "n", "source": {}, "target": {}}, "missing required arguments: s3"),
        ({"environments": [{"name": "n"}]}, "required together: name, source, target"),
        ({"name": "n", "endpoint_url": "http://node1"}, "endpoint_url"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
