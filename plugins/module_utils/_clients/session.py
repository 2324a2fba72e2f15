# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates clients for CloudServer, Vault and Backbeat from connection options, and the endpoints of one item."""

from __future__ import annotations

import functools
import json
import os
import ssl
import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from typing import Any

from .._waiting import Backoff, Deadline, Progress
from .._work import Failure, InvalidDocument
from .api import Api
from .service import (
    BACKBEAT,
    BACKBEAT_DIRECT,
    IAM,
    S3,
    SERVICES,
    Service,
    backbeat_model,
    endpoint_url,
)
from .wire import adapt

try:
    import botocore
    import botocore.loaders
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
except ImportError:
    BOTOCORE_VERSION: str | None = None
else:
    BOTOCORE_VERSION = botocore.__version__

# The first release in which a client can send checksums only if S3 requires them.
MINIMUM_BOTOCORE = "1.36.0"
USER_AGENT = "ansible-scality.backbeat"


class BadConnection(Failure):
    """Unusable connection options; the text is for the user and contains no secret."""


def open_api(
    service: Service,
    options: Mapping[str, Any],
    *,
    pool: int = 10,
    deadline: Deadline | None = None,
) -> Api:
    """An Api for `service` at the endpoint of the connection options.

    `pool` is how many connections the client keeps, one for each thread that uses it at a time.
    Clients are shared within the process. No connection is opened here.

    Raises:
        BadConnection: botocore is missing or too old, or an option is unusable.
    """
    _require_botocore()
    try:
        endpoint = endpoint_url(options["endpoint_url"] or "")
    except InvalidDocument as error:
        raise BadConnection(str(error)) from None
    _check_values(endpoint, options)
    key = json.dumps({name: options.get(name) for name in _CLIENT_OPTIONS}, sort_keys=True)
    # botocore's sessions create one client at a time, and concurrent threads should share one.
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


Options = Mapping[str, Any]
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
    # A variable without a value is None, and botocore would sign with it.
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
    _check_certificate((options.get("aws_config") or {}).get("client_cert"))


def _check_certificate(given: Any) -> None:
    """Raise BadConnection unless the client certificate is one file or a pair: botocore's errors do not say so."""
    if given is None:
        return
    files = [given] if isinstance(given, str) else list(given)
    if len(files) not in (1, 2) or not all(isinstance(one, str) for one in files):
        raise BadConnection(
            f"The client_cert in aws_config names {len(files)} files: give one with the certificate and its key, or a "
            "list of two, the certificate and the key."
        )
    for one in files:
        if not os.path.isfile(one):
            raise BadConnection(
                f"The client_cert {one} in aws_config is not a file: correct the path."
            )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            files[0], files[1] if len(files) == 2 else None, password=lambda: b""
        )
    except (OSError, ValueError) as error:
        raise BadConnection(
            f"The client_cert in aws_config ({', '.join(files)}) cannot be used: {_reason(error)}. Give a certificate "
            "and the key that belongs to it, in PEM format and without a password."
        ) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or error).replace("_", " ").lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


@functools.lru_cache(maxsize=64)
def _client(service: str, key: str, pool: int) -> Any:
    options = json.loads(key)
    # With None, the profile's ca_bundle, AWS_CA_BUNDLE or the system's authorities apply.
    verify = options["aws_ca_bundle"] or None
    asks = options["access_key"] is None
    try:
        try:
            client = _made(service, _session(options["profile"], asks=asks), options, verify, pool)
        except (BotoCoreError, AttributeError):
            if asks:
                raise
            # If keys are given, unreadable files or a missing profile of the environment do not matter.
            client = _made(service, _without_files(), options, verify, pool)
    except (AttributeError, BotoCoreError, TypeError, ValueError) as error:
        reason = str(error).rstrip(". ")
        raise BadConnection(
            f"The connection to {options['endpoint_url']} cannot be used: {reason}. {_advice_for(error, options)}"
        ) from error
    adapt(client)
    return client


