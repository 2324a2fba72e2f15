# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of HTTP responses: headers, an HTML page, and a valid response to GetRole."""

from __future__ import annotations

XML = {"Content-Type": "application/xml"}
PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><br>Hello</body></html>"
ROLE = (
    b'<?xml version="1.0"?><GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
    b"<Path>/</Path><Arn>arn:aws:iam::123456789012:role/N</Arn><RoleName>N</RoleName><RoleId>AROA</RoleId>"
    b"<CreateDate>2026-11-22T17:21:14Z</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>"
    b"</Role></GetRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetRoleResponse>"
)
