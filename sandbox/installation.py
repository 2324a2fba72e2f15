# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of one environment: S3, IAM, Backbeat, and all operations on them."""

from __future__ import annotations

import re
import sys
import traceback
import uuid
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from .backbeat_api import BackbeatApi
from .calls import CallLog
from .environments import operators
from .faults import PROXY, Fault, Faults, answer_of
from .hostile import SPOILERS, replace_texts
from .iam import IamService
from .messages import Refused, Request, Response, error_response
from .operations import Call, identify
from .rate_limit import RateLimit
from .replicas import receive
from .replicator import Replicator, Send
from .rules import Configuration
from .s3 import S3Service
from .seeds import seed
from .settings import Settings
from .signatures import check
from .store import Store

#: The path with which each port identifies itself: no bucket can have such a name, and IAM has no paths.
NONCE_PATH = "/_/sandbox/nonce"
_HOSTS = {"127.0.0.1", "localhost", "[::1]"}


class Installation:
    """Serves the requests of one environment. Thread-safe."""

    def __init__(
        self, name: str, account_id: str, nonce: str, settings: Settings, send: Send
    ) -> None:
        self.name = name
        self.account_id = account_id
        self.nonce = nonce
        self.settings = settings
        self._initial = settings
        self.log = CallLog(name)
        self.faults = Faults()
        self._limit = RateLimit()
        self.store = Store(operators(name, account_id))
        self._configurations: dict[str, Configuration] = {}
        self.replicator = Replicator(
            self.account_id, self.store, self._configurations, lambda: self.settings, send
        )
        self._api = BackbeatApi(self.store, self.replicator, lambda: self.settings, self.change)
        self._s3 = S3Service(
            self.store, self._configurations, self.replicator, lambda: self.settings, self._api
        )
        self._iam = IamService(self.store, lambda: self.settings)

    def reset(self) -> None:
        """Reset everything to the start: state, settings, faults and log."""
        self.faults.clear()
        with self.replicator.working, self.store.lock:
            self.change(self._initial)
            self._api.reset()
            self.replicator.reset()
            self._configurations.clear()
            self._iam.reset()
            self._s3.reset()
            self.store.reset()
        self.log.clear()

    def change(self, settings: Settings) -> None:
        before, self.settings = self.settings, settings
        self.replicator.orders.settings_changed(before)

    def seed(self, bucket: str, **given: Any) -> int:
        """See seeds.py. Raises ValueError."""
        with self.store.lock:
            found = self.store.bucket(bucket)
            if found is None:
                raise ValueError(f"there is no bucket {bucket}")
            configuration = self._configurations.get(bucket)
            known = self.replicator.known
            return seed(self.store, known, found, configuration, self.settings, **given)

    def receive(self, facts: dict[str, Any], data: bytes) -> str:
        """Store a version from another environment's replicator. Returns why it cannot be stored, or ""."""
        return receive(self.store, self.replicator.known, self.settings, facts, data)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + timedelta(seconds=self.settings.clock_offset)

    def answer(self, request: Request) -> Response:
        if request.path == NONCE_PATH and request.method == "GET":
            return Response(200, {"Content-Type": "text/plain"}, self.nonce.encode())
        call = identify(request)
        entry = self.log.arrived(call)
        try:
            response = self._answer(request, call, entry)
        except Exception:
            print(traceback.format_exc(), file=sys.stderr, flush=True)
            crash = Refused(500, "InternalError", "The sandbox itself failed; see its log.")
            response = error_response(request.service, request.method, crash)
        if (
            request.service == "s3"
            and not response.forwarded
            and response.headers.get("Server") != PROXY
        ):
            # CloudServer returns a request ID in every response, also for errors of HEAD; moto does not.
            response.headers.setdefault("x-amz-request-id", uuid.uuid4().hex[:20])
        response.headers["Date"] = format_datetime(self.now(), usegmt=True)
        answered = response.wire in ("", "drip", "huge")
        code = re.search(rb"<Code>(\w+)</Code>", response.body) if response.status >= 400 else None
        self.log.answered(
            entry,
            status=response.status if answered else None,
            error=code[1].decode() if code and answered else "",
        )
        return response

    def _answer(self, request: Request, call: Call, entry: dict[str, Any]) -> Response:
        if call.write and self.settings.refuse_writes:
            self.log.answered(entry, refused=True)
            refusal = Refused(
                500, "SandboxRefusesWrites", f"{call.operation} was called while nothing may be."
            )
            return error_response(request.service, request.method, refusal)
        if request.service == "s3" and not self._limit.allows(self.settings.rate_limit):
            slow = Refused(503, "SlowDown", "Please reduce your request rate.")
            return error_response(request.service, request.method, slow)
        fault = self.faults.find(call)
        if fault is None:
            return self._serve(request, call, entry)
        self.log.answered(entry, fault=fault.how)
        real = self._serve(request, call, entry) if fault.acts else Response(0, wire="reset")
        return self._spoil(fault, request, real)

    def _spoil(self, fault: Fault, request: Request, real: Response) -> Response:
        answer = answer_of(fault, request)
        if answer is not None:
            return answer
        if fault.how in SPOILERS:
            SPOILERS[fault.how](request, real)
            return real
        if fault.how == "text":
            replace_texts(real, fault.text, fault.only)
            return real
        if fault.how == "drip":
            real.wire, real.pause = "drip", fault.pause
            return real
        if fault.how == "huge":
            real.wire, real.padding = "huge", fault.size
            return real
        if fault.how.startswith("hang"):
            self.faults.hang(fault)
        real.wire = "reset"
        if fault.how == "truncated":
            real.wire = "truncated"
        elif fault.how == "no-http":
            real.wire = "no-http"
        return real

    def _serve(self, request: Request, call: Call, entry: dict[str, Any]) -> Response:
        if request.service == "backbeat":
            return self._api.direct(request)
        try:
            self._check_address(request, call)
            principal = check(request, self.now(), self.store.principal)
            self.log.answered(entry, user=principal.user_name)
            if request.service == "iam":
                return self._iam.answer(request, call, principal)
            return self._s3.answer(request, call, principal)
        except Refused as refusal:
            return error_response(request.service, request.method, refusal)

    def _check_address(self, request: Request, call: Call) -> None:
        """Refuse requests that the servers refuse before they check the signature."""
        if request.service == "iam":
            if not call.operation:
                # Respond as another server would: no S3 error has this form or code.
                raise Refused(400, "InvalidAction", "Could not find an action in the request.")
            return
        host = request.header("Host").rpartition(":")
        if (host[0] if host[2].isdigit() else "".join(host)) not in _HOSTS:
            raise Refused(
                400,
                "InvalidURI",
                "Could not parse the specified URI. Check your restEndpoints configuration.",
            )
        if not call.operation:
            raise Refused(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )
