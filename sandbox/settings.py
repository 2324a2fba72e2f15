# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of an environment, which can be changed while it runs. A reset restores those of its start."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Annotated, Any, get_type_hints

#: The target of a site that is not an environment of the sandbox: a public cloud, which accepts everything.
CLOUD = "cloud"
#: The replication sites of the recorded server, and their targets in the source environment.
SITES = {"node6": "target", "us-east-2": CLOUD, "aws-node6": CLOUD}
LOCATIONS = ("us-east-1", "us-west-1", "eu-west-1")
GENERATIONS = (2024, 2025)


@dataclass(frozen=True)
class Settings:
    """The settings of one environment; times are in seconds. `help_texts` describes them."""

    generation: Annotated[
        int, "2024 ignores what the source role may do on the source, 2025 evaluates it"
    ] = 2024
    delay: Annotated[float, "seconds from a write to the replicator's attempt to send it"] = 1.0
    source_actions: Annotated[
        list[str] | None, "actions that the source role needs, in place of the generation's"
    ] = None
    assume_roles: Annotated[
        bool, "false for an installation with service accounts, in which roles are only names"
    ] = True
    retries: Annotated[int, "attempts after the first before the status is FAILED"] = 1
    paused: Annotated[
        bool | list[str],
        "true, or the sites that are paused: their objects stay PENDING until they resume",
    ] = False
    resume_delay: Annotated[
        float, "seconds from a resume until objects are sent again (29 to 44 on real servers)"
    ] = 0.0
    status_lag: Annotated[
        float, "seconds for which Backbeat's API shows a site's former state and schedule"
    ] = 0.0
    clock_offset: Annotated[float, "seconds by which the server's clock is ahead"] = 0.0
    policy_size_limit: Annotated[
        int, "characters of a policy document, white space not counted"
    ] = 6144
    unsupported_calls: Annotated[list[str], "IAM actions that this server does not know"] = field(
        default_factory=list
    )
    iam_lag: Annotated[
        float, "seconds for which a new role or policy stays invisible to other calls"
    ] = 0.0
    refuse_trailers: Annotated[bool, "refuse trailing checksums, as older servers do"] = False
    require_content_md5: Annotated[
        bool, "refuse other checksums where S3 demands one, as older servers do"
    ] = False
    rate_limit: Annotated[
        float, "S3 requests a second beyond which the answer is 503 SlowDown, 0 for no limit"
    ] = 0.0
    page_size: Annotated[int, "rows of the longest page of a listing of objects or versions"] = 1000
    refuse_writes: Annotated[bool, "refuse every call that would change something"] = False
    sites: Annotated[
        dict[str, str], 'replication sites: the environment behind each, or "cloud"'
    ] = field(default_factory=SITES.copy)
    clouds: Annotated[
        dict[str, str],
        "the bucket behind a cloud site, as ENVIRONMENT/BUCKET; what goes to others is dropped",
    ] = field(default_factory=dict)
    bucket_match: Annotated[
        bool, "false if clouds put the source bucket's name and a slash before each key"
    ] = True
    default_site: Annotated[str, "the site of rules that name none"] = "node6"
    locations: Annotated[list[str], "values of LocationConstraint that this server knows"] = field(
        default_factory=lambda: list(LOCATIONS)
    )
    backbeat: Annotated[bool, "false for a server without Backbeat"] = True
    backbeat_down: Annotated[
        bool, "Backbeat is set up and does not run: nothing is sent, its API answers 503"
    ] = False
    backbeat_old: Annotated[
        bool,
        "true for Backbeat 7.x: health, metrics of all sites together and failures are all it has",
    ] = False
    backbeat_allows: Annotated[
        bool, "false if Backbeat's own port refuses the caller's address with 403"
    ] = True
    failures_kept: Annotated[
        float, "seconds after which the list of failures forgets a version"
    ] = 24 * 3600.0
    failures_lag: Annotated[
        float, "seconds for which that list still shows a version that is retried"
    ] = 0.0
    hour: Annotated[float, "seconds that an hour takes until a scheduled resume"] = 3600.0

    def __post_init__(self) -> None:
        if self.generation not in GENERATIONS:
            raise ValueError(f"generation is {self.generation}, and can be one of {GENERATIONS}")
        if self.page_size < 1:
            raise ValueError(f"page_size is {self.page_size}, and a page needs a row")
        if self.default_site not in self.sites:
            raise ValueError(f"default_site {self.default_site!r} is none of {list(self.sites)}")
        if isinstance(self.paused, list) and set(self.paused) - set(self.sites):
            raise ValueError(
                f"paused {self.paused} names sites that are none of {list(self.sites)}"
            )

    def is_paused(self, site: str) -> bool:
        return site in self.paused if isinstance(self.paused, list) else self.paused

    def changed(self, values: dict[str, Any]) -> Settings:
        """These settings with some others. Raises ValueError for a name that does not exist."""
        unknown = set(values) - {known.name for known in fields(self)}
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **values)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def help_texts() -> dict[str, str]:
    """The description of each setting, by name."""
    hints = get_type_hints(Settings, include_extras=True)
    return {one.name: str(hints[one.name].__metadata__[0]) for one in fields(Settings)}
