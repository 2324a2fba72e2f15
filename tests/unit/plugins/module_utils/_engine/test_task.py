# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's options, argument specs and results, for one item or a list of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.module_utils import _waiting as progress
from ansible_collections.scality.backbeat.plugins.module_utils._clients import session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Forbidden,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import (
    IAM,
    S3,
    Service,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import BadConnection
from ansible_collections.scality.backbeat.plugins.module_utils._engine import task as engine
from ansible_collections.scality.backbeat.plugins.module_utils._engine.reconcile import RESOURCE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Deadline
from ansible_collections.scality.backbeat.plugins.module_utils._work import (
    Change,
    InvalidDocument,
    Plan,
    Query,
    Refused,
    Unsatisfied,
)

from ...fake_client import FakeClient

CONNECTION = {"endpoint_url": "http://node1"}
ERRORS: dict[str, Exception] = {
    "forbidden": Forbidden(
        Call("GetThing", "http://node1", "read the thing"), "no", code="AccessDenied", status=403
    ),
    "refused": Refused("refused"),
    "invalid": InvalidDocument("invalid"),
    "unreachable": BadConnection("bad connection"),
    "unsatisfied": Unsatisfied("unsatisfied", {"polls": 3}),
}

TOO_MUCH = 99


class Thing:
    """A resource that is changed if its size is not 0, and fails if its name is that of an error."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def read(self) -> str | None:
        if self.options["name"] in ERRORS:
            raise ERRORS[self.options["name"]]
        return "state"

    def plan(self, current: str | None) -> Plan[str]:
        grow = Change[str]("Grow", str(self.options["name"]), self._grow)
        return Plan(
            current, (grow,) if self.options["size"] else (), ("a warning", self.options["name"])
        )

    def _grow(self, state: str | None) -> str | None:
        if self.options["size"] == TOO_MUCH:
            raise ERRORS["forbidden"]
        return state

    def describe(self, _state: str | None) -> dict[str, Any]:
        return dict(self.options)

    def compared(self, _state: str | None) -> dict[str, Any]:
        return {}


class Ask(Query):
    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def run(self) -> dict[str, Any]:
        if self.options["name"] in ERRORS:
            raise ERRORS[self.options["name"]]
        return {"thing": {"name": self.options["name"]}}


def a_task(build: Any = lambda options, _connections: Thing(options), **differences: Any) -> Task:
    defaults: dict[str, Any] = {
        "key": "thing",
        "plural": "things",
        "service": S3,
        "identity": ("name",),
        "kind": RESOURCE,
        "item": {
            "name": {"type": "str"},
            "size": {"type": "int", "default": 0},
            "weight": {"type": "int"},
        },
        "shared": {"patience": {"type": "int", "default": 5}},
        "rules": {"mutually_exclusive": [("size", "weight")]},
    }
    return Task(request=dict, build=build, **{**defaults, **differences})


TASK = a_task()


def checked(options: dict[str, Any], task: Task = TASK) -> dict[str, Any]:
    """The options as Ansible passes them to a module. AssertionError with Ansible's message if they are invalid."""
    spec = task.argument_spec()
    result = ArgumentSpecValidator(spec.pop("argument_spec"), **spec).validate(
        {**CONNECTION, **options}
    )
    assert not result.error_messages, result.error_messages
    return dict(result.validated_parameters)


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """The endpoints that were opened: service, URL, pool."""
    opened: list[tuple[str, str, int]] = []

    def open_api(
        service: Service, options: Mapping[str, Any], *, pool: int, deadline: Deadline
    ) -> Any:
        opened.append((service.name, options["endpoint_url"], pool))
        return FakeClient().api()

    monkeypatch.setattr(session, "open_api", open_api)
    return opened


def run(options: dict[str, Any], task: Task = TASK, **mode: bool) -> dict[str, Any]:
    return task.run(checked(options, task), **{"check_mode": False, **mode})


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            {"name": "a"},
            {"name": "a", "size": 1},
            {"name": "a", "profile": "p"},
            {"name": "a", "access_key": "k", "secret_key": "s"},
            {"things": []},
            {"things": [{"name": "a"}, {"name": "b", "size": 2}], "patience": 1, "concurrency": 2},
        ],
    )
    def test_good(self, options: dict[str, Any]) -> None:
        assert checked(options)["region"] == "us-east-1"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "one of the following is required: name, things"),
            ({"name": "a", "things": []}, "mutually exclusive: name.things"),
            ({"things": [{"size": 1}]}, "missing required arguments: name found in things"),
            ({"things": [{"name": "a", "patience": 1}]}, "things.patience"),
            ({"things": [{"name": "a", "endpoint_url": "u"}]}, "things.endpoint_url"),
            ({"name": "a", "size": 1, "weight": 1}, "mutually exclusive: size.weight"),
            (
                {"things": [{"name": "a", "size": 1, "weight": 1}]},
                "mutually exclusive: size.weight found in things",
            ),
            (
                {"name": "a", "profile": "p", "access_key": "k", "secret_key": "s"},
                "profile.access_key",
            ),
            ({"name": "a", "access_key": "k"}, "required together: access_key, secret_key"),
        ],
    )
    def test_bad(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(AssertionError, match=message):
            checked(options)

    def test_names_of_two_parts_go_together(self) -> None:
        pair = {"bucket": {"type": "str"}, "key": {"type": "str"}}
        task = a_task(identity=("bucket", "key"), item=pair, rules={})
        assert task.name(checked({"bucket": "b", "key": "k"}, task)) == "b/k"
        with pytest.raises(AssertionError, match="required together: bucket, key"):
            checked({"bucket": "b"}, task)
        with pytest.raises(AssertionError, match="missing required arguments: key"):
            checked({"things": [{"bucket": "b"}]}, task)

    def test_two_sided_tasks_have_no_connection_at_the_top_level(self) -> None:
        assert "endpoint_url" not in a_task(service=None).argument_spec()["argument_spec"]

    def test_specs_are_not_shared(self) -> None:
        TASK.argument_spec()["argument_spec"]["name"]["required"] = True
        assert "required" not in TASK.argument_spec()["argument_spec"]["name"]


class TestOneItem:
    def test_has_its_own_options_and_the_shared_ones(self) -> None:
        result = run({"name": "a", "size": 2})
        assert result["thing"] == {"name": "a", "size": 2, "weight": None, "patience": 5}
        assert (result["changed"], result["changes"]) == (True, ["Grow a"])
        assert result["warnings"] == ["a warning", "a"]
        assert result["diff"]["before_header"] == "thing a"

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_check_mode_makes_no_change(self, check_mode: bool) -> None:
        result = run({"name": "a", "size": TOO_MUCH}, check_mode=check_mode)
        assert result["changed"] is check_mode
        assert result.get("failed", False) is not check_mode

    def test_the_diff_is_left_out_unless_requested(self) -> None:
        assert "diff" not in run({"name": "a", "size": 1}, diff=False)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            (
                "forbidden",
                {
                    "msg": "Failed to read the thing at http://node1: no (AccessDenied). The call is GetThing.",
                    "changes": [],
                    "error": {
                        "code": "AccessDenied",
                        "message": "no",
                        "status": 403,
                        "request_id": None,
                        "operation": "GetThing",
                        "endpoint": "http://node1",
                    },
                },
            ),
            ("refused", {"msg": "refused", "changes": []}),
            ("invalid", {"msg": "invalid", "changes": []}),
            ("unreachable", {"msg": "bad connection", "changes": []}),
            ("unsatisfied", {"msg": "unsatisfied", "polls": 3, "changes": []}),
        ],
    )
    def test_failures(self, name: str, expected: dict[str, Any]) -> None:
        failed = {"changed": False, "failed": True, "warnings": []}
        assert run({"name": name}) == {**failed, **expected}

    def test_changes_before_a_failure_are_in_the_result(self) -> None:
        class Twice(Thing):
            def plan(self, current: str | None) -> Plan[str]:
                fail = Change[str]("Fail", "x", lambda _state: self._fail())
                return Plan(current, (Change("Grow", "x", lambda state: state), fail))

            def _fail(self) -> None:
                raise ERRORS["forbidden"]

        result = run({"name": "a"}, a_task(lambda options, _connections: Twice(options)))
        assert (result["failed"], result["changed"], result["changes"]) == (True, True, ["Grow x"])

    def test_a_name_without_a_value_is_a_failure(self) -> None:
        result = run({"name": None})
        assert (result["failed"], result["msg"]) == (
            True,
            "name has no value: give the name of the thing.",
        )

    def test_bugs_are_not_hidden(self) -> None:
        """They are results, because secrets are removed from results, but not from tracebacks."""
        result = run({"name": "a"}, a_task(lambda _options, _connections: 1 / 0))
        assert result["failed"]
        assert "Unexpected ZeroDivisionError" in result["msg"]
        assert "1 / 0" in result["exception"]


