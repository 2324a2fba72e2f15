# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call that returns the account."""

from __future__ import annotations

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import iam_entities, session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import IAM

from .conftest import options
from .iam_samples import MOMENT


@pytest.fixture
def api() -> Api:
    return session.open_api(IAM, options("iam", retry_timeout=0))


def test_own_account(api: Api, stub: Stubber) -> None:
    user = {
        "Path": "/",
        "UserName": "u",
        "UserId": "AIDA1234567890123456",
        "Arn": "arn:aws:iam::123456789012:user/u",
        "CreateDate": MOMENT,
    }
    stub.add_response("get_user", {"User": user}, {})
    assert iam_entities.own_account(api) == "123456789012"
