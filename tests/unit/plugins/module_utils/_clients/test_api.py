# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeated pages, and the state of a write after an unusable response."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    iam_entities,
    s3_buckets,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Unreachable,
    Unreadable,
)

from .conftest import Wire

PAGE = """<ListPoliciesResponse><ListPoliciesResult><Policies/><IsTruncated>true</IsTruncated>
<Marker>same</Marker></ListPoliciesResult></ListPoliciesResponse>"""
ENTITIES = """<ListEntitiesForPolicyResponse><ListEntitiesForPolicyResult><PolicyRoles/>
<IsTruncated>true</IsTruncated><Marker>same</Marker></ListEntitiesForPolicyResult>
</ListEntitiesForPolicyResponse>"""
HTML = "<html>no</html>"


def test_a_list_whose_pages_repeat_is_an_error(iam: Wire) -> None:
    iam.answer(body=PAGE)
    with pytest.raises(Unreadable, match=r"listing does not end.*same") as caught:
        iam_entities.find_policy(iam.api, "P")
    assert caught.value.call.operation == "ListPolicies"
    assert len(iam.requests) == 2


def test_entities_whose_pages_repeat_are_an_error(iam: Wire) -> None:
    iam.answer(body=ENTITIES)
    with pytest.raises(Unreadable, match="listing does not end"):
        iam_entities.policy_entities(iam.api, "arn:aws:iam::1:policy/P")


@pytest.mark.parametrize(
    ("status", "unsure"), [(302, False), (400, False), (404, False), (499, False), (502, True)]
)
def test_a_write_that_another_server_refused_was_not_made(
    s3: Wire, status: int, unsure: bool
) -> None:
    headers = {"x_amz_request_id": "", "Content_Type": "text/html", "Location": "http://other"}
    s3.answer(status, HTML, **headers)
    with pytest.raises((Unreachable, Unreadable)) as caught:
        s3_buckets.put_versioning(s3.api, "b", "Enabled")
    assert caught.value.unsure is unsure
    assert ("The change may have been made nevertheless" in str(caught.value)) is unsure


def test_a_write_without_a_usable_response_may_have_been_made(s3: Wire) -> None:
    s3.answer(200, "", x_amz_request_id="")
    with pytest.raises(Unreadable) as caught:
        s3_buckets.put_versioning(s3.api, "b", "Enabled")
    assert caught.value.unsure


def test_a_servers_message_is_one_line_of_limited_length(s3: Wire) -> None:
    s3.answer(
        400, f"<Error><Code>Odd\nCode</Code><Message>a\n\tb\x85{'x' * 10_000}</Message></Error>"
    )
    with pytest.raises(ApiError) as caught:
        s3_buckets.versioning(s3.api, "b")
    text = str(caught.value)
    assert "a b xxx" in text
    assert "(Odd Code)" in text
    assert len(text) < 1000
