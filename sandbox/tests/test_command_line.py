# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: every setting and port has an option with a help text, which configures the servers."""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import sandbox
from sandbox import Sandbox
from sandbox.__main__ import main, parser
from sandbox.environments import SERVICES, SIDES
from sandbox.settings import Settings, help_texts

FOLDER = Path(sandbox.__file__).parent
pytestmark = pytest.mark.sandbox


def options_of(command: str) -> dict[str, argparse.Action]:
    (commands,) = (one for one in parser()._actions if isinstance(one.choices, dict))
    assert isinstance(commands.choices, dict)
    found: argparse.ArgumentParser = commands.choices[command]
    return {name: action for action in found._actions for name in action.option_strings}


@pytest.mark.parametrize("command", ["run", "start"])
def test_every_setting_and_port_has_an_option_with_help(command: str) -> None:
    options = options_of(command)
    wanted = {f"--{setting.name.replace('_', '-')}" for setting in fields(Settings)}
    wanted |= {f"--{name}-{service}-port" for name in SIDES for service in SERVICES}
    assert wanted <= set(options)
    assert all(option.help for option in options.values())
    assert set(help_texts()) == {setting.name for setting in fields(Settings)}


def test_help_is_printed() -> None:
    command = [sys.executable, "-m", "sandbox", "run", "--help"]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    text = " ".join(done.stdout.split())
    assert "--resume-delay FLOAT seconds from a resume" in text
    assert "--environment NAME[=ACCOUNT]" in text


@pytest.mark.slow
def test_options_configure_the_servers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = f"--state={tmp_path}"
    named = ["--environment", "one", "--environment=two=222222222222", "--environment", "three"]
    given = ["--delay", "7.5", "--unsupported-calls", '["GetUser"]', "--generation=2025"]
    assert main(["start", state, *named, *given]) == 0
    try:
        described = json.loads(capsys.readouterr().out)
        assert described["environments"] == ["one", "two", "three"]
        assert described["two"]["account_id"] == "222222222222"
        settings = Sandbox.attach(tmp_path).settings("one")
        assert (settings["delay"], settings["unsupported_calls"]) == (7.5, ["GetUser"])
        assert settings["sites"] == {"two": "two", "three": "three"}
    finally:
        main(["stop", state])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--generation", "1999"], "generation is 1999"),
        (["--port", "source_s3"], "expected NAME_SERVICE=PORT"),
        (["--port", "x_s3=1"], "no such port: x_s3"),
        (["--environment", "a", "--environment", "B"], "'B' is no name"),
    ],
)
def test_invalid_option_is_refused(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["start", f"--state={tmp_path}", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_names_in_the_readme_exist() -> None:
    text = (FOLDER / "README.md").read_text()
    for name in re.findall(r"sandbox\.(\w+)\(", text):
        assert hasattr(Sandbox, name), name
    for name in re.findall(r"(?<![-|])--([a-z][a-z-]+)", text):
        assert f"--{name}" in options_of("run"), name


def test_sandbox_imports_nothing_from_the_collection() -> None:
    """The sandbox imports nothing from the collection, its tests or its development tools."""
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            roots = {name.partition(".")[0] for name in names}
            assert not roots & {"devtools", "tests", "benchmarks", "ansible_collections"}, file
