# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that a bucket is replicated: by a permanent object, or by a canary if that object is no proof now.

The permanent object proves replication when it is put. In later runs it is still a proof if it was replicated with the
current roles and target, and if nothing was changed since. Otherwise a canary is the proof, and the object is sent
again, so that it is a proof in the next run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._clients import s3_buckets, s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError, Unreachable
from .._clients.service import S3
from .._clients.session import Connections
from .._documents import names
from .._documents.replication import api_prefix
from .._queries.object_check import ObjectCheck, ObjectCheckRequest, Replica
from .._work import Unsatisfied
from .canary import Canary, CanaryRequest, Upload, retentions
from .job import Control, Job

# What an object proves: replication in this run, in an earlier run, or in an earlier run with unknown roles.
NEW, VALID, UNVERIFIED = "new", "valid", "unverified"
# Why there is no proof: the buckets would retain the object; or it has to be put first, which check mode does not do.
WITHHELD, NONE = "withheld", "none"
# Seconds to wait for the permanent object after the canary was replicated: both were sent at the same time.
GRACE = 30.0


@dataclass(frozen=True)
class ProofRequest:
    """The pair of buckets and the permanent object.

    fresh: an object of an earlier run is no proof, because something was changed. despite_retention: put objects into
    buckets that retain them too. timeout, max_delay: in seconds.
    """

    bucket: str
    key: str
    replica: Replica
    fresh: bool = False
    despite_retention: bool = False
    timeout: float = 300.0
    max_delay: float = 5.0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ProofRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        key = names.check_object_key(options["key"])
        target = options["target"]
        return cls(
            bucket=names.check_bucket_name(options["bucket"]),
            key=key,
            replica=Replica(names.check_bucket_name(target["bucket"]), key, target["s3"]),
            fresh=bool(options["fresh"]),
            despite_retention=bool(options["despite_retention"]),
            timeout=options["wait_timeout"],
            max_delay=options["wait_max_delay"],
        )


@dataclass
class Report:
    """The result under construction. seen: the last state of the object and its replica; reason: a sentence."""

    seen: dict[str, Any]
    proof: str = NONE
    reason: str = ""
    canary: dict[str, Any] | None = None
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The module's result."""
        described = vars(self)
        return {**self.seen, **{name: described[name] for name in described if name != "seen"}}


