# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vault's behaviour on top of moto's IAM: limits, missing calls, and validation of documents."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from .messages import Refused, Request, Response
from .operations import Call
from .policies import user_may
from .settings import Settings
from .store import Principal, Store

#: Calls of moto that Vault is not known to support.
_FOREIGN = ("InstanceProfile", "SAMLProvider", "OpenIDConnect", "ServerCertificate", "MFADevice")


class IamService:
    """The IAM endpoint of one environment, behind the signature check."""

    def __init__(self, store: Store, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._settings = settings
        self._visible: dict[tuple[str, str], float] = {}

    def reset(self) -> None:
        self._visible.clear()

    def answer(self, request: Request, call: Call, principal: Principal) -> Response:
        settings = self._settings()
        if call.operation in settings.unsupported_calls or not _is_known(call.operation):
            raise Refused(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )
        with self._store.lock:
            self._authorize(request, call, principal)
            self._check_documents(request, call, settings)
            self._check_deletion(request, call, principal)
            attached = self._attached_already(request, call, principal)
            with self._hidden(call, principal.account_id):
                response = self._store.call(request, principal)
            if attached is not None and response.status == 200:
                # moto counts every attachment, even a repeated one.
                attached.attachment_count -= 1
            if response.status == 200:
                self._remember(request, call, principal.account_id, settings)
        return response

    def _authorize(self, request: Request, call: Call, principal: Principal) -> None:
        if principal.is_operator:
            return
        resource = self._resource(request.form, call, principal)
        if not user_may(principal, call.action, resource):
            raise Refused(
                403,
                "AccessDenied",
                f"User: {principal.arn} is not authorized to perform: {call.action} "
                f"on resource: {resource}",
            )

    def _resource(self, form: dict[str, str], call: Call, principal: Principal) -> str:
        """The ARN for which the permission is required; a listing requires all resources."""
        prefix = f"arn:aws:iam::{principal.account_id}:"
        path = form.get("Path", "/")
        if "RoleName" in form:
            roles = self._store.iam(principal.account_id).get_roles()
            arn = next((role.arn for role in roles if role.name == form["RoleName"]), None)
            return arn or f"{prefix}role{path}{form['RoleName']}"
        if "PolicyArn" in form and "UserName" not in form:
            return form["PolicyArn"]
        if call.operation == "CreatePolicy":
            return f"{prefix}policy{path}{form.get('PolicyName', '')}"
        if "UserName" in form:
            return f"{prefix}user{path}{form['UserName']}"
        return principal.arn if call.operation == "GetUser" else "*"

    def _check_documents(self, request: Request, call: Call, settings: Settings) -> None:
        """Check the trust policy of CreateRole, which moto does not validate, and the size of policies."""
        form = request.form
        if call.operation == "CreateRole":
            try:
                trust = form.get("AssumeRolePolicyDocument", "")
                IAMTrustPolicyDocumentValidator(trust).validate()
            except ServiceException as error:
                raise Refused(400, "MalformedPolicyDocument", error.message or "") from None
        if call.operation in ("CreatePolicy", "CreatePolicyVersion"):
            size = len(re.sub(r"\s", "", form.get("PolicyDocument", "")))
            limit = settings.policy_size_limit
            if size > limit:
                raise Refused(409, "LimitExceeded", f"Cannot exceed quota for PolicySize: {limit}")

    def _check_deletion(self, request: Request, call: Call, principal: Principal) -> None:
        """Refuse to delete a policy that is attached or has other versions; moto would delete it."""
        if call.operation != "DeletePolicy":
            return
        backend = self._store.iam(principal.account_id)
        policy = backend.managed_policies.get(request.form.get("PolicyArn", ""))
        if policy is None:
            return
        if policy.attachment_count:
            raise Refused(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise Refused(
                409,
                "DeleteConflict",
                "This policy has more than one version. Before you delete a policy, you must "
                "delete the policy's versions. The default version is deleted with the policy.",
            )

    def _attached_already(self, request: Request, call: Call, principal: Principal) -> Any:
        """The policy of an AttachRolePolicy that is already attached, or None."""
        if call.operation != "AttachRolePolicy":
            return None
        backend = self._store.iam(principal.account_id)
        roles = (one for one in backend.get_roles() if one.name == request.form.get("RoleName"))
        role = next(roles, None)
        arn = request.form.get("PolicyArn", "")
        attached = role is not None and arn in role.managed_policies
        return backend.managed_policies.get(arn) if attached else None

    @contextmanager
    def _hidden(self, call: Call, account_id: str) -> Iterator[None]:
        """Hide, for one call, resources that were created too recently to be visible everywhere.

        A second creation of the same resource is refused at once, because that is decided in one place.
        """
        now = time.monotonic()
        young = {kind_id for kind_id, visible in self._visible.items() if visible > now}
        if not young or call.operation in ("CreateRole", "CreatePolicy"):
            yield
            return
        backend = self._store.iam(account_id)
        tables: dict[str, dict[str, Any]] = {
            "role": backend.roles,
            "policy": backend.managed_policies,
        }
        taken = [
            (table, key, table.pop(key))
            for kind, table in tables.items()
            for key in list(table)
            if (kind, key) in young
        ]
        try:
            yield
        finally:
            for table, key, value in taken:
                table[key] = value

    def _remember(self, request: Request, call: Call, account_id: str, settings: Settings) -> None:
        if not settings.iam_lag or call.operation not in ("CreateRole", "CreatePolicy"):
            return
        backend = self._store.iam(account_id)
        visible = time.monotonic() + settings.iam_lag
        if call.operation == "CreateRole":
            self._visible["role", backend.get_role(request.form["RoleName"]).id] = visible
            return
        policies = backend.managed_policies.values()
        arn = next(one.arn for one in policies if one.name == request.form["PolicyName"])
        self._visible["policy", arn] = visible


def _is_known(operation: str) -> bool:
    """Whether moto has the call, and Vault may have it."""
    method = camelcase_to_underscores(operation)
    return hasattr(IamResponse, method) and not any(name in operation for name in _FOREIGN)
