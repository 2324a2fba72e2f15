# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From connection options to a botocore client that suits CloudServer and Vault."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .._documents.errors import Failure
from .._waiting import Backoff, Deadline
from . import backbeat_model
from .api import Api
from .service import BACKBEAT, BACKBEAT_DIRECT, IAM, S3, SERVICES, Service
from .wire import keep_limits

try:
    import botocore
    import botocore.loaders
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.parsers import ResponseParserError
except ImportError:
    BOTOCORE_VERSION: str | None = None
else:
    BOTOCORE_VERSION = botocore.__version__

# The first release that lets a client ask for checksums only where S3 requires them.
MINIMUM_BOTOCORE = "1.36.0"
USER_AGENT = "ansible-scality.backbeat"


class BadConnection(Failure):
    """Connection options that cannot lead to a client; the text is for the user and names no secret."""


def open_api(
    service: Service,
    options: Mapping[str, Any],
    *,
    pool: int = 10,
    deadline: Deadline | None = None,
) -> Api:
    """An Api for `service` at the endpoint that the connection options name.

    `pool` is how many connections the client keeps, one for each thread that uses it at a time.
    Clients are shared within the process. No connection is opened here.

    Raises:
        BadConnection: botocore is missing or too old, or an option is unusable.
    """
    _require_botocore()
    endpoint = check_endpoint(options["endpoint_url"] or "")
    _check_values(endpoint, options)
    key = json.dumps({name: options.get(name) for name in _CLIENT_OPTIONS}, sort_keys=True)
    # botocore's sessions make one client at a time, and threads that ask together shall share one.
    with _MAKING:
        client = _client(service.name, key, pool)
    return Api(
        client=client,
        service=service,
        endpoint=endpoint,
        backoff=Backoff(
            timeout=float(options.get("retry_timeout") or 0), deadline=deadline or Deadline()
        ),
    )


