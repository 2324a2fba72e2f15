# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible accepts the options of every module's documented examples."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..documented import MODULES, examples_of, module


@pytest.mark.parametrize("name", MODULES)
def test_examples_have_valid_options(name: str) -> None:
    examples = yaml.safe_load(module(name).EXAMPLES)
    own = examples_of(name)
    assert own
    assert all(task["name"][0].isupper() for task in examples)
    for options in own:
        spec: dict[str, Any] = module(name).TASK.argument_spec()
        result = ArgumentSpecValidator(spec.pop("argument_spec"), **spec).validate(options)
        assert not result.error_messages, result.error_messages
