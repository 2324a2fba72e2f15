# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provocation, a function that causes messages, uses: both sides of the sandbox, and a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.support.modules import Result, Side


@dataclass(frozen=True)
class Scene:
    """The arguments of a provocation. The servers are in their initial state."""

    source: Side
    target: Side
    folder: Path
    monkeypatch: pytest.MonkeyPatch


#: Causes messages one after the other; yields the results of modules.
Provocation = Callable[[Scene], Iterable[Result]]


def messages_of(result: Result) -> Iterator[str]:
    """The messages in a result: of its failure, and its warnings."""
    if result.get("failed"):
        yield str(result["msg"])
    yield from result.get("warnings", ())