class TestSeveralItems:
    def test_have_results_in_their_order(self) -> None:
        names = [f"item-{number}" for number in range(20)]
        result = run({"things": [{"name": name, "size": 1} for name in names]})
        assert [one["thing"]["name"] for one in result["results"]] == names
        assert [one["before_header"] for one in result["diff"]] == [
            f"thing {name}" for name in names
        ]
        assert result["changed"] is True
        assert result["warnings"] == ["a warning", *names]
        assert not {"diff", "warnings"} & set(result["results"][0])

    def test_are_processed_in_parallel(self, opened: list[tuple[str, str, int]]) -> None:
        together = threading.Barrier(4, timeout=10)

        def build(options: Mapping[str, Any], connections: Any) -> Query:
            assert connections.main
            together.wait()
            return Ask(options)

        items = [{"name": f"item-{number}"} for number in range(8)]
        run({"things": items, "concurrency": 4}, a_task(build, kind=engine.QUERY))
        assert opened == [("s3", "http://node1", 4)] * 8

    @pytest.mark.parametrize("concurrency", [1, 2, 100])
    def test_any_concurrency_will_do(self, concurrency: int) -> None:
        result = run({"things": [{"name": "a"}, {"name": "b"}], "concurrency": concurrency})
        assert len(result["results"]) == 2

    def test_that_fail_do_not_stop_the_others(self) -> None:
        items = [{"name": name, "size": 1} for name in ("a", "refused", "b", "forbidden")]
        result = run({"things": items})
        assert (result["failed"], result["changed"]) == (True, True)
        lines = result["msg"].splitlines()
        assert lines[:2] == ["2 of 4 things failed.", "refused: refused"]
        assert lines[2].startswith("forbidden: ")
        assert [one["changed"] for one in result["results"]] == [True, False, True, False]
        assert result["results"][3]["error"]["code"] == "AccessDenied"

    def test_that_fail_for_one_reason_are_named_together_with_few_reasons(self) -> None:
        def build(options: Mapping[str, Any], _connections: Any) -> Query:
            class Fail(Ask):
                def run(self) -> dict[str, Any]:
                    raise InvalidDocument(f"Reason {options['size']}.")

            return Fail(options)

        sizes = (1, 2, 1, 3, 4, 5, 6, 7)
        items = [{"name": f"n{number}", "size": size} for number, size in enumerate(sizes)]
        result = run({"things": items}, a_task(build, kind=engine.QUERY))
        assert result["msg"].splitlines() == [
            "8 of 8 things failed.",
            "n0, n2: Reason 1.",
            "n1: Reason 2.",
            "n3: Reason 3.",
            "n4: Reason 4.",
            "n5: Reason 5.",
            "n6, n7 failed for other reasons: see the results.",
        ]

    def test_that_need_nothing_change_nothing(self) -> None:
        result = run({"things": [{"name": "a"}, {"name": "b"}]})
        assert (result["changed"], "failed" in result) == (False, False)

    def test_may_be_none(self) -> None:
        assert run({"things": []}) == {"changed": False, "results": [], "warnings": []}


