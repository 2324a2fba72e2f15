# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the two roles are there, on the right side, and let Backbeat in."""

from __future__ import annotations

from collections.abc import Sequence

from ..._clients import iam_roles
from ..._documents.errors import InvalidDocument
from ..._documents.evaluation import Outcome, Principal, trusts
from ..._documents.names import check_iam_name, check_role_arn, parse_arn
from .findings import Findings
from .sides import FactReader, Side

# Where service accounts do the work, roles are only names, and all below this path.
PLACEHOLDERS = "role/scality-internal/"


def examine(
    sides: Sequence[Side], arns: Sequence[str], trusted: Sequence[Principal], facts: FactReader
) -> dict[str, iam_roles.Role]:
    """Look at the roles of a configuration, or at the expected ones where there is none.

    `arns` are the configuration's, the source's first. Answers the roles that are there, by the name of their side.
    """
    found: dict[str, iam_roles.Role] = {}
    if arns and _swapped(sides, arns, facts.findings):
        return found
    for place, side in enumerate(sides):
        live = arns[place] if place < len(arns) else None
        if arns:
            _compare(side, live, facts.findings)
        # A configuration with one role is for clouds, where nobody assumes another.
        wanted = live if arns else side.role
        role = _role(side, wanted, bool(arns), facts) if wanted else None
        if role is not None:
            found[side.name] = role
            _trust(side, role, trusted, facts.findings)
    return found


def _swapped(sides: Sequence[Side], arns: Sequence[str], findings: Findings) -> bool:
    accounts = [side.account for side in sides]
    if len(arns) != 2 or None in accounts or accounts[0] == accounts[1]:
        return False
    swapped = [_account_of(arn) for arn in arns] == accounts[::-1]
    if swapped:
        what = f"Its first role {arns[0]} is the target's, and its second {arns[1]} the source's."
        findings.add("roles-swapped", sides[0].where, what)
    return swapped


def _account_of(arn: str) -> str | None:
    try:
        return parse_arn(arn).account
    except InvalidDocument:
        return None


def _compare(side: Side, live: str | None, findings: Findings) -> None:
    wanted = side.role
    if wanted is None or live == wanted:
        return
    if live is None or wanted.startswith("arn:") or live.rpartition("/")[2] != wanted:
        named = live or "none"
        what = f"The {side.name} role of the configuration is {named}, and {wanted} is expected."
        findings.add("role-unexpected", side.where, what)


def _role(side: Side, wanted: str, live: bool, facts: FactReader) -> iam_roles.Role | None:
    findings = facts.findings
    try:
        if live or wanted.startswith("arn:"):
            check_role_arn(wanted)
        name = check_iam_name(wanted.rpartition("/")[2], "role")
    except InvalidDocument as error:
        findings.add("role-arn-malformed", side.where, str(error))
        return None
    if f":{PLACEHOLDERS}" in wanted:
        findings.add("service-account-role", side.where, f"The {side.name} role is {wanted}.")
        return None
    if side.iam is None:
        what = f"The {side.name} role {wanted} was not looked at."
        findings.add("iam-not-given", f"{side.name} IAM", what)
        return None
    if not side.iam.usable:
        return None
    seen = facts.look(
        side.iam,
        ("role", name),
        lambda api: iam_roles.get_role(api, name),
        where=str(side.iam),
        needs="iam:GetRole",
    )
    if seen is None:
        return None
    if seen.fact is not None and wanted in (name, seen.fact.arn):
        side.account = parse_arn(seen.fact.arn).account
        return seen.fact
    _missing(side, wanted, seen.fact, findings)
    return None


def _missing(side: Side, wanted: str, other: iam_roles.Role | None, findings: Findings) -> None:
    """Say that there is no such role: perhaps another one has its name, or its account is not the one that is here."""
    where = str(side.iam)
    account = parse_arn(other.arn).account if other else side.account
    theirs = _account_of(wanted)
    if account is not None and theirs not in (None, "*", account):
        what = (
            f"The role {wanted} is of the account {theirs}, and this side's account is {account}."
        )
        findings.add(f"{side.name}-role-of-another-account", where, what)
    elif other is not None:
        what = f"The configuration names {wanted}, and the role of that name is {other.arn}."
        findings.add("role-arn-differs", where, what)
    else:
        findings.add(f"{side.name}-role-missing", where, f"There is no role {wanted}.")
        if account is None and theirs:
            what = (
                f"The role {wanted} is of the account {theirs}; which one this is cannot be read."
            )
            findings.add("account-unknown", where, what)


def _trust(
    side: Side, role: iam_roles.Role, trusted: Sequence[Principal], findings: Findings
) -> None:
    where = f"role {role.arn} at {side.iam.url if side.iam else ''}"
    names = " or ".join(map(str, trusted))
    try:
        verdicts = [trusts(role.trust_policy or {}, one) for one in trusted]
    except InvalidDocument as error:
        what = f"Its trust policy cannot be read: {error}"
        findings.add(f"{side.name}-role-trust-missing", where, what)
        return
    if any(verdict.outcome is Outcome.ALLOWED for verdict in verdicts):
        return
    undecided = [verdict.by for verdict in verdicts if verdict.outcome is Outcome.UNKNOWN]
    denied = [verdict.by for verdict in verdicts if verdict.outcome is Outcome.DENIED]
    if undecided:
        what = f"Whether {names} may assume it depends on a condition ({undecided[0]})."
        findings.add("trust-undecided", where, what)
    else:
        reason = (
            f"denies {names} to assume it ({denied[0]})" if denied else f"does not name {names}"
        )
        findings.add(f"{side.name}-role-trust-missing", where, f"Its trust policy {reason}.")
