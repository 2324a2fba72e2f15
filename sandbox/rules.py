# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudServer's rules for a bucket's replication configuration, without I/O.

The rules are those of CloudServer 8.8: V1 configurations with one destination bucket. Elements of V2 (Filter, Priority,
DeleteMarkerReplication) are dropped without an error if there is a Prefix, as on this server.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .messages import Refused
from .settings import CLOUD, Settings

MAX_RULES = 1000
MAX_ID = 255
MAX_PREFIX = 1024
STORAGE_CLASSES = ("STANDARD", "STANDARD_IA", "REDUCED_REDUNDANCY")
PREFERRED_READ = ":preferred_read"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True)
class Sites:
    """The server's replication sites, name to kind ("scality" or "cloud"), and the default one."""

    kinds: Mapping[str, str]
    default: str

    @classmethod
    def of(cls, settings: Settings) -> Sites:
        kinds = {
            name: CLOUD if where == CLOUD else "scality" for name, where in settings.sites.items()
        }
        return cls(kinds, settings.default_site)

    def names(self, storage_class: str) -> list[str]:
        """The sites in a rule's storage class."""
        named = [part.removesuffix(PREFERRED_READ) for part in storage_class.split(",") if part]
        sites = [self.default if name in STORAGE_CLASSES else name for name in named]
        return list(dict.fromkeys(sites)) or [self.default]


@dataclass(frozen=True)
class Rule:
    id: str
    prefix: str
    enabled: bool
    storage_class: str = ""


@dataclass(frozen=True)
class Configuration:
    """A stored configuration: the role as sent, the destination bucket's ARN, the rules in order."""

    role: str
    destination: str
    rules: tuple[Rule, ...]

    def rule_for(self, key: str) -> Rule | None:
        """The enabled rule for this key. Prefixes never overlap, so there is at most one."""
        return next((r for r in self.rules if r.enabled and key.startswith(r.prefix)), None)

    def to_xml(self) -> bytes:
        """The response of GetBucketReplication."""
        rules = "".join(self._rule_xml(rule) for rule in self.rules)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><ReplicationConfiguration xmlns="{NAMESPACE}">'
            f"{rules}<Role>{escape(self.role)}</Role></ReplicationConfiguration>"
        ).encode()

    def _rule_xml(self, rule: Rule) -> str:
        bucket = f"<Bucket>{escape(self.destination)}</Bucket>" if self.destination else ""
        storage = rule.storage_class
        storage = f"<StorageClass>{escape(storage)}</StorageClass>" if storage else ""
        return (
            f"<Rule><ID>{escape(rule.id)}</ID><Prefix>{escape(rule.prefix)}</Prefix>"
            f"<Status>{'Enabled' if rule.enabled else 'Disabled'}</Status>"
            f"<Destination>{bucket}{storage}</Destination></Rule>"
        )


def malformed() -> Refused:
    return Refused(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema.",
    )


def _argument(message: str) -> Refused:
    return Refused(400, "InvalidArgument", message)


def _request(message: str) -> Refused:
    return Refused(400, "InvalidRequest", message)


def valid_bucket_name(name: str) -> bool:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{1,61})[a-z0-9]", name) or ".." in name:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False


def check_versioning(status: str | None) -> None:
    """Raise Refused unless the bucket's versioning is Enabled, which a configuration requires."""
    if status != "Enabled":
        raise _request(
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        )


def parse_xml(xml: bytes) -> ElementTree.Element:
    """The document without namespaces. Raises Refused if it is not well-formed."""
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 -- a test server reads its own clients
    except ElementTree.ParseError:
        raise malformed() from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def read_configuration(xml: bytes, sites: Sites) -> Configuration:
    """The configuration of a PutBucketReplication, with generated rule IDs. Raises Refused."""
    root = parse_xml(xml)
    if root.tag != "ReplicationConfiguration":
        raise malformed()
    return _Reader(sites).read(root)


