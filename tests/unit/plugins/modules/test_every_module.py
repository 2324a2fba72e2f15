# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements for every module: documentation, files, action groups, defaults.

None of them depends on the version of Ansible; test_examples.py has those that do.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

import pytest
import yaml

from ..documented import (
    COLLECTION,
    MODULES,
    documentation,
    documented,
    examples_of,
    module,
    specified,
)
from ..tasks import requested

EVERY = pytest.mark.parametrize("name", MODULES)
CONNECTION_OF_GROUP = {"endpoint_url": "http://node1"}


def test_there_are_modules() -> None:
    assert len(MODULES) > 5


@EVERY
def test_has_unit_tests(name: str) -> None:
    assert (COLLECTION / "tests" / "unit" / "plugins" / "modules" / f"test_{name}.py").is_file()


@EVERY
def test_documents_its_options(name: str) -> None:
    spec = module(name).TASK.argument_spec()["argument_spec"]
    assert documented(documentation(name)["options"]) == specified(spec)


@EVERY
def test_documents_itself(name: str) -> None:
    document = documentation(name)
    assert document["module"] == name
    assert document["short_description"][0].isupper()
    assert not document["short_description"].endswith(".")
    assert document["description"]
    assert {"check_mode", "diff_mode", "idempotent"} <= set(document["attributes"])


@EVERY
def test_documents_its_results(name: str) -> None:
    task, results = module(name).TASK, yaml.safe_load(module(name).RETURN)
    assert ("results" in results) == bool(task.plural)
    assert all(result.get("returned") and result.get("type") for result in results.values())
    reads = documentation(name)["attributes"]["diff_mode"]["support"] == "none"
    assert ("changes" in results) != reads
    assert reads == name.endswith(("_info", "_check", "_preflight", "_verify", "_plan"))
    assert not task.plural or task.plural in task.argument_spec()["argument_spec"]


@EVERY
def test_is_in_the_action_group_of_its_endpoint(name: str) -> None:
    task = module(name).TASK
    groups = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())["action_groups"]
    assert [group for group, names in groups.items() if name in names] == (
        [task.service.name] if task.service else []
    )
    fragment = f"scality.backbeat.attributes.{task.service.name if task.service else None}"
    document = yaml.safe_load(module(name).DOCUMENTATION)
    if task.service:
        assert fragment in document["extends_documentation_fragment"]


def test_action_groups_name_modules_and_nothing_else() -> None:
    groups = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())["action_groups"]
    assert not {name for names in groups.values() for name in names} - set(MODULES)


def secret(options: dict[str, Any]) -> set[str]:
    """The names of options that are hidden in output, including suboptions."""
    names = {name for name, option in options.items() if option.get("no_log")}
    return names.union(*(secret(option.get("options") or {}) for option in options.values()))


@EVERY
def test_hides_secrets_and_nothing_else(name: str) -> None:
    """Keys of objects are not hidden: hidden values are removed from the whole result."""
    spec = module(name).TASK.argument_spec()["argument_spec"]
    assert secret(spec) <= {"secret_key", "session_token"}


#: Options for tasks with only one item.
SUBJECT = ("name", "bucket", "key", "source", "target", "policy")
#: The attributes of requests for them, besides fields without a default.
OF_SUBJECT = {"document", "replica", "s3", "source_iam", "target_iam"}


@EVERY
def test_requests_made_within_have_the_defaults_of_options(name: str) -> None:
    """Queries and jobs build requests for others, which have the defaults of their fields."""
    task = module(name).TASK
    spec = task.argument_spec()["argument_spec"]
    example = next(one for one in examples_of(name) if not {task.plural, "side"} & set(one))
    given = {
        option: value
        for option, value in example.items()
        if spec[option].get("required") or (task.plural and option in SUBJECT)
    }
    request = requested(task, **given)
    defaults = {one.name: default(one) for one in fields(request) if one.name not in OF_SUBJECT}
    wanted = {field: value for field, value in defaults.items() if value is not MISSING}
    assert {field: getattr(request, field) for field in wanted} == wanted


def default(field: Field[Any]) -> Any:
    made = field.default_factory
    return field.default if made is MISSING else made()
