# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the two roles: whether each exists, belongs to its side, and trusts Backbeat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..._clients import iam_entities
from ..._documents.evaluation import Outcome, Principal, trusts
from ..._documents.names import PLACEHOLDER_ROLES, check_iam_name, check_role_arn, parse_arn
from ..._work import InvalidDocument
from .findings import ERROR, INFO, WARNING, FactReader, Findings, Kind, Place, Side

KINDS = (
    Kind(
        "role-arn-malformed",
        ERROR,
        "Servers accept ARNs that cannot be those of a role, but Backbeat cannot assume it.",
        "Set the correct ARN with backbeat_bucket_replication.",
    ),
    Kind(
        "role-unexpected",
        ERROR,
        "The roles were changed; objects that were pending then stay PENDING for ever.",
        "Find out why; set the correct one with backbeat_bucket_replication, or correct what is expected.",
        made_by_setup=True,
    ),
    Kind(
        "roles-swapped",
        ERROR,
        "The source's role has to come first: Backbeat finds neither role, and objects stay PENDING for ever.",
        "Swap them with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "source-role-missing",
        ERROR,
        "Objects stay PENDING for ever, and are in no list of failures.",
        "Create it with backbeat_iam_role, and its policy with backbeat_policy.",
        made_by_setup=True,
    ),
    Kind(
        "target-role-missing",
        ERROR,
        "Every object ends as FAILED.",
        "Create it with backbeat_iam_role, and its policy with backbeat_policy.",
        made_by_setup=True,
    ),
    Kind(
        "source-role-of-another-account",
        ERROR,
        "Objects stay PENDING for ever, and are in no list of failures.",
        "Use a role of the account that owns the source bucket.",
    ),
    Kind(
        "target-role-of-another-account",
        ERROR,
        "Every object ends as FAILED, because the role's account does not own the target bucket.",
        "Use a role of the account that owns the target bucket.",
    ),
    Kind(
        "role-arn-differs",
        ERROR,
        "Backbeat assumes a role by its whole ARN, and no role has this ARN.",
        "Set the role's own ARN with backbeat_bucket_replication.",
    ),
    Kind(
        "account-unknown",
        INFO,
        "Whether the role belongs to the account that owns the bucket is unknown.",
        "Grant iam:GetUser to the account that runs preflight, or compare the account in the ARN manually.",
    ),
    Kind(
        "service-account-role",
        INFO,
        "Installations with service accounts use placeholder roles that IAM does not know.",
        "Nothing to do if the installation has no IAM step.",
    ),
    Kind(
        "source-role-trust-missing",
        ERROR,
        "Backbeat may not assume the role, so objects stay PENDING for ever.",
        "Set the trust policy with backbeat_iam_role, or name Backbeat's principal in trusted_principals.",
        made_by_setup=True,
    ),
    Kind(
        "target-role-trust-missing",
        ERROR,
        "Backbeat may not assume the role, so every object ends as FAILED.",
        "Set the trust policy with backbeat_iam_role, or name Backbeat's principal in trusted_principals.",
        made_by_setup=True,
    ),
    Kind(
        "trust-undecided",
        WARNING,
        "Only the server can tell whether the condition is met when Backbeat assumes the role.",
        "Use a trust policy without conditions (backbeat_iam_role), or prove replication with canary.",
    ),
)


def check(
    sides: Sequence[Side],
    arns: Sequence[str],
    trusted: Sequence[Principal],
    facts: FactReader,
    before_setup: bool = False,
) -> dict[str, iam_entities.Role]:
    """Check the roles of a configuration, or the expected ones if there is none.

    `arns` are the configuration's, the source's first; before set-up the expected roles are checked, because set-up
    will write them. Returns the roles that exist, by the name of their side.
    """
    found: dict[str, iam_entities.Role] = {}
    if arns and _swapped(sides, arns, facts.findings) and not before_setup:
        return found
    for place, side in enumerate(sides):
        live = arns[place] if place < len(arns) else None
        if arns:
            _compare(side, live, facts.findings)
        expected_counts = not arns or (before_setup and side.role is not None)
        # A configuration with one role is for clouds: Backbeat assumes no second role there.
        wanted = side.role if expected_counts else live
        role = _role(side, wanted, not expected_counts, facts) if wanted else None
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
        what = (
            f"Its first role {arns[0]} is the target's, and its second {arns[1]} is the source's."
        )
        findings.add("roles-swapped", sides[0].place, what)
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
        what = f"The {side.name} role of the configuration is {named}, but {wanted} is expected."
        findings.add("role-unexpected", side.place, what)


def _role(side: Side, wanted: str, live: bool, facts: FactReader) -> iam_entities.Role | None:
    findings = facts.findings
    try:
        if live or wanted.startswith("arn:"):
            check_role_arn(wanted)
        name = check_iam_name(wanted.rpartition("/")[2], "role")
    except InvalidDocument as error:
        findings.add("role-arn-malformed", side.place, str(error))
        return None
    if f":{PLACEHOLDER_ROLES}" in wanted:
        findings.add("service-account-role", side.place, f"The {side.name} role is {wanted}.")
        return None
    if side.iam is None:
        what = f"The {side.name} role {wanted} was not checked."
        findings.add("iam-not-given", Place(side.name, "IAM", "", ""), what)
        return None
    if not side.iam.usable:
        return None
    seen = facts.try_read(
        side.iam,
        ("role", name),
        partial(iam_entities.get_role, name=name),
        where=side.iam.place,
        permission="iam:GetRole",
    )
    if seen is None:
        return None
    if seen.fact is not None and wanted in (name, seen.fact.arn):
        side.account = parse_arn(seen.fact.arn).account
        return seen.fact
    _missing(side, wanted, seen.fact, findings)
    return None


def _missing(side: Side, wanted: str, other: iam_entities.Role | None, findings: Findings) -> None:
    """Report a role that does not exist, has the name of another one, or belongs to another account."""
    where = side.iam.place if side.iam else side.place
    account = parse_arn(other.arn).account if other else side.account
    theirs = _account_of(wanted)
    if account is not None and theirs not in (None, "*", account):
        what = f"The role {wanted} belongs to the account {theirs}, but this side's account is {account}."
        findings.add(f"{side.name}-role-of-another-account", where, what)
    elif other is not None:
        what = f"The configuration names {wanted}, and the role with that name is {other.arn}."
        findings.add("role-arn-differs", where, what)
    else:
        findings.add(f"{side.name}-role-missing", where, f"There is no role {wanted}.")
        if account is None and theirs:
            what = f"The role {wanted} belongs to the account {theirs}; this side's account cannot be read."
            findings.add("account-unknown", where, what)


def _trust(
    side: Side, role: iam_entities.Role, trusted: Sequence[Principal], findings: Findings
) -> None:
    where = side.role_place(role.arn)
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
            f"denies {names} the right to assume it ({denied[0]})"
            if denied
            else f"does not name {names}"
        )
        findings.add(f"{side.name}-role-trust-missing", where, f"Its trust policy {reason}.")
