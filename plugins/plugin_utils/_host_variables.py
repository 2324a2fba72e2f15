# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads variables of other hosts in the inventory, if this host can evaluate them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import Undefined, UndefinedError

from ._role_variables import convert

HostVars = Mapping[str, Mapping[str, Any]]
Variables = Mapping[str, Any]
S3, IAM, BACKBEAT = "replication_s3", "replication_iam", "replication_backbeat_url"
#: The placeholder for another host's connection that cannot be evaluated here.
UNREADABLE = {"endpoint_url": "unknown:"}
#: Variables for what a host replicates to which host.
LINKS = ("replication_target_host", "replication_pairs")
#: The variable for the connection to a shared bucket.
STORE = "replication_verify_store"
#: Variables of a single host, which are never used for another.
OWN = frozenset({*LINKS, S3, IAM, STORE})


class CachedHostVars(Mapping[str, Mapping[str, Any]]):
    """Caches the variables of hosts, because Ansible merges all variables of a host at every access."""

    def __init__(self, hostvars: HostVars) -> None:
        self._hostvars = hostvars
        self._found: dict[str, Mapping[str, Any]] = {}

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        if host not in self._found:
            self._found[host] = self._hostvars[host]
        return self._found[host]

    def __contains__(self, host: object) -> bool:
        return host in self._hostvars

    def __iter__(self) -> Iterator[str]:
        return iter(self._hostvars)

    def __len__(self) -> int:
        return len(self._hostvars)


def read_variable(there: Variables, variable: str, otherwise: Any = None) -> Any:
    """A variable of another host; `otherwise` if its template uses hostvars, so that only that host can evaluate it.

    Some versions of ansible-core raise an error for such a template, others return an undefined value.
    """
    try:
        value = _plain(there.get(variable))
    except (AnsibleError, UndefinedError):
        return otherwise
    return otherwise if isinstance(value, Undefined) else value


def _plain(value: Any) -> Any:
    """The value with all templates in it evaluated."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def connections_of(
    hostvars: HostVars, host: str, variables: Variables, name: str
) -> dict[str, Mapping[str, Any]]:
    """The connections of a host to "s3" and "iam", empty if it has none."""
    given = variables if name == host else hostvars[name]
    both = {variable: given.get(variable) for variable in (S3, IAM)}
    typed, _wrong = convert(name, both, (S3, IAM))
    return {"s3": typed[S3] or {}, "iam": typed[IAM] or {}}
