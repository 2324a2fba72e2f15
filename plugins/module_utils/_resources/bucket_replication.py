# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages the replication configuration of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import Call, Conflict, Invalid, NotFound
from .._clients.session import Connections
from .._documents import names, replication
from .._documents.replication import Configuration, validate
from .._documents.wanted_replication import Wanted, different, merge, remove, same, wanted_rules
from .._work import Change, InvalidDocument, Plan, Refused, UnsupportedConfiguration
from .pending import ScanLimits, Watch, affected_prefixes


@dataclass(frozen=True)
class State:
    """The current state; `configuration` is None if there is none or no bucket.

    `foreign`: a configuration that this collection cannot manage, as the server returns it.
    """

    configuration: Configuration | None
    bucket_exists: bool = True
    foreign: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class BucketReplicationRequest:
    """The desired state of a bucket's replication configuration.

    known_sites: the server's replication sites and their types, None if unknown. scan: the limits of the scan for
    pending versions; resend: whether those that would otherwise never replicate are sent again. backbeat_url: the URL
    of Backbeat's API, None for no query. bucket_predicted: whether an earlier task creates the bucket, which check mode
    only predicts.
    """

    bucket: str
    wanted: Wanted
    known_sites: Mapping[str, str] | None = None
    allow_pending_loss: bool = False
    scan: ScanLimits = field(default_factory=ScanLimits)
    resend: bool = False
    backbeat_url: str | None = None
    present: bool = True
    bucket_predicted: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> BucketReplicationRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        target: str | None = options["target_bucket"]
        return cls(
            bucket=names.check_bucket_name(options["bucket"]),
            wanted=Wanted(
                roles=_roles(options),
                target_bucket=None if target is None else names.bucket_name(target),
                rules=wanted_rules(options["rules"]),
                purge_rules=bool(options["purge_rules"]),
            ),
            known_sites=options["known_sites"],
            allow_pending_loss=bool(options["allow_pending_loss"]),
            scan=ScanLimits(
                options["pending_scan_time"],
                options["pending_max_age"],
                frozenset(options["pending_exempt"] or ()),
            ),
            resend=bool(options["resend_pending"]),
            backbeat_url=options["backbeat_url"],
            present=options["state"] == "present",
            bucket_predicted=bool(options["buckets_predicted"]),
        )


class BucketReplication:
    """The resource "replication configuration of a bucket"."""

    def __init__(
        self, request: BucketReplicationRequest, api: Api, backbeat: Api | None = None
    ) -> None:
        self.request = request
        self.api = api
        self.backbeat = backbeat
        self.bucket = request.bucket
        self.wanted = request.wanted
        self.written: Configuration | None = None

    @classmethod
    def build(
        cls, request: BucketReplicationRequest, connections: Connections
    ) -> BucketReplication:
        """Build it for the task's endpoint."""
        url = request.backbeat_url
        return cls(request, connections.main, connections.backbeat(url) if url else None)

    def read(self) -> State:
        try:
            stored = s3_buckets.replication(self.api, self.bucket)
        except NotFound:
            return State(None, bucket_exists=False)
        if stored is None:
            return State(None)
        if not self.request.present and self.wanted.rules is None:
            return self._read_to_remove(stored)
        return State(self._parse(stored))

    def _read_to_remove(self, stored: Mapping[str, Any]) -> State:
        """The state for a removal: a whole configuration can be removed even if it cannot be parsed."""
        try:
            return State(replication.from_api(stored))
        except UnsupportedConfiguration:
            return State(None, foreign=stored)

    def plan(self, current: State | None) -> Plan[State]:
        current = current or State(None)
        if not self.request.present:
            return self._removal(current)
        after = merge(self.wanted, current.configuration)
        if current.configuration is not None and same(after, current.configuration):
            return self._unchanged(current)
        validate(after, self.request.known_sites)
        expected = current.bucket_exists or self.request.bucket_predicted
        warnings = () if expected else (self._no_bucket(),)
        return self._change(current, after, warnings)

    def describe(self, state: State | None) -> dict[str, Any] | None:
        if state is None or state.configuration is None:
            return None
        return {"bucket": self.bucket, **replication.describe(state.configuration)}

    def compared(self, state: State | None) -> dict[str, Any]:
        if state is not None and state.foreign is not None:
            return dict(state.foreign)
        if state is None or state.configuration is None:
            return {}
        shown = replication.describe(state.configuration)
        # The server chooses the ID of a rule that has none, so the ID is not part of the desired state.
        requested_ids = {rule.id for rule in self.wanted.rules or () if rule.id}
        for rule in shown["rules"]:
            if rule["id"] not in requested_ids:
                del rule["id"]
        return shown

    def _removal(self, current: State) -> Plan[State]:
        if current.foreign is not None:
            return self._change(current, None)
        if current.configuration is None:
            return self._unchanged(current)
        other = different(self.wanted, current.configuration)
        if other:
            warning = (
                f"The replication configuration of the bucket {self.bucket} at {self.api.endpoint} stays, "
                f"because {other}."
            )
            return self._unchanged(current, warning)
        left = (
            None if self.wanted.rules is None else remove(self.wanted.rules, current.configuration)
        )
        if left is not None and same(left, current.configuration):
            return self._unchanged(current)
        return self._change(current, left)

    def _unchanged(self, current: State, *warnings: str) -> Plan[State]:
        nothing = replication.count_changes(None, None)
        return Plan(current, warnings=warnings, details={"rule_counts": nothing})

    def _change(
        self, current: State, after: Configuration | None, warnings: tuple[str, ...] = ()
    ) -> Plan[State]:
        change: Change[State]
        if after is None:
            change = Change("DeleteBucketReplication", self.bucket, self._delete, removes=True)
        else:
            wanted = after
            change = Change("PutBucketReplication", self.bucket, lambda _before: self._put(wanted))
        prefixes = ("",) if current.foreign else affected_prefixes(current.configuration, after)
        watch = Watch(self.api, self.request, prefixes, current.configuration, after, self.backbeat)
        counts = replication.count_changes(current.configuration, after)
        if current.foreign:
            counts["remove"] = len(current.foreign.get("Rules") or ())
        details = {"rule_counts": counts}
        return Plan(State(after), (change,), warnings, watch.check, watch.follow_up, details)

    def _parse(self, stored: Mapping[str, Any]) -> Configuration:
        try:
            return replication.from_api(stored)
        except UnsupportedConfiguration as error:
            raise Refused(
                f"The replication configuration of the bucket {self.bucket} at {self.api.endpoint} cannot be "
                f"managed without losing part of it: {error}"
            ) from error

    def _put(self, wanted: Configuration) -> State:
        if names.UNKNOWN_ACCOUNT in "".join(wanted.roles):
            raise Refused(
                f"The roles for the bucket {self.bucket} are predictions of check mode "
                f"({', '.join(wanted.roles)}): give the ARNs of roles that exist."
            )
        try:
            s3_buckets.put_replication(self.api, self.bucket, replication.to_api(wanted))
        except Invalid as error:
            error.advice = self._advice(error, wanted)
            raise
        return self._read_back(wanted)

    def _read_back(self, wanted: Configuration) -> State:
        """The stored configuration: servers drop unknown parts, and another client may have written later."""
        stored = self.read()
        if stored.configuration is None or not same(stored.configuration, wanted):
            conflict = self._conflict(
                f"the server accepted the configuration but now has a different one: sent {self._shown(wanted)}, "
                f"found {self._shown(stored.configuration)}",
                "Another client may have changed it at the same time, or the server dropped elements that it "
                "does not know.",
            )
            conflict.happened = True
            raise conflict
        self.written = stored.configuration
        return stored

    def confirm(self) -> None:
        """Raise Conflict if written rules are lost because another client wrote an older configuration later."""
        if self.written is None:
            return
        stored = self.read().configuration
        left = {rule.prefix for rule in stored.rules} if stored else set()
        lost = [rule for rule in self.written.rules if rule.prefix not in left]
        if lost:
            names = ", ".join(f"{rule.id or 'without ID'} ({rule.prefix!r})" for rule in lost)
            raise self._conflict(
                f"these rules were written, but no longer existed at the end of the task: {names}",
                "Another client wrote the configuration at the same time. Run again, and make sure that only "
                "one client at a time changes a bucket.",
            )

    def _conflict(self, reason: str, advice: str) -> Conflict:
        doing = f"set the replication of {self.bucket}"
        call = Call("PutBucketReplication", self.api.endpoint, doing)
        return Conflict(call, reason, advice=advice)

    def _shown(self, configuration: Configuration | None) -> dict[str, Any] | None:
        return self.describe(State(configuration))

    def _delete(self, _before: State | None) -> State:
        s3_buckets.delete_replication(self.api, self.bucket)
        return State(None)

    def _no_bucket(self) -> str:
        return (
            f"The bucket {self.bucket} does not exist at {self.api.endpoint} yet: "
            "create it before its replication is configured."
        )

    def _advice(self, error: Invalid, wanted: Configuration) -> str:
        if error.code == "MalformedXML":
            sites = sorted({site.name for rule in wanted.rules for site in rule.sites})
            if sites:
                return (
                    "The server does not say what is wrong; if the configuration is valid, it is a site "
                    f"that the server does not know. The sites sent: {', '.join(sites)}. Compare them with the "
                    "server's replication sites (replicationEndpoints in its configuration)."
                )
        if "ersioning" in error.reason:
            return (
                "Enable versioning on the bucket first (backbeat_bucket with versioning: enabled)."
            )
        if error.code == "InvalidArgument" and "Role" in error.reason:
            return (
                "A Scality site needs two role ARNs (source_role and target_role), cloud sites alone need one (role); "
                f"sent: {replication.join_roles(wanted.roles)}."
            )
        return ""


def _roles(options: Mapping[str, Any]) -> tuple[str, ...] | None:
    for name in ("role", "source_role", "target_role"):
        if options[name] == "":
            raise InvalidDocument(
                f"The {name} of the bucket {options['bucket']} is empty: give a role's ARN, or leave it out."
            )
    if options["role"] is not None:
        return replication.split_roles(options["role"])
    if options["source_role"] is None and options["target_role"] is None:
        return None
    return (options["source_role"], options["target_role"])
