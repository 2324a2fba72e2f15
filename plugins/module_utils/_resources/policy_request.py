# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of a managed policy: its document (given or generated) and the roles that need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._documents import names, permissions, policy
from .._documents.policy_parts import buckets_of, keep_unlisted, remove_buckets, split
from .._work import InvalidDocument, Refused

# AWS's quota for the document of a managed policy, in characters without white space.
MAX_SIZE = 6144


@dataclass(frozen=True)
class PolicyRequest:
    """The desired state of a managed policy; None keeps the current one.

    document: the parsed document. If the policy is to be absent, the permissions to remove; None removes all of it.
    max_size: the server's limit in characters; a larger document becomes several policies. roles: names or ARNs of the
    roles to attach it to. keep_unlisted: whether permissions for buckets that are not in the document stay. holders:
    for a policy that is to be absent, the roles that it may be detached from; None for all.
    """

    name: str
    path: str | None = None
    description: str | None = None
    document: Mapping[str, Any] | None = None
    max_size: int = MAX_SIZE
    roles: tuple[str, ...] = ()
    keep_unlisted: bool = False
    present: bool = True
    holders: tuple[str, ...] | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> PolicyRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        present = options["state"] == "present"
        generated = options["side"] is not None
        listed = generated and bool(options["source_buckets"] or options["target_buckets"])
        request = cls(
            name=names.check_iam_name(options["name"], "policy"),
            path=options["path"] and names.check_iam_path(options["path"]),
            description=options["description"],
            document=_document(options) if present or listed else None,
            max_size=options["max_size"],
            roles=tuple(options["roles"] or ()),
            keep_unlisted=generated and not options["purge_statements"],
            present=present,
            holders=None
            if present or options["roles"] is None
            else tuple(role.rsplit("/", 1)[-1] for role in options["roles"]),
        )
        # Raises InvalidDocument for an impossible split, before any call.
        request.split(())
        return request

    @classmethod
    def generated(
        cls,
        name: str,
        side: str,
        permissions: str,
        buckets: tuple[Sequence[str], Sequence[str]],
        role: str,
    ) -> PolicyRequest:
        """The policy for one side as the role `replication` writes it; `buckets`: of source and target."""
        document = _generated(side, permissions, *buckets, cloud_targets=False)
        return cls(name, document=document, roles=(role,), keep_unlisted=True)

    def split(self, stored: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
        """The documents for the policy's parts, given the stored ones; empty if none is to remain.

        Stored documents that cannot be parsed have no permissions to keep.
        """
        documents = [one for one in stored if _understood(one)]
        if self.present:
            document: Mapping[str, Any] | None = self.document
            if document is not None and self.keep_unlisted:
                document = keep_unlisted(document, documents)
        else:
            document = self._without_listed(documents)
        return () if document is None else tuple(split(document, self.max_size))

    def _without_listed(self, stored: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        if self.document is None or not self.keep_unlisted:
            return None
        return remove_buckets(stored, buckets_of([self.document]))


def _understood(document: Any) -> bool:
    try:
        policy.parse(document)
    except (InvalidDocument, TypeError):
        return False
    return True


def _document(options: Mapping[str, Any]) -> dict[str, Any]:
    if options["policy"] is not None:
        return policy.validated(options["policy"])
    side, guide = options["side"], options["permissions"] == "guide"
    if side is None:
        raise Refused(
            f"The policy {options['name']} needs a document: give policy, or give side to generate one."
        )
    source, target = options["source_buckets"], options["target_buckets"]
    for name, buckets in (("source", source), ("target", target)):
        if not buckets and (guide or name == side):
            raise Refused(
                f"The policy {options['name']} for the {side} side needs {name}_buckets to be generated."
            )
    return _generated(
        side,
        options["permissions"],
        source or (),
        target or (),
        cloud_targets=bool(options["cloud_targets"]),
    )


def _generated(
    side: str, kind: str, source: Sequence[str], target: Sequence[str], *, cloud_targets: bool
) -> dict[str, Any]:
    if kind == "guide":
        return permissions.guide_policy(source, target)
    if side == "source":
        return permissions.source_policy(source, cloud_targets=cloud_targets)
    return permissions.target_policy(target)
