# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of the command line that no task has: with `--tags` nothing would be done, with `--skip-tags` too much."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._role_variables import similar

#: The tags of the role's steps; its other entry points have none.
STEPS = ("preflight", "roles", "policies", "buckets", "replication", "verify")
#: What Ansible itself gives a meaning.
SPECIAL = ("all", "always", "never", "tagged", "untagged")
PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
#: How similar two tags are, of 1, if one is taken for the other.
SIMILAR = 0.75


@dataclass(frozen=True)
class Tags:
    """run, skip: of the command line. steps: those of the entry point. inherited: what else its tasks have.

    only_ours: whether the run has no tasks but those of this collection's playbooks.
    """

    run: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()
    only_ours: bool = False

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> Tags:
        """From what plan_host is told of the run."""
        return cls(
            tuple(run.get("tags") or ()),
            tuple(run.get("skip_tags") or ()),
            STEPS if run.get("to_set_up", True) else (),
            tuple(run.get("task_tags") or ()),
            are_ours(run.get("playbooks") or ()),
        )

    @property
    def select_nothing(self) -> bool:
        """Whether these select other tasks than those of the entry point, as in a playbook that has more."""
        ours = {*self.steps, *SPECIAL, *self.inherited} - {"always"}
        return bool(self.run) and ours.isdisjoint(self.run)

    def refused(self) -> list[str]:
        """A sentence for each tag that would keep this run from doing what it was asked to do."""
        if not self.only_ours:
            return []
        unknown = [
            *self._unknown(self.run),
            *similar(self._unknown(self.skip), self.steps, SIMILAR),
        ]
        return [self._sentence(tag) for tag in dict.fromkeys(unknown)]

    def warnings(self) -> list[str]:
        """A sentence for each tag that may be meant for other tasks, but resembles one of these."""
        if self.only_ours:
            return []
        unknown = self._unknown((*self.run, *self.skip))
        return [self._sentence(tag) for tag in similar(unknown, self.steps, SIMILAR)]

    def _unknown(self, tags: Iterable[str]) -> Iterator[str]:
        known = {*self.steps, *SPECIAL, *self.inherited}
        return (tag for tag in tags if tag not in known)

    def _sentence(self, tag: str) -> str:
        if not self.steps:
            return (
                f"No task of this playbook has the tag {tag}, so nothing would be done: it has no tags. Run it without "
                "--tags."
            )
        (meant,) = similar([tag], self.steps, SIMILAR).values() or ("",)
        hint = f"Did you mean {meant}? " if meant else ""
        return f"No step of the role has the tag {tag}. {hint}Its tags are {', '.join(self.steps)}."


def are_ours(playbooks: Collection[str]) -> bool:
    """Whether these, as the command line has them, are playbooks of this collection, and there is one."""
    return bool(playbooks) and all(
        re.fullmatch(r"scality\.backbeat\.\w+", one) or Path(one).resolve().parent == PLAYBOOKS
        for one in playbooks
    )
