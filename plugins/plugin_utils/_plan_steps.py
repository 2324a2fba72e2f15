# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a host's plan: builds module options for them from the results of earlier tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ..module_utils._documents import topology_teardown, topology_verifications
from ..module_utils._documents.proof_causes import causes
from ..module_utils._documents.repair_steps import TaskResults, of_steps, steps_of
from ..module_utils._documents.topology import Items
from ..module_utils._documents.topology_comparisons import comparisons
from ..module_utils._documents.topology_steps import Found, Steps, role_arns
from ..module_utils._documents.topology_summary import PROOFS, Summary
from ..module_utils._documents.validation import validation
from ._host_variables import (
    IAM,
    S3,
    STORE,
    UNREADABLE,
    CachedHostVars,
    HostVars,
    Variables,
    connections_of,
    read_variable,
)
from ._role_variables import convert, specs

#: The registered result of preflight.
CHECKED = "replication_preflight_seen"
#: The registered result of testing the endpoints that no preflight has tested.
TRIED = "replication_endpoints_tried"
#: The division of each pair among the workers of a verification.
DIVIDED = "replication_verify_plans"
#: Events about stuck versions.
STUCK = "replication_stuck_events"
#: Facts with ARNs of roles: those that each host created, and those that a source read.
CREATED, READ = "replication_roles_created", "replication_roles_read"
ATTACHED, CONFIGURED = "replication_policies_attached", "replication_configured"
BUCKETS = "replication_buckets_created"
PROVED = "replication_proved"
#: Backbeat's state after a failed proof.
ASKED = "replication_cause_service"
#: Results of all tasks with changes, and of their preconditions, by their names in Summary.
SUMMARISED = {
    "roles": CREATED,
    "policies": ATTACHED,
    "buckets": BUCKETS,
    "replication": CONFIGURED,
    "proofs": PROVED,
    "removed": "replication_removed",
    "policies_removed": "replication_policies_removed",
    "roles_removed": "replication_roles_removed",
    "buckets_removed": "replication_buckets_removed",
}
#: Results of a repair's tasks, by their names in TaskResults.
REPAIRED = {
    "preflight": CHECKED,
    "before": "replication_before_repair",
    "retried": "replication_retried",
    "sent": "replication_backfilled",
    "after": "replication_comparison",
}
#: Results of teardown, by their names in Found.
REMOVED = {
    "removed": "replication_removed",
    "policies": "replication_policies_removed",
    "configurations": "replication_configurations",
}


def plan_step(
    hostvars: HostVars, host: str, variables: Variables, planned: Mapping[str, Any], step: str
) -> Any:
    """The module options for a step of the plan, with connections and the ARNs that are known now."""
    hostvars = CachedHostVars(hostvars)
    if step.startswith("summary"):
        return summarise(hostvars, host, planned, step == "summary_of_check")
    if step == "trials":
        return _trials(hostvars, host, variables, planned["directions"])
    if step == "validation":
        options = planned["options"]
        return validation(
            planned["outgoing"],
            (hostvars[host].get(CHECKED) or {}).get("results") or (),
            fail_on=options["preflight_fail_on"],
            fail_on_drift=options["fail_on_drift"],
        )
    if step == "causes":
        proofs, preflight, asked = (
            hostvars[host].get(name) or {} for name in (PROVED, CHECKED, ASKED)
        )
        return causes(proofs, preflight, asked)
    if step == "sources_to_wait_for":
        return [name for name in planned["sources"] if not hostvars[name].get(REMOVED["removed"])]
    if step in ("repairs", "left"):
        tasks = TaskResults(
            **{name: hostvars[host].get(one) or {} for name, one in REPAIRED.items()}
        )
        repaired = list(steps_of(planned, tasks))
        if step == "left":
            return list(dict.fromkeys(text for _pair, one in repaired for text in one.left))
        return [of_steps(pair, one).as_dict() for pair, one in repaired]
    if step not in STEPS:
        raise AnsibleFilterError(f"A plan has no step {step!r}: it has {', '.join(STEPS)}.")
    results = {
        name: [hostvars[name].get(CREATED) or {}]
        for name in (host, *planned["targets"])
        if name in hostvars
    }
    for read in hostvars[host].get(READ) or ():
        results[read["host"]].append(read)
    compared = [one["target_host"] for one in comparisons(planned["outgoing"])]
    connected = dict.fromkeys([*results, *(name for name in compared if name in hostvars)])
    steps = Steps(
        planned,
        connections={name: connections_of(hostvars, host, variables, name) for name in connected},
        arns={name: role_arns(*found) for name, found in results.items()},
        ready=[name for name in results if _has_succeeded(hostvars[name], BUCKETS)],
        # Results of thousands of pairs are only read for the steps that need them.
        **(_for_proofs(hostvars, results) if step == "proofs" else {}),
        found=Found(
            **{
                name: (hostvars[host].get(result) or {}).get("results") or ()
                for name, result in REMOVED.items()
            },
            received=list(_received(hostvars, host, planned["sources"])),
        ),
        findings=_findings(hostvars[host]) if step == "report_pairs" else (),
        proved=_proved(hostvars[host], planned) if step == "report_pairs" else (),
        plans=hostvars[host].get(DIVIDED) or (),
        stuck=hostvars[host].get(STUCK) or (),
        store=convert(host, {STORE: variables.get(STORE)}, [STORE])[0][STORE],
    )
    if step == "absent_roles":
        _warn_of_users(host, planned, topology_teardown.users(steps))
    return STEPS[step](steps, planned["options"])


