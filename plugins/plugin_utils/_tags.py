# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the command line for tags that no task has: with `--tags` a run would do nothing, with `--skip-tags` too
much."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._role_variables import similar

#: The tags of the role's steps; its other entry points have none.
STEPS = ("preflight", "roles", "policies", "buckets", "replication", "verify")
#: Tags with a meaning in Ansible itself.
SPECIAL = ("all", "always", "never", "tagged", "untagged")
PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
#: The similarity (up to 1) from which a tag counts as a misspelling of another.
SIMILAR = 0.75


@dataclass(frozen=True)
class Tags:
    """run, skip: of the command line. steps: of the entry point. inherited: further tags of its tasks.

    only_ours: whether the run only has tasks of this collection's playbooks.
    """

    run: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()
    only_ours: bool = False

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> Tags:
        """Build them from the argument `run` of plan_host."""
        return cls(
            tuple(run.get("tags") or ()),
            tuple(run.get("skip_tags") or ()),
            STEPS if run.get("to_set_up", True) else (),
            tuple(run.get("task_tags") or ()),
            are_ours(run.get("playbooks") or ()),
        )

    @property
    def select_nothing(self) -> bool:
        """Whether these tags only select tasks outside the entry point, as in a playbook with other tasks."""
        ours = {*self.steps, *SPECIAL, *self.inherited} - {"always"}
        return bool(self.run) and ours.isdisjoint(self.run)

    def refused(self) -> list[str]:
        """A sentence for each tag because of which this run would not do the requested work."""
        if not self.only_ours:
            return []
        unknown = [
            *self._unknown(self.run),
            *similar(self._unknown(self.skip), self.steps, SIMILAR),
        ]
        return [self._sentence(tag) for tag in dict.fromkeys(unknown)]

    def warnings(self) -> list[str]:
        """A sentence for each tag that may be for other tasks, but is similar to one of these."""
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
    """Whether there are playbooks on the command line, and all of them are from this collection."""
    return bool(playbooks) and all(
        re.fullmatch(r"scality\.backbeat\.\w+", one) or Path(one).resolve().parent == PLAYBOOKS
        for one in playbooks
    )