def check_endpoint(url: str) -> str:
    """The URL if it can be an endpoint; BadConnection says what is wrong with it."""
    # Before the URL is taken apart: errors of that would show the credentials.
    if "@" in url:
        raise BadConnection(
            "The endpoint_url contains credentials: give them as profile, or as access_key and secret_key."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadConnection(f"The endpoint_url {url!r} is not a URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadConnection(
            f"The endpoint_url {url!r} must have the form http://host:port or https://host:port."
        )
    return url


_MAKING = threading.Lock()
_CLIENT_OPTIONS = (
    "endpoint_url",
    "profile",
    "access_key",
    "secret_key",
    "session_token",
    "region",
    "validate_certs",
    "aws_ca_bundle",
    "aws_config",
)


def _require_botocore() -> None:
    if BOTOCORE_VERSION is None:
        raise BadConnection(
            f"botocore >= {MINIMUM_BOTOCORE} is missing: install boto3, which brings it, "
            "for the Python that runs this task."
        )
    if _numbers(BOTOCORE_VERSION) < _numbers(MINIMUM_BOTOCORE):
        raise BadConnection(
            f"botocore {BOTOCORE_VERSION} is too old, {MINIMUM_BOTOCORE} or newer is needed: "
            "upgrade boto3, which brings it, for the Python that runs this task."
        )


def _check_values(endpoint: str, options: Mapping[str, Any]) -> None:
    # A variable that has no value; botocore would sign with it.
    for name in ("profile", "access_key", "secret_key", "region"):
        if options.get(name) == "":
            raise BadConnection(
                f"The {name} for {endpoint} is empty: give it a value, or leave it out."
            )
    bundle = options.get("aws_ca_bundle")
    if bundle and not os.path.isfile(bundle):
        raise BadConnection(
            f"The aws_ca_bundle {bundle} is not a file: name the file with the authorities' certificates."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


@functools.lru_cache(maxsize=64)
def _client(service: str, key: str, pool: int) -> Any:
    options = json.loads(key)
    # None leaves it to the profile's ca_bundle, AWS_CA_BUNDLE, and then the system's authorities.
    verify = options["aws_ca_bundle"] or None
    try:
        session = _session(options["profile"], asks=options["access_key"] is None)
        client = session.create_client(
            service,
            region_name=options["region"],
            endpoint_url=options["endpoint_url"].rstrip("/") + SERVICES[service].root,
            verify=verify if options["validate_certs"] is not False else False,
            aws_access_key_id=options["access_key"],
            aws_secret_access_key=options["secret_key"],
            aws_session_token=options["session_token"],
            config=_config(service, options["aws_config"] or {}, pool),
        )
    except (AttributeError, BotoCoreError, TypeError, ValueError) as error:
        reason = str(error).rstrip(". ")
        raise BadConnection(
            f"Cannot connect to {options['endpoint_url']}: {reason}. {_what_to_check(error, options)}"
        ) from error
    keep_limits(client)
    client.meta.events.register("before-call.s3", _content_md5)
    client.meta.events.register("before-call.s3", _follow_no_redirect)
    client.meta.events.register("before-parse", _no_page_of_a_proxy)
    client.meta.events.register("before-parse.iam", _only_iams_own)
    client.meta.events.register("before-parse.backbeat", backbeat_model.name_error)
    return client


def _what_to_check(error: Exception, options: Mapping[str, Any]) -> str:
    if type(error).__name__ == "ProfileNotFound":
        known = ", ".join(botocore.session.Session().available_profiles) or "none"
        return (
            "Check profile, and the files that profiles are read from (~/.aws/config, ~/.aws/credentials, "
            f"AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE): the profiles there are {known}."
        )
    if type(error).__name__ == "PartialCredentialsError":
        return "Give access_key and secret_key together, or profile."
    given = [name for name in ("endpoint_url", "region", "aws_config") if options[name]]
    return f"Check {', '.join(given)}."


def warm() -> None:
    """Load what every client needs, so that processes forked from this one have it; opens no connection.

    What cannot be loaded is no error here: the task that needs it says so.
    """
    if BOTOCORE_VERSION is None:
        return
    try:
        _require_botocore()
        session = _new_session()
        nobody = "none"
        for service in (S3.name, IAM.name):
            session.create_client(
                service,
                region_name="us-east-1",
                aws_access_key_id=nobody,
                aws_secret_access_key=nobody,
                config=_config(service, {}, 1),
            )
    except (BadConnection, BotoCoreError):
        return
    # Nothing is read from the user's files before somebody uses it, since they may change until then.
    _SPARE.append(_new_session())


@functools.lru_cache(maxsize=1)
def _loader() -> Any:
    """Reads and keeps botocore's service descriptions and Backbeat's, the same for all sessions."""

    class Loader(botocore.loaders.Loader):
        def load_service_model(
            self, service_name: str, type_name: str, api_version: Any = None
        ) -> Any:
            if service_name in (BACKBEAT.name, BACKBEAT_DIRECT.name) and type_name == "service-2":
                return backbeat_model.service_model()
            return super().load_service_model(service_name, type_name, api_version)

    return Loader()


# A session that no process has used yet: making one takes as long as a call.
_SPARE: list[Any] = []


def _new_session() -> Any:
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    return session


@functools.lru_cache(maxsize=16)
def _session(profile: str | None, asks: bool) -> Any:
    """A session for the profile; asks: whether it is to find the credentials."""
    session = _SPARE.pop() if _SPARE else _new_session()
    if profile is not None:
        session.set_config_variable("profile", profile)
    if not asks:
        return session
    providers = session.get_component("credential_provider")
    # Credentials of a cloud's own instances mean nothing to these servers, and asking for them takes seconds.
    for cloud in ("container-role", "iam-role"):
        providers.remove(cloud)
    return session


def _config(service: str, wanted: Mapping[str, Any], pool: int) -> Any:
    signature = SERVICES[service].signature
    defaults = Config(
        signature_version=UNSIGNED if signature is None else signature,
        s3={"addressing_style": "path"},
        # Resending a write whose answer was lost makes a second version: Api decides what to repeat.
        retries={"total_max_attempts": 1, "mode": "standard"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=pool,
        user_agent_extra=USER_AGENT,
    )
    certificate = wanted.get("client_cert")
    if isinstance(certificate, list):
        # botocore knows a certificate and its key as a pair only, and passes over a list without a word.
        wanted = {**wanted, "client_cert": tuple(certificate)}
    try:
        return defaults.merge(Config(**wanted))
    except (AttributeError, TypeError) as error:
        raise BadConnection(
            f"aws_config is not a botocore configuration: {error}. Name only parameters of botocore's Config, "
            "with values of their types."
        ) from error


def _content_md5(params: dict[str, Any], **_event: Any) -> None:
    """Send Content-MD5 where S3 demands a checksum.

    botocore sends CRC32 there, which CloudServers in use answer with BadDigest.
    """
    checksum = params["context"].get("checksum", {})
    if not checksum.pop("request_algorithm", None):
        return
    checksum.pop("request_algorithm_header", None)
    body = params["body"]
    if isinstance(body, str):
        body = body.encode()
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def _follow_no_redirect(params: dict[str, Any], **_event: Any) -> None:
    """Have botocore not look for another region of AWS.

    It asks the bucket for its region by HEAD and, when that is answered with a redirect too, without end.
    """
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


_IAMS_OWN = re.compile(rb"\s*(<\?xml[^>]*>)?\s*<(\w+:)?\w+Response[\s>]")


def _only_iams_own(response_dict: dict[str, Any], **_event: Any) -> None:
    """Refuse an answer that is none of IAM's: where a call has no result, botocore takes any XML for success."""
    if response_dict["status_code"] < 300 and not _IAMS_OWN.match(response_dict["body"]):
        raise ResponseParserError("it is no answer of IAM")


def _no_page_of_a_proxy(response_dict: dict[str, Any], **_event: Any) -> None:
    """Empty an HTML page that says "try later": botocore fails to parse it and so hides the status."""
    html = "html" in response_dict["headers"].get("content-type", "")
    if html and response_dict["status_code"] in (502, 503, 504):
        response_dict["body"] = b""
