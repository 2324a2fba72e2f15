# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stub's IAM: roles, policies with one version, and attachments.

It replaces the sandbox in benchmarks, because moto takes more time for a response than a client for its request. It
passes the contract (tests/contract) for the calls that it supports.
"""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs, quote

Answer = tuple[int, dict[str, str], bytes]
Given = dict[str, str]
DATE = "<CreateDate>2026-01-01T00:00:00Z</CreateDate>"


class Absent(Exception):
    """The role or policy does not exist."""


class Exists(Exception):
    """The role or policy already exists."""


class IamAnswers:
    """One environment's IAM. `calls`: "GetRole <name>", "GetPolicy <ARN>" and so on, oldest first."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.calls: list[str] = []
        self.reset()
        self.actions = {
            "CreateRole": self._create_role,
            "GetRole": self._role,
            "CreatePolicy": self._create_policy,
            "GetPolicy": self._policy,
            "GetPolicyVersion": self._version,
            "AttachRolePolicy": self._attach,
            "ListAttachedRolePolicies": self._attached,
            "ListEntitiesForPolicy": self._entities,
        }

    def reset(self) -> None:
        """Clear the state."""
        self.calls = []
        self.roles: dict[str, str] = {}
        self.policies: dict[str, Given] = {}
        self.attached: dict[str, dict[str, None]] = {}

    def answer(self, method: str, target: SplitResult, body: bytes) -> Answer:
        """The status, headers and body for a request."""
        given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        action = given.get("Action", method)
        subject = given.get("PolicyArn") or given.get("RoleName") or given.get("PolicyName", "")
        self.calls.append(f"{action} {subject}")
        if action not in self.actions:
            return _error(501, "NotImplemented")
        try:
            result = self.actions[action](given)
        except Absent:
            return _error(404, "NoSuchEntity")
        except Exists:
            return _error(409, "EntityAlreadyExists")
        inside = f"<{action}Result>{result}</{action}Result>"
        text = f"<{action}Response>{inside}</{action}Response>"
        return 200, {"Content-Type": "text/xml"}, text.encode()

    def _create_role(self, given: Given) -> str:
        name = given["RoleName"]
        if name in self.roles:
            raise Exists
        document = quote(given["AssumeRolePolicyDocument"])
        self.roles[name] = (
            f"<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>ID</RoleId>"
            f"<Arn>arn:aws:iam::{self.account}:role/{name}</Arn>{DATE}"
            f"<AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument></Role>"
        )
        return self.roles[name]

    def _role(self, given: Given) -> str:
        if given["RoleName"] not in self.roles:
            raise Absent
        return self.roles[given["RoleName"]]

    def _create_policy(self, given: Given) -> str:
        arn = f"arn:aws:iam::{self.account}:policy/{given['PolicyName']}"
        if arn in self.policies:
            raise Exists
        self.policies[arn] = given
        return self._policy({"PolicyArn": arn})

    def _policy(self, given: Given) -> str:
        arn = given["PolicyArn"]
        if arn not in self.policies:
            raise Absent
        policy = self.policies[arn]
        return (
            f"<Policy><PolicyName>{policy['PolicyName']}</PolicyName><PolicyId>ID</PolicyId>"
            f"<Arn>{arn}</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId>{DATE}"
            f"<Description>{policy.get('Description', '')}</Description></Policy>"
        )

    def _version(self, given: Given) -> str:
        if given["PolicyArn"] not in self.policies:
            raise Absent
        document = quote(self.policies[given["PolicyArn"]]["PolicyDocument"])
        return (
            f"<PolicyVersion><Document>{document}</Document><VersionId>v1</VersionId>"
            f"<IsDefaultVersion>true</IsDefaultVersion>{DATE}</PolicyVersion>"
        )

    def _attach(self, given: Given) -> str:
        if given["RoleName"] not in self.roles or given["PolicyArn"] not in self.policies:
            raise Absent
        self.attached.setdefault(given["RoleName"], {})[given["PolicyArn"]] = None
        return ""

    def _attached(self, given: Given) -> str:
        if given["RoleName"] not in self.roles:
            raise Absent
        members = "".join(
            f"<member><PolicyName>{arn.rsplit('/', 1)[1]}</PolicyName><PolicyArn>{arn}</PolicyArn></member>"
            for arn in self.attached.get(given["RoleName"], ())
        )
        return f"<IsTruncated>false</IsTruncated><AttachedPolicies>{members}</AttachedPolicies>"

    def _entities(self, given: Given) -> str:
        if given["PolicyArn"] not in self.policies:
            raise Absent
        roles = "".join(
            f"<member><RoleName>{role}</RoleName><RoleId>ID</RoleId></member>"
            for role, attached in self.attached.items()
            if given["PolicyArn"] in attached
        )
        return f"<IsTruncated>false</IsTruncated><PolicyRoles>{roles}</PolicyRoles>"


def _error(status: int, code: str) -> Answer:
    error = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return status, {"Content-Type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>".encode()
