# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_bucket_replication."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import Site
from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    Wanted,
    WantedRule,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.bucket_replication import (
    BucketReplication,
    BucketReplicationRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_bucket_replication import TASK

from ..tasks import built, checked, requested

SOURCE, TARGET = "arn:aws:iam::1:role/S", "arn:aws:iam::2:role/T"


@pytest.mark.parametrize(
    "options", [{"bucket": "a-bucket"}, {"replications": [{"bucket": "a-bucket"}]}]
)
def test_unrequested_values_are_kept(options: dict[str, Any]) -> None:
    nothing = Wanted(None, None, None, purge_rules=False)
    assert requested(TASK, **options) == BucketReplicationRequest("a-bucket", nothing)
    assert isinstance(built(TASK, **options), BucketReplication)


@pytest.mark.parametrize("listed", [True, False])
def test_everything(listed: bool) -> None:
    options = {
        "bucket": "a-bucket",
        "source_role": SOURCE,
        "target_role": TARGET,
        "target_bucket": "t-bucket",
        "rules": [
            {
                "prefix": "a/",
                "id": "",
                "sites": [{"name": "paris"}, {"name": "rome", "preferred_read": True}],
            },
            {"id": "one", "enabled": False},
        ],
        "purge_rules": True,
        "known_sites": {"paris": "scality"},
    }
    wish = requested(TASK, **({"replications": [options]} if listed else options))
    sites = (Site("paris"), Site("rome", preferred_read=True))
    rules = (WantedRule("a/", sites=sites), WantedRule(id="one", enabled=False))
    assert wish.wanted == Wanted((SOURCE, TARGET), "t-bucket", rules, purge_rules=True)
    assert wish.known_sites == {"paris": "scality"}


@pytest.mark.parametrize(
    ("role", "roles"), [(SOURCE, (SOURCE,)), (f"{SOURCE},{TARGET}", (SOURCE, TARGET))]
)
def test_roles_as_one_text(role: str, roles: tuple[str, ...]) -> None:
    assert requested(TASK, bucket="a-bucket", role=role).wanted.roles == roles


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: bucket, replications"),
        (
            {"bucket": "b", "role": SOURCE, "source_role": SOURCE, "target_role": TARGET},
            "mutually exclusive: role.source_role",
        ),
        ({"bucket": "b", "source_role": SOURCE}, "required together: source_role, target_role"),
        (
            {"replications": [{"bucket": "b", "target_role": TARGET}]},
            "required together: source_role, target_role found in replications",
        ),
        ({"bucket": "b", "rules": [{"sites": [{}]}]}, "missing required arguments: name"),
        ({"bucket": "b", "rules": [{"status": "Enabled"}]}, "rules.status"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)


@pytest.mark.parametrize(
    "roles",
    [
        {"role": ""},
        {"source_role": "", "target_role": TARGET},
        {"source_role": SOURCE, "target_role": ""},
    ],
)
def test_an_empty_role_is_named(roles: dict[str, str]) -> None:
    with pytest.raises(InvalidDocument, match=r"(role|source_role|target_role) of .* is empty"):
        requested(TASK, bucket="a-bucket", **roles)
