# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM calls that ask who answers, and for whom. Nothing is decided here."""

from __future__ import annotations

from .api import Api, nothing
from .iam_answers import ABSENT


def own_account(api: Api) -> str | None:
    """The account that the credentials belong to, from the ARN of their user."""
    return api.read(
        "get_user",
        "find out the account of these credentials",
        lambda answer: str(answer["User"]["Arn"]).split(":")[4] or None,
        absent=ABSENT,
    )


def knows_roles(api: Api) -> None:
    """Ask for one role, whichever: only an IAM server can answer."""
    api.read("list_roles", "look whether this is an IAM server", nothing, MaxItems=1)
