# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that the troubleshooting guide quotes is one that a user can get, and every finding is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight.preflight import (
    KINDS,
)
from sandbox import Sandbox
from tests.docs.support.blocks import RST
from tests.docs.support.provoked_by_connections import BY_CONNECTIONS
from tests.docs.support.provoked_by_role import provoke_by_role
from tests.docs.support.provoked_by_things import BY_THINGS
from tests.docs.support.scene import Scene, messages_of
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays

GUIDE = (RST / "guide_troubleshooting.rst").read_text()
#: What is quoted stands alone on its line, as the term of a definition; <..> stands for any text.
QUOTES = re.findall(r"^``(.+)``\n  ", GUIDE, re.MULTILINE)
FINDINGS = re.findall(r"^   \* - ``([a-z0-9-]+)``\n     - (\w+)$", GUIDE, re.MULTILINE)
PROVOCATIONS = (*BY_CONNECTIONS, *BY_THINGS)

Messages = dict[str, list[str]]


def pattern(quote: str) -> re.Pattern[str]:
    return re.compile(".+?".join(map(re.escape, re.split(r"<\w+>", quote))))


def provoke(sandbox: Sandbox, folder: Path) -> Iterator[tuple[str, list[str]]]:
    for provocation in PROVOCATIONS:
        sandbox.reset()
        with pytest.MonkeyPatch.context() as patch:
            source, target = (Side(sandbox, side) for side in (sandbox.source, sandbox.target))
            for number, result in enumerate(provocation(Scene(source, target, folder, patch))):
                yield f"{provocation.__name__} {number}", list(messages_of(result))
    sandbox.reset()
    for number, message in enumerate(provoke_by_role(Plays(sandbox, folder))):
        yield f"role {number}", [message]


@pytest.fixture(scope="session")
def messages(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Messages:
    """All that the provocations bring to light, by the provocation."""
    return dict(provoke(running_sandbox, tmp_path_factory.mktemp("provoked")))


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quoted_message_is_provoked(messages: Messages, quote: str) -> None:
    everything = [message for said in messages.values() for message in said]
    assert any(pattern(quote).search(message) for message in everything)


def test_every_provocation_brings_a_message_that_the_guide_explains(messages: Messages) -> None:
    unexplained = {
        name: said
        for name, said in messages.items()
        if not any(pattern(quote).search(message) for quote in QUOTES for message in said)
    }
    assert unexplained == {}


def test_the_guide_quotes_messages() -> None:
    assert len(QUOTES) > 50
    assert len(QUOTES) == len(set(QUOTES))


def test_every_finding_of_preflight_is_in_the_guide() -> None:
    assert dict(FINDINGS) == {kind.id: kind.severity for kind in KINDS}
    assert len(FINDINGS) == len(KINDS)