class TestExclusive:
    """Items that are read, changed and written as a whole."""

    @pytest.fixture
    def at_work(self) -> list[str]:
        return []

    def task(self, at_work: list[str], lost: tuple[str, ...] = (), exclusive: bool = True) -> Task:
        class Whole(Thing):
            def read(self) -> str | None:
                assert self.options["name"] not in at_work, "two at a time"
                at_work.append(self.options["name"])
                time.sleep(0.02)
                at_work.remove(self.options["name"])
                return super().read()

            def confirm(self) -> None:
                if self.options["weight"] is None and self.options["name"] in lost:
                    raise ERRORS["refused"]

        return a_task(lambda options, _connections: Whole(options), exclusive=exclusive, rules={})

    def test_of_one_name_are_processed_one_after_the_other(self, at_work: list[str]) -> None:
        names = ["a", "b", "a", "c", "a", "b"]
        items = [{"name": name, "size": number + 1} for number, name in enumerate(names)]
        # Also without a lock.
        task = self.task(at_work, exclusive=False)
        result = run({"things": items, "concurrency": 6}, task)
        assert [one["thing"]["size"] for one in result["results"]] == [1, 2, 3, 4, 5, 6]

    def test_of_one_turn_are_processed_one_after_the_other(self, at_work: list[str]) -> None:
        """Independently of their names."""

        class Shared(Thing):
            def read(self) -> str | None:
                turn = str(self.options["name"])[0]
                assert turn not in at_work, "two at a time"
                at_work.append(turn)
                time.sleep(0.02)
                at_work.remove(turn)
                return super().read()

        task = replace(
            a_task(lambda options, _connections: Shared(options), rules={}),
            turn=lambda item: str(item["name"])[0],
        )
        items = [{"name": name, "size": 1} for name in ("a1", "a2", "b1", "a3")]
        result = run({"things": items, "concurrency": 4}, task)
        assert not any(one.get("failed") for one in result["results"]), result

    def test_are_confirmed_at_the_end_of_a_list(self, at_work: list[str]) -> None:
        items = [{"name": "a", "size": 1}, {"name": "b", "size": 1}, {"name": "b", "size": 0}]
        result = run({"things": items}, self.task(at_work, ("a", "b")))
        # The last item of each name is confirmed, if it wrote anything.
        assert [one.get("failed", False) for one in result["results"]] == [True, False, False]
        assert result["results"][0]["changed"]
        assert result["msg"].startswith("1 of 3 things failed.\na: ")

    def test_in_check_mode_nothing_is_confirmed(self, at_work: list[str]) -> None:
        task = self.task(at_work, ("a",))
        assert not run({"things": [{"name": "a", "size": 1}]}, task, check_mode=True).get("failed")


