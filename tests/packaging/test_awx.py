# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files for AWX, and runs of the installed playbooks through ansible-runner, as AWX starts them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from sandbox import Sandbox
from sandbox.inventory import inventory as sandbox_inventory

from .conftest import ROOT, OutsideCheckout

pytestmark = [pytest.mark.packaging, pytest.mark.slow]
AWX = ROOT / "extensions" / "awx"
SURVEYS = sorted((AWX / "surveys").glob("*.json"))
CREDENTIAL_TYPES = sorted((AWX / "credential_types").glob("*.json"))
SPECS = yaml.safe_load((ROOT / "roles/replication/meta/argument_specs.yml").read_text())
OPTIONS = {
    name: option
    for entry in SPECS["argument_specs"].values()
    for name, option in entry["options"].items()
}
#: AWX's types of survey questions, by the type of the role's option.
TYPES = {
    "str": "text",
    "path": "text",
    "int": "integer",
    "float": "float",
    "bool": "multiplechoice",
}


@pytest.mark.parametrize("file", SURVEYS, ids=lambda file: file.stem)
def test_survey_questions_match_the_options_of_the_role(file: Path) -> None:
    survey = json.loads(file.read_text())
    assert (ROOT / "playbooks" / f"{file.stem}.yml").is_file()
    assert survey["name"]
    for question in survey["spec"]:
        option = OPTIONS[question["variable"]]
        kind = option.get("type", "str")
        choices = ["true", "false"] if kind == "bool" else option.get("choices")
        assert question["type"] == ("multiplechoice" if choices else TYPES[kind])
        assert question.get("choices") == choices
        default = option.get("default", "")
        assert question["default"] == (str(default).lower() if kind == "bool" else default)
        assert question["question_name"]


def test_credential_type_has_every_field_that_it_injects() -> None:
    assert CREDENTIAL_TYPES
    for file in CREDENTIAL_TYPES:
        given = json.loads(file.read_text())
        fields = {field["id"]: field for field in given["inputs"]["fields"]}
        assert set(given["inputs"]["required"]) <= fields.keys()
        assert all(field.get("secret") for name, field in fields.items() if "secret" in name)
        injected = injectors(given, {name: f"<{name}>" for name in fields}, "/file")
        assert all(f"<{name}>" in injected["file"] for name in fields)


def injectors(given: dict[str, Any], values: dict[str, str], name: str) -> dict[str, Any]:
    """The files and the environment that AWX creates from a credential."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    known = {**values, "tower": {"filename": name}}
    render = {
        "file": given["injectors"]["file"]["template"],
        **given["injectors"]["env"],
    }
    return {key: environment.from_string(text).render(known) for key, text in render.items()}


def test_ansible_builder_creates_the_context_of_the_image(outside: OutsideCheckout) -> None:
    context = outside.folder / "context"
    definition = AWX / "execution-environment.yml"
    outside.run(
        "ansible-builder",
        "create",
        "--output-filename=Containerfile",
        f"--file={definition}",
        f"--context={context}",
    )
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text())
    assert wanted == {"collections": [{"name": "scality.backbeat"}]}
    containerfile = (context / "Containerfile").read_text()
    assert "ansible-core>=2.18" in containerfile
    assert "introspect" in containerfile


@dataclass(frozen=True)
class Awx:
    """Runs jobs by ansible-runner."""

    outside: OutsideCheckout
    sandbox: Sandbox
    folder: Path

    def run(self, *playbooks: str, **extra: Any) -> dict[str, Any]:
        """Run playbooks of the collection from a project, one after the other; returns the data of set_stats."""
        job = self.folder / "job"
        for name in ("env", "inventory", "project"):
            (job / name).mkdir(parents=True)
        # AWX lists only the playbooks of a project.
        site = [
            {"name": one, "ansible.builtin.import_playbook": f"scality.backbeat.{one}"}
            for one in playbooks
        ]
        (job / "project" / "site.yml").write_text(yaml.safe_dump(site))
        hosts = sandbox_inventory(
            self.sandbox.describe(), replication_backbeat_url=self.sandbox.source.s3_url
        )
        (job / "inventory" / "hosts.json").write_text(json.dumps(hosts))
        (job / "env" / "extravars").write_text(json.dumps(extra))
        (job / "env" / "envvars").write_text(json.dumps(self.credentials(job / "env" / "keys")))
        self.outside.run("ansible-runner", "run", job, "--playbook", "site.yml", "--quiet")
        events = [
            json.loads(file.read_text()) for file in job.glob("artifacts/*/job_events/*.json")
        ]
        (stats,) = [one for one in events if one["event"] == "playbook_on_stats"]
        found: dict[str, Any] = stats["event_data"]["artifact_data"]
        return found

    def credentials(self, file: Path) -> dict[str, str]:
        """The environment of a credential of the shipped type."""
        given = json.loads((AWX / "credential_types" / "scality_environments.json").read_text())
        values = {
            f"{side}_{part}": getattr(self.sandbox[side], part)
            for side in ("source", "target")
            for part in ("access_key", "secret_key")
        }
        made = injectors(given, values, str(file))
        file.write_text(made.pop("file"))
        return made


@pytest.fixture(scope="module")
def awx(
    installed: OutsideCheckout, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Awx:
    return Awx(installed, sandbox, tmp_path_factory.mktemp("awx"))


def test_playbooks_run_as_awx_runs_them(awx: Awx, sandbox: Sandbox) -> None:
    """AWX passes the answers to a survey as text."""
    found = awx.run(
        "setup_replication",
        "verify_replication",
        "status_replication",
        "retry_failed",
        "backfill_replication",
        "repair_replication",
        replication_verify="true",
        replication_verify_timeout="60",
        replication_verify_listers=2,
        replication_backfill_wait="yes",
        replication_repair_configuration="no",
    )
    assert found["replication_summary"]["node1"]["lines"]
    (pair,) = found["replication_verification"]["node1"]
    assert pair["complete"] is True
    assert pair["states"]["in_sync"]["count"] >= 1
    (site, *_others) = found["replication_status"]["node1"]["service"]["sites"]
    assert site["state"] == "running"
    assert found["replication_retry"]["node1"]["source-bucket"]["asked"] == 0
    (pair,) = found["replication_backfill"]["node1"]
    assert pair["sent_count"] == 0
    (pair,) = found["replication_repair"]["node1"]
    assert pair["after"]["in_sync"] >= 1
    assert pair["skipped_count"] == 0
    secrets = [sandbox.source.secret_key, sandbox.target.secret_key]
    shown = subprocess.run(
        ["grep", "-rlF", *(word for one in secrets for word in ("-e", one)), awx.folder],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    # Secrets are only in the files of credentials.
    assert {Path(name).name for name in shown} == {"keys"}