class _Reader:
    """Checks rule by rule, in the server's order, so that the same error is reported first."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites
        self.prefixes: list[str] = []
        self.ids: set[str] = set()
        self.destination = ""
        self.scality = False

    def read(self, root: ElementTree.Element) -> Configuration:
        elements = root.findall("Rule")
        if not elements:
            raise malformed()
        if len(elements) > MAX_RULES:
            raise _request(f"Number of defined replication rules cannot exceed {MAX_RULES}")
        rules = tuple(self._rule(element) for element in elements)
        return Configuration(self._role(root), self.destination, rules)

    def _rule(self, element: ElementTree.Element) -> Rule:
        status = element.findtext("Status")
        if status not in ("Enabled", "Disabled"):
            raise malformed()
        prefix = self._prefix(element)
        rule_id = self._id(element)
        destination = element.find("Destination")
        if destination is None:
            raise malformed()
        storage_class = self._storage_class(destination)
        self._bucket(destination)
        return Rule(rule_id, prefix, status == "Enabled", storage_class)

    def _prefix(self, element: ElementTree.Element) -> str:
        prefix = element.findtext("Prefix")
        if prefix is None:
            raise malformed()
        if len(prefix) > MAX_PREFIX:
            raise _argument(
                f"Rule prefix cannot be longer than maximum allowed key length of {MAX_PREFIX}"
            )
        for used in self.prefixes:
            if prefix.startswith(used) or used.startswith(prefix):
                raise _request(f"Found overlapping prefixes '{used}' and '{prefix}'")
        self.prefixes.append(prefix)
        return prefix

    def _id(self, element: ElementTree.Element) -> str:
        rule_id = element.findtext("ID") or ""
        if len(rule_id) > MAX_ID:
            raise _argument(f"Rule Id cannot be greater than {MAX_ID}")
        if rule_id in self.ids:
            raise _request("Rule Id must be unique")
        if not rule_id:
            return base64.b64encode(str(uuid.uuid4()).encode()).decode()
        self.ids.add(rule_id)
        return rule_id

    def _storage_class(self, destination: ElementTree.Element) -> str:
        text = destination.findtext("StorageClass")
        default_is_scality = self.sites.kinds[self.sites.default] == "scality"
        if text is None:
            self.scality = default_is_scality
            return ""
        parts = text.split(",")
        if sum(part.endswith(PREFERRED_READ) for part in parts) > 1:
            raise malformed()
        for part in parts:
            name = part.removesuffix(PREFERRED_READ)
            if name in STORAGE_CLASSES:
                self.scality = default_is_scality
            elif name in self.sites.kinds:
                self.scality = self.scality or self.sites.kinds[name] == "scality"
            else:
                raise malformed()
        return text

    def _bucket(self, destination: ElementTree.Element) -> None:
        arn = destination.findtext("Bucket")
        if arn is None:
            if self.scality:
                raise malformed()
            return
        if not arn:
            raise _argument("Destination bucket cannot be null or empty")
        if not arn.startswith("arn:aws:s3:::"):
            raise _argument("Invalid bucket ARN")
        if not valid_bucket_name(arn.removeprefix("arn:aws:s3:::")):
            raise _argument("The specified bucket is not valid")
        if self.destination not in ("", arn):
            raise _request("The destination bucket must be same for all rules")
        self.destination = arn

    def _role(self, root: ElementTree.Element) -> str:
        role = root.findtext("Role")
        if role is None:
            raise malformed()
        complaint = "Invalid Role specified in replication configuration: "
        roles = role.split(",")
        if self.scality and len(roles) != 2:
            raise _argument(f"{complaint}Role must be a comma-separated list of two IAM roles")
        if not self.scality and len(roles) > 1:
            raise _argument(f"{complaint}Role may not contain a comma separator")
        for one in roles:
            if not re.fullmatch(r"arn:aws:iam::(\*|[^:]{2,}):role.*", one):
                raise _argument(f"{complaint}'{one}'")
        return role
