# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is raised about names, policy documents and replication configurations."""

from __future__ import annotations

from typing import Any

_LONGEST_QUOTE = 80


class Failure(Exception):
    """Work that could not be done for a known reason; `str()` tells the user what failed, why, and what to do."""

    @property
    def details(self) -> dict[str, Any]:
        """What the result of a failed task holds beside its message."""
        return {}


class Refused(Failure):
    """A request that cannot or must not be carried out; the text names the resource, the reason and the remedy."""


class InvalidDocument(Failure, ValueError):
    """A name or document that is no good. `str()` names the thing, the value and the way out."""


class UnsupportedConfiguration(InvalidDocument):
    """A replication configuration that a server may know, but that is never rewritten here."""


def quote(value: object) -> str:
    """`value` as it is shown in a message: quoted, and cut where it is too long to be read."""
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_QUOTE else f"{shown[: _LONGEST_QUOTE - 3]}..."
