# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data as YAML for an inventory: no data is lost, and no text can be evaluated as a template."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.inventory_yaml import (
    inventory_yaml,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from .generated import PROFILE


class Unsafe(str):
    """Tagged text."""


class Loader(yaml.SafeLoader):
    """Loads YAML as Ansible loads an inventory."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


@PROFILE
@given(VALUES)
def test_nothing_is_lost_and_every_template_is_tagged(value: Any) -> None:
    loaded = yaml.load(inventory_yaml(value), Loader)  # noqa: S506
    assert loaded == value
    assert all(isinstance(text, Unsafe) for text in texts(loaded) if "{" in text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ lookup('pipe', 'id') }}",
        "{% raw %}",
        "a{#",
        "\n{{ x }}",
        '"}} {{',
        "no",
        "1e3",
        "2026-01-01",
        "",
    ],
)
def test_text_stays_text(text: str) -> None:
    (loaded,) = yaml.load(inventory_yaml([text]), Loader)  # noqa: S506
    assert loaded == text
    assert isinstance(loaded, Unsafe) == ("{" in text)


def test_it_is_readable() -> None:
    value = {
        "a": {"pairs": [{"name": "x-1", "rules": [{"prefix": "", "enabled": True}]}], "none": []}
    }
    assert inventory_yaml(value).splitlines() == [
        "a:",
        "  pairs:",
        "    - name: x-1",
        "      rules:",
        '        - prefix: ""',
        "          enabled: true",
        "  none: []",
    ]


@pytest.mark.parametrize("value", [{1: "a"}, [object()], float("nan")])
def test_values_that_yaml_cannot_represent_are_refused(value: Any) -> None:
    with pytest.raises(InvalidDocument, match="inventory"):
        inventory_yaml(value)
