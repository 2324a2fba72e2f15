# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder puts into an execution environment for the installed collection."""

from __future__ import annotations

import pytest
import yaml

from .conftest import ROOT, OutsideCheckout

pytestmark = [pytest.mark.packaging, pytest.mark.slow]


def test_ansible_builder_finds_the_requirements_of_the_modules(installed: OutsideCheckout) -> None:
    answer = yaml.safe_load(installed.run("ansible-builder", "introspect", installed.collections))
    requirements = (ROOT / "meta" / "ee-requirements.txt").read_text().splitlines()
    needed = [line for line in requirements if not line.startswith("#")]
    found = {line.split("  # ")[0] for line in answer["python"]}
    assert found == set(needed)
    assert answer.get("system", []) == []
