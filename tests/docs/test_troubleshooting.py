# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users can get every message that the troubleshooting guide quotes, and the guide lists every finding."""

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
from tests.docs.support.provoked_by_resources import BY_RESOURCES
from tests.docs.support.provoked_by_role import provoke_by_role
from tests.docs.support.scene import Scene, messages_of
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays

GUIDE = (RST / "guide_troubleshooting.rst").read_text()
#: A quoted message is alone on its line, as the term of a definition; <..> matches any text.
QUOTES = re.findall(r"^``(.+)``\n  ", GUIDE, re.MULTILINE)
FINDINGS = re.findall(r"^   \* - ``([a-z0-9-]+)``\n     - (\w+)$", GUIDE, re.MULTILINE)
PROVOCATIONS = (*BY_CONNECTIONS, *BY_RESOURCES)

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
    """The messages that each provocation causes."""
    return dict(provoke(running_sandbox, tmp_path_factory.mktemp("provoked")))


@pytest.mark.parametrize("quote", QUOTES)
def test_quoted_message_can_occur(messages: Messages, quote: str) -> None:
    everything = [message for texts in messages.values() for message in texts]
    assert any(pattern(quote).search(message) for message in everything)


def test_guide_explains_a_message_of_every_provocation(messages: Messages) -> None:
    unexplained = {
        name: texts
        for name, texts in messages.items()
        if not any(pattern(quote).search(message) for quote in QUOTES for message in texts)
    }
    assert unexplained == {}


def test_guide_quotes_messages_once() -> None:
    assert len(QUOTES) > 50
    assert len(QUOTES) == len(set(QUOTES))


def test_guide_lists_every_finding_of_preflight() -> None:
    assert dict(FINDINGS) == {kind.id: kind.severity for kind in KINDS}
    assert len(FINDINGS) == len(KINDS)