def _of_pending(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options about pending objects, without those that have their defaults."""
    defaults = {
        name: specs()[f"replication_{name}"].get("default")
        for name in (
            "allow_pending_loss",
            "pending_scan_time",
            "pending_max_age",
            "resend_pending",
        )
    }
    return {name: options[name] for name, default in defaults.items() if options[name] != default}


#: The functions that build the module options of each step from the plan and the options.
STEPS: Mapping[str, Callable[[Steps, Mapping[str, Any]], Items | list[str]]] = {
    "unknown_roles": lambda steps, _options: steps.unknown_roles(),
    "unchecked_targets": lambda steps, _options: steps.unchecked_targets(),
    "policies": lambda steps, options: steps.policies(options["purge_statements"]),
    "replications": lambda steps, options: steps.replications(
        {name: options[name] for name in ("purge_rules", "known_sites")} | _of_pending(options)
    ),
    "removals": lambda steps, options: topology_teardown.removals(steps, _of_pending(options)),
    "preflights": lambda steps, options: steps.preflights(options["known_sites"]),
    "watched": lambda steps, options: steps.watched(options),
    "resends": topology_verifications.resends,
    "retries": topology_verifications.retries,
    "verifications": topology_verifications.verifications,
    "backfills": topology_verifications.backfills,
    "repaired": topology_verifications.repaired,
    "unsent": lambda steps, _options: topology_verifications.left_out(steps),
    "divisions": topology_verifications.divisions,
    "ranges": topology_verifications.ranges,
    "parts": topology_verifications.parts,
    "report_pairs": lambda steps, options: steps.report_pairs(options["verify_folder"]),
    "proofs": lambda steps, options: steps.proofs(options),
    "absent_policies": lambda steps, _options: topology_teardown.absent_policies(steps),
    "absent_roles": lambda steps, _options: topology_teardown.absent_roles(steps),
    "absent_buckets": lambda steps, _options: topology_teardown.absent_buckets(steps),
}


def _proved(variables: Variables, planned: Mapping[str, Any]) -> list[str]:
    """The result of each outgoing pair's proof as text; empty if there was no proof."""
    result = variables.get(SUMMARISED["proofs"]) or {}
    if not result.get("results"):
        return []
    pairs = Summary(planned, {"proofs": result}).describe()["pairs"]
    # Not whether the object is from this run or an earlier one: the page would change with each run.
    return [
        "replicated" if one["proof"] in (PROOFS["new"], PROOFS["valid"]) else one["proof"]
        for one in pairs
    ]


def _trials(
    hostvars: HostVars, host: str, variables: Variables, directions: Sequence[Mapping[str, Any]]
) -> Items:
    """Both sides of each direction whose endpoints this run has not tested yet, as options of backbeat_preflight.

    Directions with a connection that only another host can evaluate are left out.
    """
    hosts = {one[end] for one in directions for end in ("source_host", "target_host")}
    if any(_has_succeeded(hostvars[name], TRIED) for name in hosts):
        return []
    unreadable = {
        name
        for name in hosts - {host}
        for value in (read_variable(hostvars[name], one, UNREADABLE) for one in (S3, IAM))
        # Older versions of ansible-core return a template with an undefined variable unchanged.
        if value == UNREADABLE or "{{" in str(value)
    }
    found: Items = []
    for one in directions:
        ends = {"source": one["source_host"], "target": one["target_host"]}
        tried = _has_succeeded(hostvars[ends["source"]], CHECKED)
        if tried or not unreadable.isdisjoint(ends.values()):
            continue
        sides = {}
        for side, name in ends.items():
            connections = connections_of(hostvars, host, variables, name)
            bucket = one[f"{side}_bucket"]
            sides[side] = {"bucket": bucket, **connections, "iam": connections["iam"] or None}
        found.append(sides)
    return found


def _has_succeeded(there: Variables, name: str) -> bool:
    """Whether the host's task with this result succeeded in this run."""
    result = there.get(name) or {}
    return bool(result.get("results")) and not result.get("failed")


def summarise(hostvars: HostVars, host: str, planned: Mapping[str, Any], check_mode: Any) -> Any:
    """Show the summary of this host's tasks so far. Returns Summary.describe()."""
    there = hostvars[host]
    results = {step: there.get(name) or {} for step, name in SUMMARISED.items()}
    summary = Summary(planned, results, check_mode is True).describe()
    for line in summary["lines"]:
        Display().display(f"[{host}] {line}")
    return summary


def _received(hostvars: HostVars, host: str, sources: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The configurations on other hosts that still replicate to this one after teardown."""
    for source in sources:
        pairs = (hostvars[source].get("replication_plan") or {}).get("outgoing") or ()
        results = (hostvars[source].get(REMOVED["removed"]) or {}).get("results") or ()
        for pair, result in zip(pairs, results, strict=False):
            if pair["target_host"] == host and result.get("replication"):
                yield result["replication"]


def _warn_of_users(host: str, planned: Mapping[str, Any], users: Mapping[str, list[str]]) -> None:
    for role in planned["roles"]:
        if role["name"] in users:
            Display().warning(
                f"{host}: the role {role['name']} and its policy stay, because the replication of "
                f"{', '.join(users[role['name']])} uses them."
            )


def _changed(host: str, there: Variables) -> Iterator[str | tuple[str, str]]:
    """The host if this run changed its roles or policies, and the buckets that it changed, as (host, name)."""
    if any((there.get(result) or {}).get("changed") for result in (CREATED, ATTACHED)):
        yield host
    planned = there.get("replication_plan") or {}
    for result, listed, name in (
        (BUCKETS, "buckets", "name"),
        (CONFIGURED, "outgoing", "source_bucket"),
    ):
        done = (there.get(result) or {}).get("results") or ()
        for item, one in zip(planned.get(listed) or (), done, strict=False):
            if one.get("changed"):
                yield host, item[name]


def _for_proofs(hostvars: HostVars, hosts: Iterable[str]) -> dict[str, Any]:
    """The changes and checks of this run on these hosts, by the names in Steps."""
    return {
        "changed": {part for name in hosts for part in _changed(name, hostvars[name])},
        "checked": {name for name in hosts if _is_checked(hostvars[name])},
    }


def _findings(there: Variables) -> list[Items]:
    """The findings of preflight for each pair of a host."""
    results = (there.get(CHECKED) or {}).get("results") or ()
    return [one.get("findings") or [] for one in results]


def _is_checked(there: Variables) -> bool:
    """Whether this run completed all steps of a host's plan before the proof without an error."""
    planned = there.get("replication_plan") or {}
    if not planned or planned.get("failed"):
        return False
    steps = {
        CREATED: planned["roles"],
        ATTACHED: planned["policies"],
        BUCKETS: planned["buckets"],
        CONFIGURED: planned["outgoing"],
    }
    results = [there.get(name) or {} for name, items in steps.items() if items]
    return all(one.get("results") is not None and not one.get("failed") for one in results)