class TestWhatIsTold:
    def test_how_many_are_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(progress, "INTERVAL", 0.0)
        lines: list[str] = []
        options = checked({"things": [{"name": name} for name in "abc"], "concurrency": 1})
        TASK.run(options, check_mode=True, tell=lines.append)
        assert lines == ["1 of 3 things done", "2 of 3 things done"]

    def test_progress_of_one_waiting_item(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Waits(Query):
            def __init__(self, connections: Any) -> None:
                self.progress = connections.progress

            def run(self) -> dict[str, Any]:
                self.progress.waiting("a is PENDING")
                return {}

        monkeypatch.setattr(progress, "INTERVAL", 0.0)
        task = a_task(lambda _options, connections: Waits(connections), kind=engine.QUERY)
        lines: list[str] = []
        task.run(checked({"name": "a"}, task), check_mode=False, tell=lines.append)
        assert lines == ["a is PENDING"]


class TestAllThereAre:
    task = a_task(
        lambda options, _connections: Ask(options),
        kind=engine.QUERY,
        every=("all_things", lambda _api: [{"name": "a"}, {"name": "b"}]),
    )

    def test_are_listed(self) -> None:
        result = run({"all_things": True}, self.task)
        assert [one["thing"]["name"] for one in result["results"]] == ["a", "b"]

    def test_exclude_names(self) -> None:
        with pytest.raises(AssertionError, match="mutually exclusive"):
            checked({"all_things": True, "name": "a"}, self.task)

    def test_that_cannot_be_listed_are_a_failure(self) -> None:
        def every(_api: Any) -> Any:
            raise ERRORS["forbidden"]

        result = run({"all_things": True}, a_task(every=("all_things", every)))
        assert (result["failed"], result["error"]["code"]) == (True, "AccessDenied")


class TestQueries:
    task = a_task(lambda options, _connections: Ask(options), kind=engine.QUERY)

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_change_nothing(self, check_mode: bool) -> None:
        result = run({"name": "a"}, self.task, check_mode=check_mode)
        assert result == {"changed": False, "thing": {"name": "a"}, "warnings": []}

    def test_return_the_observed_state_if_it_is_not_as_requested(self) -> None:
        result = run({"things": [{"name": "unsatisfied"}]}, self.task)
        assert result["results"][0]["polls"] == 3
        assert result["msg"] == "unsatisfied"


def test_connections_are_opened_once_and_only_when_needed(
    opened: list[tuple[str, str, int]],
) -> None:
    endpoints = session.Connections(IAM, {"endpoint_url": "http://node1:8600"}, 3)
    assert opened == []
    assert endpoints.main is endpoints.main
    assert endpoints.backoff is endpoints.main.backoff
    endpoints.open(S3, {"endpoint_url": "http://node6"})
    assert opened == [("iam", "http://node1:8600", 3), ("s3", "http://node6", 3)]


class TestModule:
    """The module's own process."""

    @pytest.mark.parametrize(("name", "ends"), [("a", "exit_json"), ("refused", "fail_json")])
    def test_returns_the_result_to_ansible(
        self, monkeypatch: pytest.MonkeyPatch, name: str, ends: str
    ) -> None:
        said: list[tuple[str, Any]] = []

        class FakeModule:
            check_mode = True
            _diff = False

            def __init__(self, **spec: Any) -> None:
                assert spec.pop("supports_check_mode")
                assert spec.pop("no_log"), "options would be written to the system's journal"
                assert spec == TASK.argument_spec()
                self.params = checked({"name": name, "size": 1})

            def warn(self, text: str) -> None:
                said.append(("warn", text))

            def fail_json(self, **result: Any) -> None:
                said.append(("fail_json", result))
                raise SystemExit(1)

            def exit_json(self, **result: Any) -> None:
                said.append(("exit_json", result))

        monkeypatch.setattr(engine, "Module", FakeModule)
        if ends == "fail_json":
            with pytest.raises(SystemExit):
                engine.run_module(TASK)
        else:
            engine.run_module(TASK)
        assert [verb for verb, _ in said if verb != "warn"] == [ends]
        assert [text for verb, text in said if verb == "warn"] == (
            ["a warning", "a"] if name == "a" else []
        )
        assert "diff" not in said[-1][1]
        assert "warnings" not in said[-1][1]