def _made(
    service: str, session: Any, options: Mapping[str, Any], verify: str | None, pool: int
) -> Any:
    return session.create_client(
        service,
        region_name=options["region"],
        endpoint_url=options["endpoint_url"].rstrip("/") + SERVICES[service].root,
        verify=verify if options["validate_certs"] is not False else False,
        aws_access_key_id=options["access_key"],
        aws_secret_access_key=options["secret_key"],
        aws_session_token=options["session_token"],
        config=_config(service, options["aws_config"] or {}, pool),
    )


def _advice_for(error: Exception, options: Mapping[str, Any]) -> str:
    if type(error).__name__ == "ProfileNotFound":
        known = ", ".join(botocore.session.Session().available_profiles) or "none"
        return (
            "Check profile, and the files that profiles are read from (~/.aws/config, ~/.aws/credentials, "
            f"AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE). Existing profiles: {known}."
        )
    if type(error).__name__ == "ConfigParseError":
        return "Correct the file, or give access_key and secret_key."
    if isinstance(error, AttributeError):
        # botocore treats a setting such as "s3 = virtual" as a section.
        return (
            "A setting in ~/.aws/config (AWS_CONFIG_FILE), or in aws_config, has a value where a section is needed, "
            "such as `s3 = virtual`: write the section's settings on indented lines below `s3 =`."
        )
    if type(error).__name__ == "PartialCredentialsError":
        return "Give access_key and secret_key together, or profile."
    given = [name for name in ("endpoint_url", "region", "aws_config") if options[name]]
    return f"Check {', '.join(given)}."


def warm() -> None:
    """Load what every client needs, so that forked processes share it, without opening a connection.

    Errors are ignored here: the task that needs a client reports them.
    """
    if BOTOCORE_VERSION is None:
        return
    try:
        _require_botocore()
        session = _new_session()
        anonymous = "none"
        for service in (S3.name, IAM.name):
            session.create_client(
                service,
                region_name="us-east-1",
                aws_access_key_id=anonymous,
                aws_secret_access_key=anonymous,
                config=_config(service, {}, 1),
            )
    except (BadConnection, BotoCoreError):
        return
    # The user's files are only read when a task needs them, because they may change until then.
    _SPARE.append(_new_session())


@functools.lru_cache(maxsize=1)
def _loader() -> Any:
    """The loader of service descriptions, botocore's and Backbeat's, which all sessions share."""

    class Loader(botocore.loaders.Loader):
        def load_service_model(
            self, service_name: str, type_name: str, api_version: Any = None
        ) -> Any:
            if service_name in (BACKBEAT.name, BACKBEAT_DIRECT.name) and type_name == "service-2":
                return backbeat_model()
            return super().load_service_model(service_name, type_name, api_version)

    return Loader()


# An unused session for the first client, because creating one takes as long as a call.
_SPARE: list[Any] = []


