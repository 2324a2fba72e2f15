# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only interface to moto: its two applications, its state, its policy evaluation.

moto's code is used unchanged, except for a cache and without debugging. Each environment is a process, because moto's
bucket names are global in a process. All calls of an environment run under one lock: moto is not thread-safe, and a
write and its replication status have to become visible together.
"""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from moto.core import responses
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.core.utils import method_names_from_class
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends

from .environments import OPERATOR, Operator
from .messages import Request, Response, Service

#: Headers of moto that CloudServer does not send, or that the listener sends itself.
_DROPPED = {
    "access-control-allow-origin",
    "connection",
    "content-length",
    "date",
    "server",
    "x-amz-content-sha256",
}
Version = FakeKey | FakeDeleteMarker
_method_names = functools.cache(method_names_from_class)


@dataclass(frozen=True)
class Principal:
    """The signer of a request. The operator of an account has all permissions in it."""

    account_id: str
    access_key: str
    secret_key: str
    session_token: str = ""
    user_name: str = OPERATOR

    @property
    def is_operator(self) -> bool:
        return self.user_name == OPERATOR

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:user/{self.user_name}"


class Store:
    """The state of one environment."""

    def __init__(self, operators: Iterable[Operator]) -> None:
        self.lock = threading.RLock()
        self._sorted: dict[str, list[bytes]] = {}
        #: Bucket policies; moto would apply them to the owner's keys too.
        self.bucket_policies: dict[str, bytes] = {}
        self._operators = tuple(operators)
        self._apps: dict[Service, Any] = {
            "s3": create_backend_app("s3"),
            "iam": create_backend_app("iam"),
        }
        # Cached, because it searches all members of a class, which do not change, in each call of IAM.
        vars(responses)["method_names_from_class"] = _method_names
        for app in self._apps.values():
            # In debug mode, Flask creates a class for each request. Only its raising of unexpected errors is needed.
            app.debug = False
            app.config["PROPAGATE_EXCEPTIONS"] = True
            # Keys may contain two slashes in a row, which must not be merged.
            app.url_map.merge_slashes = False
        self._principals = {
            one.access_key: Principal(
                one.account_id, one.access_key, one.secret_key, one.session_token
            )
            for one in self._operators
        }
        self._permanent_keys = {
            one.account_id: one.access_key for one in self._operators if not one.session_token
        }
        self.reset()

    def reset(self) -> None:
        """Remove everything except the operators."""
        with self.lock:
            BackendDict.reset()
            self._sorted.clear()
            self.bucket_policies.clear()
            reset_model_data()
            for one in self._operators:
                if not one.session_token:
                    self._make_operator(one)

    def _make_operator(self, one: Operator) -> None:
        """Create an IAM user for the operator's credentials, for GetUser."""
        backend = self.iam(one.account_id)
        backend.create_user("us-east-1", OPERATOR)
        key = backend.create_access_key(OPERATOR)
        key.access_key_id, key.secret_access_key = one.access_key, one.secret_key

    @property
    def accounts(self) -> set[str]:
        return {one.account_id for one in self._operators}

    def iam(self, account_id: str) -> IAMBackend:
        return iam_backends[account_id]["aws"]

    def s3(self, account_id: str) -> S3Backend:
        return s3_backends[account_id]["aws"]

    def principal(self, access_key: str) -> Principal | None:
        """The operator or IAM user with this access key."""
        known = self._principals.get(access_key)
        if known is not None:
            return known
        with self.lock:
            for account_id in self.accounts:
                for user in self.iam(account_id).users.values():
                    for key in user.access_keys:
                        if key.access_key_id == access_key and key.status == "Active":
                            secret = key.secret_access_key
                            return Principal(account_id, access_key, secret, "", user.name)
        return None

    def bucket(self, name: str) -> FakeBucket | None:
        """The bucket of any account."""
        owner = s3_backends.bucket_accounts.get(name)
        return None if owner is None else self.s3(owner[1]).buckets.get(name)

    def sorted_keys(self, bucket: FakeBucket) -> list[bytes]:
        """All keys of the bucket as UTF-8, sorted; cached until the bucket changes."""
        keys = self._sorted.get(bucket.name)
        if keys is None:
            keys = sorted(name.encode() for name in dict.keys(bucket.keys))
            self._sorted[bucket.name] = keys
        return keys

    def changed(self, bucket_name: str) -> None:
        """Clear the cached keys of the bucket, after keys may have been added or removed."""
        self._sorted.pop(bucket_name, None)

    def versions(self, bucket: FakeBucket, key: str) -> list[Version]:
        """All versions of a key, oldest first."""
        return list(bucket.keys.getlist(key, []))

    def version(self, bucket: FakeBucket, key: str, version_id: str | None) -> Version | None:
        """The named version, or the newest."""
        versions = self.versions(bucket, key)
        if not version_id:
            return versions[-1] if versions else None
        return next((one for one in versions if str(one.version_id) == version_id), None)

    def role(self, arn: str) -> Role | None:
        parts = arn.split(":")
        if len(parts) != 6 or parts[4] not in self.accounts:
            return None
        return next((role for role in self.iam(parts[4]).get_roles() if role.arn == arn), None)

    def call(self, request: Request, principal: Principal) -> Response:
        """moto's response to the request, for the principal's account.

        The signature is already checked, so moto gets another one, with the operator's permanent key and a region that
        requires no location.
        """
        key = principal.access_key
        if principal.is_operator:
            key = self._permanent_keys[principal.account_id]
        environ = _environ(request, principal.account_id, key)
        with self.lock:
            if request.service == "s3" and request.method not in ("GET", "HEAD"):
                self.changed(request.bucket)
            status, headers, body = _run(self._apps[request.service], environ)
        return Response(status, headers, body)


def _run(app: Any, environ: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    caught: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> None:
        caught.extend((int(status.split()[0]), dict(headers)))

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = caught
    kept = {name: value for name, value in headers.items() if name.lower() not in _DROPPED}
    if environ["REQUEST_METHOD"] == "HEAD":
        kept |= {name: value for name, value in headers.items() if name.lower() == "content-length"}
    return status, kept, body


def _environ(request: Request, account_id: str, permanent_key: str) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    preserved = {}
    for name, value in request.headers.items():
        if "_" in name and not should_preserve_original_header_name(name):
            continue
        key = environ_key_for_header(name)
        if "_" in name:
            preserved[key] = name
        environ[key] = value
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
    # urllib3 sends neither of them in a GET, and moto requires a length.
    environ["CONTENT_LENGTH"] = str(len(request.body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("HTTP_X_AMZ_SECURITY_TOKEN", None)
    environ["HTTP_HOST"] = "localhost"
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
    scope = f"{permanent_key}/20200101/us-east-1/{request.service}/aws4_request"
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    )
    return environ
