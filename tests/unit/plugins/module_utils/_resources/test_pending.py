# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The maximum age of pending versions by Backbeat's backlog, and which pending objects a change would strand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    Amount,
    Metrics,
    Rate,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Configuration,
    Rule,
    Site,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.pending import (
    affected_prefixes,
    oldest_pending,
)


def backlog(count: int, rate: float) -> Metrics:
    nothing = Amount(0, 0)
    return Metrics(Amount(count, 0), nothing, nothing, nothing, Rate(rate, 0.0))


@pytest.mark.parametrize(
    ("hours", "metrics", "expected"),
    [
        (None, None, 24.0),
        (2.0, backlog(10**9, 1.0), 2.0),
        (None, backlog(0, 0.0), 24.0),
        (None, backlog(3600, 1.0), 24.0),
        (None, backlog(36 * 3600, 1.0), 72.0),
        (None, backlog(1, 0.0), None),
        (1e300, None, None),
    ],
)
def test_the_age_of_the_oldest(
    hours: float | None, metrics: Metrics | None, expected: float | None
) -> None:
    found = oldest_pending(hours, metrics)
    assert (found and found.total_seconds() / 3600) == expected


NOW = Configuration(
    roles=("arn:aws:iam::123456789012:role/S", "arn:aws:iam::678901234567:role/T"),
    target_bucket="target-bucket",
    rules=(Rule("a/"), Rule("b/", enabled=False), Rule("c/", sites=(Site("node6"),))),
)


def _with(*rules: Rule) -> Configuration:
    return replace(NOW, rules=rules)


@pytest.mark.parametrize(
    ("after", "prefixes"),
    [
        pytest.param(NOW, (), id="nothing changes"),
        pytest.param(None, ("a/", "c/"), id="the configuration goes"),
        pytest.param(replace(NOW, roles=NOW.roles[::-1]), ("a/", "c/"), id="other roles"),
        pytest.param(replace(NOW, target_bucket="other"), ("a/", "c/"), id="other target"),
        pytest.param(_with(*NOW.rules[1:]), ("a/",), id="a rule goes"),
        pytest.param(_with(*NOW.rules[::2]), (), id="a disabled rule goes"),
        pytest.param(
            _with(Rule("a/", enabled=False), *NOW.rules[1:]), ("a/",), id="a rule is disabled"
        ),
        pytest.param(_with(Rule("a/x"), *NOW.rules[1:]), ("a/",), id="a prefix gets narrower"),
        pytest.param(_with(Rule("a"), *NOW.rules[1:]), (), id="a prefix gets wider"),
        pytest.param(_with(Rule("a/"), Rule("c/")), ("c/",), id="other sites"),
        pytest.param(_with(*NOW.rules, Rule("d/")), (), id="a rule is added"),
    ],
)
def test_stranding(after: Configuration | None, prefixes: tuple[str, ...]) -> None:
    assert affected_prefixes(NOW, after) == prefixes


def test_nothing_is_stranded_where_nothing_was() -> None:
    assert affected_prefixes(None, NOW) == ()
