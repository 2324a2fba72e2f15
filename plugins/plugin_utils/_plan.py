# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts the variables of an inventory to the plan of one host; the decisions are in _documents/topology.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display

from ..module_utils._clients.service import endpoint_url
from ..module_utils._documents.topology import Environment, HostPlan, Topology, plan
from ..module_utils._documents.topology_checks import refusals
from ..module_utils._work import InvalidDocument
from ._host_variables import (
    BACKBEAT,
    IAM,
    LINKS,
    OWN,
    S3,
    UNREADABLE,
    CachedHostVars,
    HostVars,
    Variables,
    read_variable,
)
from ._role_variables import HOSTS, OF_ADOPTION, convert, specs, unknown_variables
from ._tags import Tags


def plan_host(
    hostvars: HostVars, host: str, variables: Variables, run: Mapping[str, Any]
) -> dict[str, Any]:
    """The plan of one host, as HostPlan.describe() returns it, and the reasons against carrying it out.

    variables: the role's on this host; run: "hosts" of the play, "playbooks", "tags" and "skip_tags" of the command
    line, "task_tags" of the task itself, and "to_set_up", False for validation and teardown.

    Added to the plan: "options", the typed variables by their short names; "refused", sentences about this host, and
    about linked hosts that are not in the run; "blocked_by", other hosts of the run that are refused; "directions", a
    pair of buckets for each two environments of the run.
    """
    hostvars = CachedHostVars(hostvars)
    misspelt = check_names(hostvars, host, run)
    typed: dict[str, dict[str, Any]] = {}
    wrong: dict[str, list[str]] = {}
    for name in _concerned(hostvars, host, variables):
        given = variables if name == host else _of_other(hostvars, host, variables, name)
        typed[name], wrong[name] = convert(name, given)
        try:
            if typed[name][BACKBEAT]:
                endpoint_url(typed[name][BACKBEAT], f"{BACKBEAT} of {name}")
        except InvalidDocument as error:
            wrong[name].append(str(error))
            # It may contain credentials, which a fact would show.
            typed[name][BACKBEAT] = ""
    topology = Topology({name: Environment.of(name, values) for name, values in typed.items()})
    wrong[host] += misspelt
    # Otherwise one host's missing variables would be reported for its partners too.
    if not any(wrong.values()):
        to_set_up = run.get("to_set_up", True)
        wrong = {
            name: refusals(topology, name, hostvars.keys(), to_set_up=to_set_up) for name in typed
        }
    playing = set(run.get("hosts") or hostvars)
    linked = {
        *(pair.target_host for pair in topology.environments[host].pairs),
        *(direction.source for direction in topology.incoming(host)),
    }
    absent = [name for name in typed if name in linked - playing - {host}]
    refused = list(dict.fromkeys(text for name in (host, *absent) for text in wrong[name]))
    blocked_by = [name for name in typed if wrong[name] and name in playing - {host}]
    # A refused or blocked host may have values without a valid plan, such as an unknown target.
    planned = HostPlan(host) if refused or blocked_by else plan(topology, host)
    return {
        **planned.describe(),
        "options": {
            name.removeprefix("replication_"): value
            for name, value in typed[host].items()
            # Connections may contain secrets, which a fact would show.
            if name not in OWN
        },
        "refused": refused,
        "blocked_by": blocked_by,
        "directions": [
            direction.pairs[0].describe() | {"source_host": direction.source}
            for name in typed
            for direction in topology.outgoing(name)
            if direction.target in typed and {name, direction.target} & (playing | {host})
        ],
    }


def check_names(hostvars: HostVars, host: str, run: Mapping[str, Any]) -> list[str]:
    """Sentences about wrong names of variables and tags, because of which this run would not do what was intended.

    Shows warnings about misspelt variables of the role, and about tags that may be misspelt. run: as for plan_host;
    "to_adopt" if only the variables of adoption matter.
    """
    misspelt = unknown_variables(hostvars[host])
    tags = Tags.of(run)
    refused = tags.refused()
    for name, meant in misspelt.items():
        if meant == HOSTS:
            refused.append(
                f"{name} of {host} is not a variable of the playbooks, so this run would apply to all hosts: limit it "
                f"with {HOSTS}."
            )
        elif meant in OF_ADOPTION and run.get("to_adopt"):
            refused.append(
                f"{name} of {host} is not a variable of adoption. Did you mean {meant}? It has "
                f"{' and '.join(OF_ADOPTION)}."
            )
        else:
            Display().warning(f"{host}: the role has no variable {name}. Did you mean {meant}?")
    for text in tags.warnings():
        Display().warning(text)
    return refused


def _concerned(hostvars: HostVars, host: str, variables: Variables) -> list[str]:
    """The host, and all hosts of the inventory that are source or target of a replication."""
    found = dict.fromkeys([host])
    for name in hostvars:
        given = variables if name == host else hostvars[name]
        found_links = {link: read_variable(given, link, UNREADABLE) for link in LINKS}
        if any(found_links.values()) and UNREADABLE not in found_links.values():
            links, _wrong = convert(name, found_links, LINKS)
            pairs = [pair for pair in links["replication_pairs"] or () if pair]
            further = [one for pair in pairs for one in pair.get("further_targets") or () if one]
            targets = [
                links["replication_target_host"],
                *(one.get("target_host") for one in (*pairs, *further)),
            ]
            found |= dict.fromkeys([name, *(one for one in targets if one in hostvars)])
    return list(found)


def _of_other(hostvars: HostVars, host: str, variables: Variables, name: str) -> dict[str, Any]:
    """The role's variables of another host.

    Variables of the play and parameters of the role are the same for all hosts, but they are not in hostvars: variables
    that this host has outside its hostvars are among them.
    """
    here, there = hostvars[host], hostvars[name]
    given = {
        variable: read_variable(there, variable, UNREADABLE if variable in (S3, IAM) else None)
        for variable in specs()
    }
    for variable, value in given.items():
        if value is None and variable not in OWN:
            ours = variables.get(variable)
            given[variable] = None if here.get(variable) == ours else ours
    return given
