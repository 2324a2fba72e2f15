# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the evaluation of policies with moto's independent one.

moto does not support NotResource and "?", and treats an unmet condition as a Deny, so these are not generated. For a
resource that stands for many ("below"), moto evaluates each of a set of keys.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from ansible_collections.scality.backbeat.plugins.module_utils._documents.evaluation import (
    Outcome,
    Policy,
    Resource,
    evaluate,
)

ACTIONS = ["s3:GetObjectVersion", "s3:ReplicateObject", "s3:ListBucket"]
BUCKET = "arn:aws:s3:::b"
KEYS = ["".join(key) for length in (1, 2, 3, 4) for key in itertools.product("a/", repeat=length)]
PREFIXES = ["", "a", "a/", "/"]
# Longer than any generated pattern, with all endings that a pattern can have.
LONG = [
    f"{start}{'z' * 9}{end}"
    for start in ("", "a", "a/", "/")
    for end in ("", *(key for key in KEYS if len(key) < 4))
]

action_patterns = st.sampled_from(
    [*ACTIONS, "*", "s3:*", "s3:Get*", "s3:*Object*", "s3:R*t", "iam:*", "s3:ListBucketX"]
)
resource_patterns = st.one_of(
    st.sampled_from(
        ["*", BUCKET, f"{BUCKET}*", "arn:aws:s3:::*", "arn:aws:iam::*", "arn:aws:s3:::c/*"]
    ),
    st.text(alphabet="a/*", max_size=4).map(lambda key: f"{BUCKET}/{key}"),
)


def one_or_more(values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=3))


statements = st.builds(
    lambda effect, name, action, resource: {"Effect": effect, name: action, "Resource": resource},
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["Action", "Action", "NotAction"]),
    one_or_more(action_patterns),
    one_or_more(resource_patterns),
)
documents = st.builds(
    lambda found: {"Version": "2012-10-17", "Statement": found},
    st.one_of(statements, st.lists(statements, min_size=1, max_size=4)),
)
policies = st.lists(documents, max_size=3)


def moto_says(policies: list[dict[str, Any]], action: str, arn: str) -> Outcome:
    results = [IAMPolicy(json.dumps(one)).is_action_permitted(action, arn) for one in policies]
    if PermissionResult.DENIED in results:
        return Outcome.DENIED
    permitted = PermissionResult.PERMITTED in results
    return Outcome.ALLOWED if permitted else Outcome.NOT_ALLOWED


def we_say(policies: list[dict[str, Any]], action: str, resource: Resource) -> Outcome:
    named = [Policy(f"policy {place}", one) for place, one in enumerate(policies)]
    return evaluate(named, action, resource).outcome


@settings(max_examples=400, deadline=None)
@given(
    policies, st.sampled_from(ACTIONS), st.sampled_from([BUCKET, *(f"{BUCKET}/{k}" for k in KEYS)])
)
def test_one_resource(policies: list[dict[str, Any]], action: str, arn: str) -> None:
    assert we_say(policies, action, Resource(arn)) is moto_says(policies, action, arn)


@settings(max_examples=400, deadline=None)
@given(policies, st.sampled_from(ACTIONS), st.sampled_from(PREFIXES))
@example([{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}], ACTIONS[0], "a")
@example(
    [{"Statement": {"Effect": "Allow", "Action": ACTIONS[0], "Resource": f"{BUCKET}/*aaa"}}],
    ACTIONS[0],
    "a/",
)
def test_all_keys_below_a_prefix(policies: list[dict[str, Any]], action: str, prefix: str) -> None:
    keys = [key for key in [*KEYS, *LONG] if key.startswith(prefix)]
    each = {moto_says(policies, action, f"{BUCKET}/{key}") for key in keys}
    outcome = we_say(policies, action, Resource(f"{BUCKET}/{prefix}", below=True))
    if outcome in (Outcome.ALLOWED, Outcome.DENIED):
        assert each == {outcome}
    elif outcome is Outcome.NOT_ALLOWED:
        assert Outcome.ALLOWED not in each
    else:
        assert outcome is Outcome.IN_PART
        # Statements that only together cover everything are not recognised.
        assert len(each) > 1 or not any(
            {moto_says([{"Statement": one}], action, f"{BUCKET}/{key}") for key in keys} == each
            for policy in policies
            for one in statements_of(policy)
        )


def statements_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document["Statement"]
    return found if isinstance(found, list) else [found]
