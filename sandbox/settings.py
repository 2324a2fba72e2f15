# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be set on a side while it runs. A reset brings back what it was started with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

#: Replication sites of the recorded server: "scality" is another CloudServer, "cloud" a public cloud.
SITES = {"node6": "scality", "us-east-2": "cloud", "aws-node6": "cloud"}
LOCATIONS = ("us-east-1", "us-west-1", "eu-west-1")
GENERATIONS = (2024, 2025)


@dataclass(frozen=True)
class Settings:
    """Settings of one side; times in seconds.

    generation: 2024 ignores what the source role may do on the source, 2025 evaluates it.
    source_actions: the actions that the source role needs, in place of the generation's.
    assume_roles: False for an installation with service accounts, where roles are only names.
    retries: how often the replicator tries again before it says FAILED.
    paused: the replicator does nothing; objects stay PENDING until it goes on.
    clock_offset: the server's clock is ahead by so much.
    policy_size_limit: characters of a policy document without white space.
    unsupported_calls: IAM actions that this server does not know.
    iam_lag: how long a created role or policy stays invisible to other calls.
    refuse_trailers, require_content_md5: how older servers meet recent clients' checksums.
    refuse_writes: every call that would change something is refused.
    sites, default_site: the replication sites and the one that is meant where none is named.
    locations: the values of LocationConstraint that this server knows.
    backbeat: False for a server without Backbeat.
    """

    generation: int = 2024
    delay: float = 1.0
    source_actions: list[str] | None = None
    assume_roles: bool = True
    retries: int = 1
    paused: bool = False
    clock_offset: float = 0.0
    policy_size_limit: int = 6144
    unsupported_calls: list[str] = field(default_factory=list)
    iam_lag: float = 0.0
    refuse_trailers: bool = False
    require_content_md5: bool = False
    refuse_writes: bool = False
    sites: dict[str, str] = field(default_factory=lambda: dict(SITES))
    default_site: str = "node6"
    locations: list[str] = field(default_factory=lambda: list(LOCATIONS))
    backbeat: bool = True

    def __post_init__(self) -> None:
        if self.generation not in GENERATIONS:
            raise ValueError(f"generation is {self.generation}, and can be one of {GENERATIONS}")
        if self.default_site not in self.sites:
            raise ValueError(f"default_site {self.default_site!r} is none of {list(self.sites)}")

    def changed(self, values: dict[str, Any]) -> Settings:
        """These settings with some others. Raises ValueError for a name that does not exist."""
        unknown = set(values) - {known.name for known in fields(self)}
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **values)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