class Proof(Job):
    """The proof of one pair of buckets."""

    def __init__(self, request: ProofRequest, source: Api, target: Api) -> None:
        self.request = request
        self.source, self.target = source, target
        self._where = f"{request.bucket}/{request.key}"
        self.canary = Canary(
            CanaryRequest(
                request.bucket,
                request.replica.bucket,
                names.canary_key(request.key),
                request.timeout,
                request.max_delay,
            ),
            source,
            target,
        )

    @classmethod
    def build(cls, request: ProofRequest, connections: Connections) -> Proof:
        """Build the proof of one item, with a separate connection for the target."""
        return cls(request, connections.main, connections.open(S3, request.replica.s3))

    def predict(self, control: Control) -> dict[str, Any]:
        report = self._judge(control)
        if report.proof == NONE and self._may_put(report):
            exists = report.seen["object"] is not None
            report.changes = [f"PutObject {self._where}"]
            if exists:
                report.changes = [f"PutObjectTagging {self._where}", *self.canary.planned()]
        return report.as_dict()

    def run(self, control: Control) -> dict[str, Any]:
        report = self._judge(control)
        if report.proof == NONE and self._may_put(report):
            if report.seen["object"] is None:
                self._put(control, report)
            else:
                self._prove_anew(control, report)
        return report.as_dict()

    def _judge(self, control: Control) -> Report:
        """Evaluate the object of an earlier run, if there is one, without a write."""
        seen, arrived = self._check(control, 0.0).poll_once()
        report = Report(seen)
        found = seen["object"]
        if found is None:
            report.reason = f"There was no object {self._where}."
        elif self.request.fresh:
            report.reason = (
                f"The object {self._where} is no proof: something was changed since then, or was not "
                "checked."
            )
        elif not arrived:
            report.reason = f"The object {self._where} is not replicated."
        else:
            report.proof, report.reason = self._compare_stamp(found["version_id"] or "null")
            if report.proof == UNVERIFIED:
                report.warnings.append(report.reason)
        return report

    def _compare_stamp(self, version_id: str) -> tuple[str, str]:
        """What a replicated object proves, by the roles and the target with which it was sent."""
        request = self.request
        try:
            configuration = s3_buckets.replication(self.source, request.bucket)
            stamp = s3_objects.stamp(self.source, request.bucket, request.key, version_id)
            why = "the server does not return it" if not stamp else ""
        except Unreachable:
            raise
        except ApiError as error:
            configuration, stamp, why = None, {}, str(error).rstrip(".")
        if why:
            return UNVERIFIED, (
                f"The object {self._where} has arrived, but it is unknown under which roles: {why}. It is a valid "
                "proof if the configuration of the bucket was not changed since then."
            )
        if configuration is None:
            return NONE, f"The bucket {request.bucket} has no replication configuration."
        differences = [
            name
            for name, now in (
                ("roles", configuration.get("Role")),
                ("target bucket", self._destination(configuration)),
            )
            if now != stamp.get("role" if name == "roles" else "destination")
        ]
        if differences:
            others = " and ".join(differences)
            return (
                NONE,
                f"The object {self._where} was sent with other {others} than the configuration has now.",
            )
        return (
            VALID,
            f"The object {self._where} was sent with the configuration's roles and target bucket.",
        )

    def _destination(self, configuration: Mapping[str, Any]) -> str | None:
        """The target bucket's ARN in the enabled rule for the object; None if there is no such rule."""
        for rule in configuration.get("Rules") or ():
            if rule.get("Status") == "Enabled" and self.request.key.startswith(api_prefix(rule)):
                return str(rule["Destination"]["Bucket"])
        return None

    def _may_put(self, report: Report) -> bool:
        """Whether objects may be put: not into buckets that would retain them, unless requested."""
        if self.request.despite_retention:
            return True
        kept, unknown = retentions(
            (self.source, self.request.bucket), (self.target, self.request.replica.bucket)
        )
        report.warnings += unknown
        if kept:
            report.proof = WITHHELD
            report.reason = (
                f"Whether {self.request.bucket} is replicated was not proved: no object was put, because the default "
                f"retention of {' and '.join(kept)} would keep it. Set despite_retention "
                "to put one anyway."
            )
            report.warnings.append(report.reason)
        return not kept

    def _put(self, control: Control, report: Report) -> None:
        """Put the permanent object, and wait until it is replicated."""
        version = Upload(self.source, self.request.bucket, self.request.key).put(control, b"")
        report.changes.append(f"PutObject {self._where}")
        self._wait(control, report, version)

    def _prove_anew(self, control: Control, report: Report) -> None:
        """Prove replication with a canary, and send the object again for the next run."""
        version_id = report.seen["object"]["version_id"]
        self._send_again(report, version_id)
        outcome = self.canary.attempt(control)
        report.canary = outcome.seen or None
        report.changes += outcome.changes
        report.warnings += outcome.warnings
        if outcome.failure:
            raise outcome.failure.with_seen(report.as_dict())
        report.proof = NEW
        try:
            report.seen = self._check(control, min(GRACE, self.request.timeout), version_id).run()
        except Unsatisfied as unsatisfied:
            report.seen = unsatisfied.seen
            report.warnings.append(
                f"Another object has arrived, but the object of an earlier run has not: {unsatisfied} The next "
                "run proves replication with another object again."
            )
        report.seen["elapsed"] = (report.canary or report.seen)["elapsed"]

    def _send_again(self, report: Report, version_id: str | None) -> None:
        if report.seen["object"]["replication_status"] == "REPLICA":
            # A replica would be sent back to its source.
            return
        try:
            s3_objects.send_again(self.source, self.request.bucket, self.request.key, version_id)
        except Unreachable:
            raise
        except ApiError as error:
            report.warnings.append(f"The object {self._where} cannot be sent again. {error}")
        else:
            report.changes.append(f"PutObjectTagging {self._where}")

    def _wait(self, control: Control, report: Report, version_id: str | None) -> None:
        try:
            report.seen = self._check(control, self.request.timeout, version_id).run()
        except Unsatisfied as unsatisfied:
            report.seen = unsatisfied.seen
            raise unsatisfied.with_seen(report.as_dict()) from unsatisfied
        report.proof = NEW

    def _check(
        self, control: Control, timeout: float, version_id: str | None = None
    ) -> ObjectCheck:
        request = self.request
        wanted = ObjectCheckRequest(
            request.bucket,
            request.key,
            version_id,
            replica=request.replica,
            timeout=timeout,
            max_delay=request.max_delay,
            just_put=True,
        )
        return ObjectCheck(
            wanted, self.source, self.target, progress=control.lines, sleep=control.sleep
        )
