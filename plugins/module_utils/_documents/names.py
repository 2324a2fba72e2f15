# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks names and ARNs against the rules of S3 and IAM, before any request."""

from __future__ import annotations

import re
import unicodedata
import uuid
from dataclasses import dataclass

from .._work import InvalidDocument, quote

UNKNOWN_ACCOUNT = "<account>"
"""The account in an ARN predicted in check mode, before the server has made the role or policy."""

PLACEHOLDER_ROLES = "role/scality-internal/"
"""How the roles of installations with service accounts begin: they are names that IAM does not know."""

BUCKET_ARN = "arn:aws:s3:::"
"""What the ARN of a bucket has before its name."""

_BUCKET = re.compile(r"[a-z0-9]+(?:(?:\.|-+)[a-z0-9]+)*")
_IP_ADDRESS = re.compile(r"(?:[0-9]+\.){3}[0-9]+")
_IAM_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")
_IAM_PATH = re.compile(r"/|/[!-~]+/")
_IAM_NAME_LENGTH = {"role": 64, "user": 64, "policy": 128}
_IAM_PATH_LENGTH = 512
_KEY_BYTES = 1024
_CANARY = re.compile(r"-canary-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@dataclass(frozen=True)
class Arn:
    """The parts of an ARN; `str()` joins them again."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        parts = (self.partition, self.service, self.region, self.account, self.resource)
        return ":".join(("arn", *parts))


def parse_arn(text: str) -> Arn:
    """Parse an ARN. Raises InvalidDocument if it does not have the form of one; nothing else is checked."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not all((parts[1], parts[2], parts[5])):
        raise InvalidDocument(
            f"{quote(text)} is not an ARN: give it in the form "
            "arn:<partition>:<service>:<region>:<account>:<resource>."
        )
    return Arn(*parts[1:])


def iam_arn(account: str, kind: str, path: str, name: str) -> str:
    """The ARN of an IAM role, policy or user (`kind`): arn:aws:iam::123456789012:role/X."""
    return str(
        Arn(
            partition="aws",
            service="iam",
            region="",
            account=account,
            resource=f"{kind}{check_iam_path(path)}{check_iam_name(name, kind)}",
        )
    )


def same_arn(a: str, b: str) -> bool:
    """Whether two ARNs are equal; UNKNOWN_ACCOUNT on one side matches any account."""
    if a == b:
        return True
    try:
        left, right = parse_arn(a), parse_arn(b)
    except InvalidDocument:
        return False
    return UNKNOWN_ACCOUNT in (left.account, right.account) and (
        (left.partition, left.service, left.region, left.resource)
        == (right.partition, right.service, right.region, right.resource)
    )


def check_role_arn(arn: str) -> str:
    """Return a role's ARN if it is valid in a replication configuration, or raise InvalidDocument.

    CloudServer accepts any account of two characters or more, and `*`. It also accepts resources that are not roles
    (`rolex`), which would only fail later, and splits at commas, which IAM allows in names.
    """
    hint = "give it as arn:aws:iam::<account>:role/<name>, without spaces"
    parts = parse_arn(arn)
    kind, slash, path_and_name = parts.resource.partition("/")
    path, _slash, name = f"/{path_and_name}".rpartition("/")
    is_role = (kind, slash) == ("role", "/")
    if not is_role or (parts.partition, parts.service, parts.region) != ("aws", "iam", ""):
        raise InvalidDocument(f"{quote(arn)} is not the ARN of a role: {hint}.")
    if parts.account != "*" and (len(parts.account) < 2 or re.search(r"\s", parts.account)):
        raise InvalidDocument(f"The ARN {quote(arn)} of a role names no account: {hint}.")
    if "," in arn:
        raise InvalidDocument(
            f"The ARN {quote(arn)} of a role has a comma, which separates the roles of a "
            "replication configuration: use a role without a comma in its name and path."
        )
    check_iam_path(f"{path}/")
    check_iam_name(name, "role")
    return arn


def bucket_arn(name_or_arn: str) -> str:
    """The ARN of a bucket, from its name or its ARN."""
    return BUCKET_ARN + bucket_name(name_or_arn)


def bucket_name(name_or_arn: str) -> str:
    """The name of a bucket, from its name or its ARN. Raises InvalidDocument if it is neither."""
    if name_or_arn.startswith("arn:") and not name_or_arn.startswith(BUCKET_ARN):
        raise InvalidDocument(
            f"{quote(name_or_arn)} is not the ARN of a bucket: give {BUCKET_ARN}<name>, or the "
            "name alone."
        )
    return check_bucket_name(name_or_arn.removeprefix(BUCKET_ARN))


def check_bucket_name(name: str) -> str:
    """Return the name of a bucket, or raise InvalidDocument. The rules are CloudServer's."""
    if not 3 <= len(name) <= 63:
        raise InvalidDocument(
            f"The bucket name {quote(name)} has {len(name)} characters: use 3 to 63."
        )
    if _IP_ADDRESS.fullmatch(name):
        raise InvalidDocument(
            f"The bucket name {quote(name)} has the form of an IP address: use a name with a "
            "letter in it."
        )
    if not _BUCKET.fullmatch(name):
        raise InvalidDocument(
            f"The bucket name {quote(name)} is invalid: use lowercase letters, digits, hyphens and "
            "single dots, with a letter or digit at both ends and on both sides of each dot."
        )
    return name


def check_iam_name(name: str, what: str = "role") -> str:
    """Return the name of a role, policy or user (`what`), or raise InvalidDocument."""
    longest = _IAM_NAME_LENGTH.get(what, 128)
    if not 1 <= len(name) <= longest:
        raise InvalidDocument(
            f"The {what} name {quote(name)} has {len(name)} characters: use 1 to {longest}."
        )
    if not _IAM_NAME.fullmatch(name):
        raise InvalidDocument(
            f"The {what} name {quote(name)} is invalid: use letters, digits and _+=,.@- only."
        )
    return name


def check_iam_path(path: str) -> str:
    """Return an IAM path such as `/` or `/replication/`, or raise InvalidDocument."""
    if len(path) > _IAM_PATH_LENGTH:
        raise InvalidDocument(
            f"The path {quote(path)} has {len(path)} characters: use at most {_IAM_PATH_LENGTH}."
        )
    if not _IAM_PATH.fullmatch(path):
        raise InvalidDocument(
            f"The path {quote(path)} is invalid: begin and end it with a slash, and use printable "
            "ASCII characters without spaces."
        )
    return path


def key_text(key: bytes) -> str:
    """A key, or another value of a listing, as text; key_bytes restores bytes that are not UTF-8."""
    return key.decode("utf-8", "surrogateescape")


def key_bytes(text: str) -> bytes:
    """The reverse of key_text."""
    return text.encode("utf-8", "surrogateescape")


def check_object_key(key: str) -> str:
    """Return the key of an object, or raise InvalidDocument.

    CloudServer refuses keys with non-printable characters (measured). Some of its versions accept fewer than S3's 1024
    bytes; they report that themselves.
    """
    if not key:
        raise InvalidDocument("The object key is empty: use 1 to 1024 bytes.")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidDocument(f"The object key {quote(key)} cannot be written in UTF-8.") from None
    if size > _KEY_BYTES:
        raise InvalidDocument(
            f"The object key {quote(key)} has {size} bytes in UTF-8: use at most {_KEY_BYTES}."
        )
    check_characters(key, "object key")
    return key


def canary_key(key: str) -> str:
    """A new key for a canary, derived from the key of the permanent object."""
    return f"{key}-canary-{uuid.uuid4()}"


def without_canary(key: str) -> str:
    """The key from which a canary's key was derived; any other key unchanged."""
    return _CANARY.sub("", key)


def check_characters(text: str, what: str) -> None:
    """Raise InvalidDocument if a text has control characters: servers refuse them, or change them (XML)."""
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise InvalidDocument(
            f"The {what} {quote(text)} has a non-printable character, which servers refuse or change: "
            "leave out tabs, line breaks and other control characters."
        )
