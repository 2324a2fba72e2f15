# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and responses for the tests of several kinds of IAM calls."""

from __future__ import annotations

from datetime import datetime, timezone

MOMENT = datetime(2026, 11, 22, 17, 0, tzinfo=timezone.utc)
WHEN = "2026-11-22T17:00:00+00:00"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Sid": "Grüße %20"}]}
TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Sid":"Grüße %20"}]}'
POLICY_ARN = "arn:aws:iam::123456789012:policy/my-policy"
BY_ARN = {"PolicyArn": POLICY_ARN}
