# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object of an earlier run proves, and what is put if it is no proof."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Forbidden,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import proof
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.canary import Outcome
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.proof import (
    Proof,
    ProofRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.object_check import Replica
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied

from ...fake_s3 import FakeS3

ROLES = "source-role,target-role"
ARRIVED = {"version_id": "v1", "replication_status": "COMPLETED"}
TARGET = "arn:aws:s3:::t"
PUT, SENT = "PutObject s/a/k", "PutObjectTagging s/a/k"


def rule(prefix: str, target: str = TARGET, status: str = "Enabled") -> dict[str, Any]:
    return {"Prefix": prefix, "Status": status, "Destination": {"Bucket": target}}


class Scene:
    """A pair of buckets with an object that was replicated with the current configuration."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **request: Any) -> None:
        self.object: dict[str, Any] | None = dict(ARRIVED)
        self.arrives = True
        self.configuration: dict[str, Any] | None = {"Role": ROLES, "Rules": [rule("a/")]}
        self.stamp: dict[str, Any] | Exception = {"role": ROLES, "destination": TARGET}
        self.kept: list[str] = []
        self.error: Exception | None = None
        self.canary = Outcome({"elapsed": 2.0}, changes=["PutObject canary"])
        self.waits: list[float] = []
        self.proof = Proof(
            ProofRequest("s", "a/k", Replica("t", "a/k"), **request), FakeS3().api(), FakeS3().api()
        )
        canary: Any = SimpleNamespace(
            attempt=lambda _control: self.canary, planned=lambda: ["PutObject canary"]
        )
        self.proof.canary = canary
        monkeypatch.setattr(proof, "ObjectCheck", self.check)
        monkeypatch.setattr(proof, "retentions", lambda *_places: (self.kept, []))
        monkeypatch.setattr(proof.s3_buckets, "replication", lambda *_names: self.configuration)
        monkeypatch.setattr(proof.s3_objects, "stamp", self.stamped)
        monkeypatch.setattr(proof.s3_objects, "send_again", self.send_again)
        upload = SimpleNamespace(put=lambda _control, _body: "v1")
        monkeypatch.setattr(proof, "Upload", lambda *_names: upload)

    def check(self, wanted: Any, *_apis: Any, **_more: Any) -> Any:
        seen = {"object": self.object, "elapsed": 1.0}

        def run() -> dict[str, Any]:
            self.waits.append(wanted.timeout)
            if not self.arrives:
                raise Unsatisfied("It did not arrive.", seen)
            return seen

        arrived = self.object is not None and self.arrives
        return SimpleNamespace(poll_once=lambda: (seen, arrived), run=run)

    def stamped(self, *_names: Any) -> dict[str, Any]:
        if isinstance(self.stamp, Exception):
            raise self.stamp
        return self.stamp

    def send_again(self, *_names: Any) -> None:
        if self.error is not None:
            raise self.error

    def run(self) -> dict[str, Any]:
        """The result of a run, after check mode predicted its changes."""
        foreseen = self.proof.predict(Control())["changes"]
        done = self.proof.run(Control())
        assert done["changes"] == foreseen
        return done

    def unsatisfied(self) -> Unsatisfied:
        with pytest.raises(Unsatisfied) as caught:
            self.proof.run(Control())
        return caught.value


def test_an_object_that_was_sent_with_the_present_configuration_is_a_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Scene(monkeypatch).run()
    assert (found["proof"], found["changes"], found["warnings"]) == ("valid", [], [])


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        (None, "The bucket s has no replication configuration."),
        ({"Role": "other", "Rules": [rule("a/")]}, "was sent with other roles than"),
        ({"Role": ROLES, "Rules": [rule("a/", "arn:aws:s3:::x")]}, "with other target bucket than"),
        ({"Role": ROLES, "Rules": [rule("b/")]}, "with other target bucket than"),
        ({"Role": ROLES, "Rules": [rule("a/", status="Disabled")]}, "with other target bucket"),
        ({"Role": "other", "Rules": []}, "with other roles and target bucket than"),
    ],
)
def test_an_object_of_another_configuration_proves_nothing_and_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, configuration: dict[str, Any] | None, reason: str
) -> None:
    scene = Scene(monkeypatch)
    scene.configuration = configuration
    found = scene.run()
    assert found["proof"] == "new"
    assert reason in found["reason"]
    assert found["changes"] == [SENT, "PutObject canary"]
    assert found["canary"] == {"elapsed": 2.0}
    assert found["elapsed"] == 2.0


def test_the_rule_that_covers_the_object_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    rules = [rule("b/", "arn:aws:s3:::x"), rule("a/x", "arn:aws:s3:::x"), rule("a/")]
    scene.configuration = {"Role": ROLES, "Rules": rules}
    assert scene.run()["proof"] == "valid"


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        ({}, "the server does not return it"),
        (Forbidden(Call("GetObject", "http://node1", "read it"), "No"), "Failed to read it"),
    ],
)
def test_without_the_roles_it_was_sent_with_it_is_a_proof_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, stamp: Any, why: str
) -> None:
    scene = Scene(monkeypatch)
    scene.stamp = stamp
    found = scene.run()
    assert (found["proof"], found["changes"]) == ("unverified", [])
    assert why in found["reason"]
    assert found["warnings"] == [found["reason"]]


def test_a_server_without_a_response_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    scene.stamp = Unreachable(Call("GetObject", "http://node1", "read it"), "away")
    with pytest.raises(Unreachable):
        scene.run()


def test_the_first_object_is_put_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, timeout=70.0)
    scene.object = None
    found = scene.run()
    assert (found["proof"], found["changes"], found["canary"]) == ("new", [PUT], None)
    assert scene.waits == [70.0]


def test_a_first_object_that_does_not_arrive_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    scene.object, scene.arrives = None, False
    failed = scene.unsatisfied()
    assert str(failed) == "It did not arrive."
    assert (failed.seen["proof"], failed.seen["changes"]) == ("none", [PUT])


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(not_put=Unsatisfied("Not put.", {})),
        Outcome({}, not_replicated=Unsatisfied("Not copied.", {}, "Wait.")),
    ],
)
def test_a_canary_that_is_not_replicated_fails(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    scene = Scene(monkeypatch, fresh=True)
    scene.canary = outcome
    failed = scene.unsatisfied()
    assert str(failed) == ("Not put." if outcome.not_put else "Not copied. Wait.")
    assert (failed.what, failed.remedy) == (
        ("Not put.", "") if outcome.not_put else ("Not copied.", "Wait.")
    )
    assert (failed.seen["proof"], failed.seen["canary"]) == ("none", None)


def test_something_that_was_changed_needs_a_new_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Scene(monkeypatch, fresh=True).run()
    assert (found["proof"], found["changes"]) == ("new", [SENT, "PutObject canary"])
    assert "something was changed since then, or was not checked" in found["reason"]


@pytest.mark.parametrize(("timeout", "waited"), [(300.0, proof.GRACE), (7.0, 7.0)])
def test_an_old_object_that_does_not_arrive_with_the_canary_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, timeout: float, waited: float
) -> None:
    scene = Scene(monkeypatch, timeout=timeout)
    scene.arrives = False
    found = scene.run()
    assert found["proof"] == "new"
    (warning,) = found["warnings"]
    assert "It did not arrive. The next run proves replication with another object" in warning
    assert scene.waits == [waited]


def test_a_replica_is_not_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, fresh=True)
    scene.object = {**ARRIVED, "replication_status": "REPLICA"}
    assert scene.proof.run(Control())["changes"] == ["PutObject canary"]


def test_an_object_that_cannot_be_sent_again_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, fresh=True)
    scene.error = Forbidden(Call("PutObjectTagging", "http://node1", "put tags"), "No")
    found = scene.proof.run(Control())
    assert (found["proof"], found["changes"]) == ("new", ["PutObject canary"])
    assert "The object s/a/k cannot be sent again. Failed to put tags" in found["warnings"][0]


def test_remaining_versions_of_a_canary_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, fresh=True)
    scene.canary.left_behind = {"target": "canary, version 1: No"}
    assert scene.run()["warnings"] == ["target: canary, version 1: No"]


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_put_into_buckets_with_retention_unless_requested(
    monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    scene = Scene(monkeypatch, fresh=True)
    scene.kept = ["s (COMPLIANCE, 1 day)", "t (GOVERNANCE, 2 days)"]
    if not there:
        scene.object = None
    found = scene.run()
    assert (found["proof"], found["changes"]) == ("withheld", [])
    kept = "retention of s (COMPLIANCE, 1 day) and t (GOVERNANCE, 2 days) would keep it"
    assert kept in found["warnings"][0]
    despite = Scene(monkeypatch, fresh=True, despite_retention=True)
    despite.kept = scene.kept
    assert despite.run()["proof"] == "new"


def test_a_valid_proof_needs_no_object_in_a_bucket_with_retention(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch)
    scene.kept = ["s (COMPLIANCE, 1 day)"]
    found = scene.run()
    assert (found["proof"], found["warnings"]) == ("valid", [])
