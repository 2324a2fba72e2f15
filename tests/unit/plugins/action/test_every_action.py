# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module has an action plugin with its name and the same behaviour."""

from __future__ import annotations

from importlib import import_module

import pytest

from ..documented import MODULES, PACKAGE, module


@pytest.mark.parametrize("name", MODULES)
def test_each_action_has_the_task_of_its_module(name: str) -> None:
    action = import_module(f"{PACKAGE}.action.{name}")
    assert action.ActionModule.TASK is module(name).TASK