def _without_files() -> Any:
    """A session that reads neither the user's files nor the environment's profile."""
    nothing = (None, None, os.devnull, None)
    return _new_session(
        {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    )


def _new_session(variables: dict[str, Any] | None = None) -> Any:
    session = botocore.session.Session(session_vars=variables)
    session.register_component("data_loader", _loader())
    return session


@functools.lru_cache(maxsize=16)
def _session(profile: str | None, asks: bool) -> Any:
    """A session for the profile; asks: whether it has to find the credentials."""
    session = _SPARE.pop() if _SPARE else _new_session()
    if profile is not None:
        session.set_config_variable("profile", profile)
    if not asks:
        return session
    _ASKED.append(session)
    providers = session.get_component("credential_provider")
    # Credentials of cloud instances are not valid for these servers, and looking for them takes seconds.
    for cloud in ("container-role", "iam-role"):
        providers.remove(cloud)
    return session


# Sessions that found credentials in files.
_ASKED: list[Any] = []


def profile_secrets() -> set[str]:
    """The secrets of all profiles in the credentials files that were read, and from their credential programs."""
    found: set[str] = set()
    for session in _ASKED:
        # Use the stored credentials: get_credentials could run such a program again.
        credentials = getattr(session, "_credentials", None)
        held = {} if credentials is None else vars(credentials)
        found |= {held.get(name) or "" for name in ("secret_key", "_secret_key", "token", "_token")}
        try:
            profiles = session.full_config["profiles"].values()
        except BotoCoreError:
            continue
        for profile in profiles:
            found |= {
                value
                for name, value in profile.items()
                if isinstance(value, str) and name.endswith(("secret_access_key", "session_token"))
            }
    return found - {""}


def _config(service: str, wanted: Mapping[str, Any], pool: int) -> Any:
    signature = SERVICES[service].signature
    defaults = Config(
        signature_version=UNSIGNED if signature is None else signature,
        s3={"addressing_style": "path"},
        # Repeating a write after a lost response would create a second version, so Api decides what to repeat.
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
        # botocore accepts a pair of files as a tuple or one as text, and ignores lists.
        pair = tuple(certificate) if len(certificate) == 2 else certificate[0]
        wanted = {**wanted, "client_cert": pair}
    try:
        return defaults.merge(Config(**wanted))
    except (AttributeError, TypeError) as error:
        raise BadConnection(
            f"aws_config is not a botocore configuration: {error}. Name only parameters of botocore's Config, "
            "with values of their types."
        ) from error


class SingleFlight:
    """Caches results by key; concurrent calls for the same key wait for the result or error of the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Hashable, Future[Any]] = {}

    def __call__(self, key: Hashable, find: Callable[[], Any]) -> Any:
        """The result or error of the first call of `find` for this key."""
        with self._lock:
            first = key not in self._found
            future = self._found.setdefault(key, Future())
        if first:
            try:
                future.set_result(find())
            except BaseException as error:
                future.set_exception(error)
        return future.result()


class Connections:
    """The endpoints of one item; all calls for it share one time limit for retries.

    `options`: of the module; `deadline`, `once` (facts that were read for any item) and `progress`: of the whole task;
    `pool`: how many connections a client keeps.
    """

    def __init__(
        self,
        service: Service | None,
        options: Options,
        pool: int = 1,
        *,
        check_mode: bool = False,
        deadline: Deadline | None = None,
        once: SingleFlight | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.options = options
        self.deadline = deadline or Deadline()
        self.check_mode = check_mode
        self.once = once or SingleFlight()
        self.progress = progress or Progress()
        self._service = service
        self._pool = pool
        self._main: Api | None = None
        self._opened: list[Api] = []
        # Set by an item that wrote: reads it again, and raises if the change was lost.
        self.confirm: Callable[[], None] | None = None

    @property
    def main(self) -> Api:
        """The endpoint of the connection options at the top level."""
        if self._main is None:
            if self._service is None:
                raise RuntimeError("this task has no endpoint of its own")
            self._main = self.open(self._service, self.options)
        return self._main

    @property
    def backoff(self) -> Backoff:
        """The time limit of the main endpoint."""
        return self.main.backoff

    @property
    def wrote(self) -> bool:
        """Whether an endpoint confirmed a write."""
        return any(api.writes for api in self._opened)

    def backbeat(self, url: str) -> Api:
        """Backbeat's API at the URL: through CloudServer if it is the main endpoint's, else at Backbeat's own port."""
        through_s3 = url.rstrip("/") == str(self.options["endpoint_url"]).rstrip("/")
        service = BACKBEAT if through_s3 else BACKBEAT_DIRECT
        return self.open(service, {**self.options, "endpoint_url": url})

    def open(self, service: Service, options: Options) -> Api:
        """A further endpoint, with connection options from the item itself."""
        api = open_api(service, options, pool=self._pool, deadline=self.deadline)
        self._opened.append(api)
        return api
