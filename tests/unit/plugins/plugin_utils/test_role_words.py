# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's words: its variables in sentences, and nothing else changed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.plugin_utils._role_variables import specs
from ansible_collections.scality.backbeat.plugins.plugin_utils._role_words import (
    VARIABLES,
    in_words_of_role,
)


@pytest.mark.parametrize("option", VARIABLES)
def test_every_variable_is_one_of_the_role(option: str) -> None:
    assert VARIABLES[option] in specs()


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            {"msg": "Set allow_pending_loss, or `purge_rules`."},
            {"msg": "Set replication_allow_pending_loss, or `replication_purge_rules`."},
        ),
        (
            {"results": [{"msg": "See known_sites.", "findings": [{"remedy": "max_size"}]}]},
            {
                "results": [
                    {
                        "msg": "See replication_known_sites.",
                        "findings": [{"remedy": "replication_policy_max_size"}],
                    }
                ]
            },
        ),
        (
            {"msg": "replication_max_size, max_sizes and a.max_size"},
            {"msg": "replication_max_size, max_sizes and a.max_size"},
        ),
        ({"key": "purge_rules", "changed": True}, {"key": "purge_rules", "changed": True}),
    ],
)
def test_sentences(result: dict[str, Any], expected: dict[str, Any]) -> None:
    assert in_words_of_role(result) == expected
