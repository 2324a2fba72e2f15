# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that modules share (documented in plugins/doc_fragments), and the secrets to hide from output."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import quote, quote_plus, unquote
from xml.sax.saxutils import escape

from .._clients.session import profile_secrets
from .._waiting import LEAST

Spec = dict[str, dict[str, Any]]

CONNECTION: Spec = {
    "endpoint_url": {"type": "str", "required": True},
    "profile": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "region": {"type": "str", "default": "us-east-1"},
    "validate_certs": {"type": "bool", "default": True},
    "aws_ca_bundle": {"type": "path"},
    "aws_config": {"type": "dict"},
    "retry_timeout": {"type": "float", "default": 60.0},
}
CONNECTION_RULES: dict[str, Any] = {
    "mutually_exclusive": [("profile", "access_key")],
    "required_together": [("access_key", "secret_key")],
}

WAIT: Spec = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 300.0},
    "wait_max_delay": {"type": "float", "default": 5.0},
}

CONCURRENCY: Spec = {"concurrency": {"type": "int", "default": 8}}


def nested_connection() -> dict[str, Any]:
    """The spec of a connection as a suboption, for modules that use two endpoints."""
    return {"type": "dict", "options": deepcopy(CONNECTION), **deepcopy(CONNECTION_RULES)}


def pair_side() -> Spec:
    """The spec of one side of a pair: the bucket, the expected role, and the connections."""
    return {
        "bucket": {"type": "str", "required": True},
        "role": {"type": "str"},
        "s3": {**nested_connection(), "required": True},
        "iam": nested_connection(),
    }


def with_items(item: Spec, plural: str, identity: tuple[str, ...]) -> Spec:
    """The spec of a module that takes one item by top-level options, or a list of them as `plural`.

    `identity`: the options that identify an item and are required.
    """
    inside = deepcopy(item)
    for name in identity:
        inside[name]["required"] = True
    return {**deepcopy(item), plural: {"type": "list", "elements": "dict", "options": inside}}


# Secrets from the environment and from profiles are hidden from this length on: shorter ones, such as "test", would
# hide parts of ordinary words.
LEAST_LENGTH = 5


def hidden(spec: Mapping[str, Any], options: Mapping[str, Any] | None) -> set[str]:
    """All texts to hide from results, warnings and progress lines: every form of every secret in the process.

    These are no_log options, credentials in URLs, secrets of the environment and of used profiles, and proxies'
    passwords: each as it is, as libraries write it (repr, JSON, XML, URL-encoded, without line ends), and its single
    lines.
    """
    own = secrets(spec, options)
    others = {*environment_secrets(os.environ), *profile_secrets()}
    return {
        *(form for secret in own for form in _forms(secret)),
        *(form for secret in others for form in _forms(secret) if len(form) >= LEAST_LENGTH),
    }


def secrets(spec: Mapping[str, Any], options: Mapping[str, Any] | None) -> set[str]:
    """The values of no_log options, and the credentials in URLs, also inside dictionaries and lists."""
    found: set[str] = set()
    for name, option in spec.items():
        value = (options or {}).get(name)
        if option.get("no_log") and value:
            found.add(str(value))
        if name.endswith("_url") or name == "aws_config":
            found |= _url_credentials(value)
        inside = option.get("options")
        for part in value if isinstance(value, list) else [value]:
            if inside and isinstance(part, Mapping):
                found |= secrets(inside, part)
    return found


def environment_secrets(environment: Mapping[str, str]) -> set[str]:
    """The AWS keys and tokens and the proxies' credentials in the environment."""
    found: set[str] = set()
    for name, value in environment.items():
        upper = name.upper()
        is_key = upper.startswith("AWS_") and not upper.endswith("_FILE")
        if is_key and any(word in upper for word in ("SECRET", "TOKEN", "PASSWORD")):
            found.add(value)
        elif upper.endswith("_PROXY") or upper.startswith("AWS_ENDPOINT_URL"):
            found |= _url_credentials(value)
    return found - {""}


def _url_credentials(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*map(_url_credentials, value.values()))
    if not isinstance(value, str) or "@" not in value:
        return set()
    # A password may contain an unencoded slash, so everything from the scheme to the last @ counts.
    credentials = value.rpartition("@")[0]
    credentials = credentials.partition("//")[2] or credentials
    # A user name with a password is no secret; without one it may be a token.
    secret = credentials.partition(":")[2] or credentials
    return {secret, unquote(secret)} - {""}


def _forms(secret: str) -> set[str]:
    """The secret as it is, and as libraries write it into errors."""
    lines = {line for line in secret.splitlines() if len(line) >= LEAST_LENGTH}
    plain = {secret, secret.strip(), " ".join(secret.split()), *lines}
    written = {
        write(one)
        for one in plain
        for write in (
            quote,
            quote_plus,
            lambda text: quote(text, safe=""),
            lambda text: repr(text)[1:-1],
            lambda text: repr(text.encode(errors="surrogatepass"))[2:-1],
            lambda text: json.dumps(text)[1:-1],
            escape,
        )
    }
    return {*plain, *written} - {""}


def refusal(messages: Sequence[str]) -> str:
    """The first of Ansible's error messages about options, in the form with the option's name.

    For a value inside a list or dictionary there are two messages: the first one without the option's name.
    """
    first = messages[0]
    return next((one for one in messages[1:] if one != first and one.endswith(first)), first)


def bad_numbers(spec: Mapping[str, Any], options: Mapping[str, Any] | None) -> Iterator[str]:
    """An error for each number out of its range, also inside dictionaries and lists.

    Ansible accepts everything that Python parses as a number, including -1, inf and nan.
    """
    for name, option in spec.items():
        value: Any = (options or {}).get(name)
        least = LEAST.get(name, 0)
        is_number = option.get("type") in ("int", "float") and value is not None
        if is_number and not least <= value < math.inf:
            yield f"{name} is {value}: it must be a number, {least} or more."
        inside = option.get("options")
        for part in value if isinstance(value, list) else [value]:
            if inside and isinstance(part, Mapping):
                yield from bad_numbers(inside, part)


def chosen(options: Mapping[str, Any], names: Spec) -> dict[str, Any]:
    """The options of one item, without those of the connection and the list."""
    return {name: options.get(name) for name in names}
