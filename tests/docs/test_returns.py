# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RETURN of each module matches its results: on success, in check mode, for a list, and on failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import s3_buckets
from tests.docs.support.examples import documented_uses
from tests.docs.support.returns import Comparison, comparison_of
from tests.integration.support.modules import Side, task_of
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    set_up,
)
from tests.unit.plugins.documented import MODULES

Options = dict[str, Any]
NO_SERVER = "http://127.0.0.1:1"


class Cases:
    """The options with which a module is run, with one method for each module, which also sets up the prerequisites.

    A module without a method here is run with the options of its documented examples.
    """

    def __init__(self, source: Side, target: Side) -> None:
        self.source = source
        self.target = target

    def environment(self, side: Side) -> Options:
        return {service: side.connection(service) for service in ("s3", "iam")}

    def backbeat_iam_role(self) -> Iterator[Options]:
        self.source.do("policy", name="Reading", policy=ANYTHING)
        arn = self.source.arn("policy", "Reading")
        yield {"name": "A", "managed_policies": [arn], "description": "some", "path": "/p/"}
        yield {"name": "A", "path": "/other/"}
        yield {"name": "A", "managed_policies": [self.source.arn("policy", "None")]}
        yield {"iam_roles": [{"name": "A"}, {"name": "B"}, {"name": "two words"}]}
        yield {
            "iam_roles": [{"name": "A", "managed_policies": [arn]}, {"name": "A", "path": "/o/"}]
        }
        yield {"name": "A", "state": "absent"}

    def backbeat_policy(self) -> Iterator[Options]:
        self.source.do("iam_role", name="A")
        generated = {"side": "source", "source_buckets": ["some-bucket"], "roles": ["A"]}
        yield {"name": "P", "description": "some", **generated}
        yield {"name": "P", "path": "/other/", **generated}
        yield {"name": "Q", **generated, "roles": ["Missing"]}
        yield {"name": "P"}
        many = [f"bucket-{number}" for number in range(20)]
        yield {"policies": [{"name": "R", **generated, "source_buckets": many, "max_size": 700}]}
        yield {"policies": [{"name": "P", **generated}, {"name": "two words", **generated}]}
        yield {"policies": [{"name": "P", "state": "absent"}]}

    def backbeat_bucket(self) -> Iterator[Options]:
        yield {"name": "some-bucket", "versioning": "enabled", "location": "us-east-1"}
        yield {"name": "some-bucket", "location": "eu-west-1"}
        yield {"name": "no", "versioning": "enabled"}
        yield {"buckets": [{"name": "other-bucket", "location": "us-east-1"}, {"name": "no"}]}
        yield {"name": "other-bucket", "state": "absent"}

    def backbeat_bucket_replication(self) -> Iterator[Options]:
        self.source.do("bucket", name=SOURCE_BUCKET, versioning="enabled")
        self.source.do("bucket", name="bare-bucket")
        wanted = {
            "source_role": self.source.arn("role", SOURCE_ROLE),
            "target_role": self.target.arn("role", TARGET_ROLE),
            "target_bucket": TARGET_BUCKET,
            "rules": [{"prefix": "", "sites": [{"name": "node6", "preferred_read": True}]}],
        }
        yield {"bucket": SOURCE_BUCKET, **wanted}
        yield {"bucket": "bare-bucket", **wanted}
        yield {"bucket": SOURCE_BUCKET, "rules": [{"prefix": "a"}]}
        yield {"replications": [{"bucket": SOURCE_BUCKET}, {"bucket": "bare-bucket", **wanted}]}
        yield {"bucket": SOURCE_BUCKET, "state": "absent"}

    def backbeat_object(self) -> Iterator[Options]:
        set_up(self.source, self.target, but=("object",))
        some = {"content": "x", "content_type": "text/plain", "metadata": {"a": "b"}}
        yield {"bucket": SOURCE_BUCKET, "key": KEY, "tags": {"month": "May"}, **some}
        yield {"bucket": SOURCE_BUCKET, "key": KEY, "metadata": {"c": "d"}}
        yield {"bucket": "no-such-bucket", "key": KEY}
        objects = [{"bucket": name, "key": "k"} for name in (SOURCE_BUCKET, "no-such-bucket")]
        yield {"objects": [{**objects[0], "tags": {"a": "b"}, **some}, objects[1]]}
        yield {"bucket": SOURCE_BUCKET, "key": KEY, "state": "absent"}

    def backbeat_object_check(self) -> Iterator[Options]:
        set_up(self.source, self.target)
        self.source.s3.put_object(Bucket=SOURCE_BUCKET, Key=KEY, Metadata={"author": "operations"})
        there = {"target": {"s3": self.target.connection("s3"), "bucket": TARGET_BUCKET}}
        yield {"bucket": SOURCE_BUCKET, "key": KEY, **there}
        yield {"bucket": SOURCE_BUCKET, "key": KEY}
        yield {"bucket": SOURCE_BUCKET, "key": KEY, "status": ["REPLICA"], "wait": False, **there}
        yield {"bucket": "no-such-bucket", "key": "none", "wait": False, **there}
        gone = {
            "s3": {**self.target.connection("s3"), "endpoint_url": NO_SERVER, "retry_timeout": 0}
        }
        lost = {"target": {**gone, "bucket": TARGET_BUCKET}}
        yield {"bucket": SOURCE_BUCKET, "key": KEY, **lost}
        one = {"bucket": SOURCE_BUCKET, "key": KEY}
        none = {"bucket": SOURCE_BUCKET, "key": "none"}
        yield {"checks": [{**one, **there}, {**none, **there}, {**one, **lost}], "wait": False}
        self.source.sandbox.settings("source", paused=True)
        self.source.s3.put_object(Bucket=SOURCE_BUCKET, Key=KEY)
        yield {**one, "wait": False}
        yield {"checks": [one], "wait": False}

    def backbeat_proof(self) -> Iterator[Options]:
        set_up(self.source, self.target, but=("object",))
        there = {"target": {"s3": self.target.connection("s3"), "bucket": TARGET_BUCKET}}
        one = {"bucket": SOURCE_BUCKET, "key": KEY, **there}
        yield one
        yield {**one, "fresh": True}
        lost = {"s3": {**there["target"]["s3"], "endpoint_url": NO_SERVER, "retry_timeout": 0}}
        unreachable = {**one, "target": {**lost, "bucket": TARGET_BUCKET}}
        yield unreachable
        missing = {**one, "bucket": "no-such-bucket"}
        yield {"proofs": [{**one, "fresh": True}, missing, unreachable], "wait_timeout": 1.0}
        yield {**missing, "wait_timeout": 1.0}
        self.target.iam.detach_role_policy(
            RoleName=TARGET_ROLE, PolicyArn=self.target.arn("policy", TARGET_POLICY)
        )
        yield {**one, "fresh": True, "wait_timeout": 1.0}
        yield {"proofs": [{**one, "fresh": True}], "wait_timeout": 1.0}

    def backbeat_iam_role_info(self) -> Iterator[Options]:
        set_up(self.source, self.target)
        yield {"name": SOURCE_ROLE}
        yield {"name": SOURCE_ROLE, "include_policies": False}
        yield {"name": "Missing"}
        yield {"iam_roles": [{"name": SOURCE_ROLE}, {"name": "Missing"}, {"name": "two words"}]}

    def backbeat_policy_info(self) -> Iterator[Options]:
        set_up(self.source, self.target)
        self.source.do("policy", name="Described", description="some", policy=ANYTHING)
        yield {"name": SOURCE_POLICY}
        yield {"name": "None"}
        yield {"policies": [{"name": SOURCE_POLICY}, {"name": "Described"}, {"name": "two words"}]}
        yield {"name": "Described"}

    def backbeat_bucket_replication_info(self) -> Iterator[Options]:
        set_up(self.source, self.target, rules=RULES)
        self.source.do("bucket", name="bare-bucket")
        self.source.do("bucket", name=BUCKET_BEYOND_V1, versioning="enabled")
        there = {"target_s3": self.target.connection("s3")}
        yield {"bucket": SOURCE_BUCKET, **there}
        yield {"bucket": SOURCE_BUCKET}
        yield {"bucket": BUCKET_BEYOND_V1, **there}
        yield {"bucket": "no-such-bucket", **there}
        yield {"all_buckets": True, **there}
        unknown = {**self.target.side.other, "endpoint_url": self.target.side.s3_url}
        keys = ("endpoint_url", "access_key", "secret_key")
        unknown_keys = {"target_s3": {key: unknown[key] for key in keys}}
        yield {"bucket": SOURCE_BUCKET, **unknown_keys}
        yield {"replications": [{"bucket": SOURCE_BUCKET}, {"bucket": "no"}], **unknown_keys}

    def backbeat_adoption_info(self) -> Iterator[Options]:
        set_up(self.source, self.target)
        self.source.do("bucket", name=BUCKET_BEYOND_V1, versioning="enabled")
        source, target = self.environment(self.source), self.environment(self.target)
        pair = {"source": source, "target": {"iam": target["iam"]}}
        lost = {**source["s3"], "endpoint_url": NO_SERVER, "retry_timeout": 0}
        yield {"name": "one", **pair}
        yield {"name": "one", "source": {"s3": source["s3"]}, "target": {}}
        yield {"name": "one", "source": {"s3": lost}, "target": {}}
        unknown_keys = {**source["s3"], "access_key": "UNKNOWN0000000000000"}
        yield {"name": "one", "source": {"s3": unknown_keys}, "target": {}}
        bad = {"name": "bad", "source": {"s3": unknown_keys}, "target": {}}
        yield {"environments": [{"name": "one", **pair}, bad]}

    def backbeat_preflight(self) -> Iterator[Options]:
        set_up(self.source, self.target)
        source = {"bucket": SOURCE_BUCKET, **self.environment(self.source)}
        target = {"bucket": TARGET_BUCKET, **self.environment(self.target)}
        missing = {**target, "bucket": "no-such-bucket"}
        bad = {**target, "bucket": "no"}
        yield {"source": source, "target": target}
        yield {"source": source, "target": target, "canary": {}}
        yield {"source": source, "target": missing, "canary": {}}
        yield {"source": source, "target": bad}
        pairs = [{"source": source, "target": one} for one in (target, missing, bad)]
        yield {"pairs": pairs, "canary": {}}
        yield {"pairs": pairs[:1]}

    def backbeat_backfill(self) -> Iterator[Options]:
        set_up(self.source, self.target, but=("object", "replication"))
        for key in ("deleted", "k"):
            self.source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"x", Tagging="a=b")
        self.source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="deleted")
        set_up(self.source, self.target, but=("object",))
        rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}
        self.target.s3.put_bucket_lifecycle_configuration(
            Bucket=TARGET_BUCKET, LifecycleConfiguration={"Rules": [rule]}
        )
        source = {"bucket": SOURCE_BUCKET, "s3": self.environment(self.source)["s3"]}
        target = {"bucket": TARGET_BUCKET, "s3": self.environment(self.target)["s3"]}
        pair = {"source": source, "target": target}
        missing = {"source": {**source, "bucket": "no-such-bucket"}, "target": target}
        states = ["never_replicated", "missing"]
        sandbox = self.source.sandbox
        refused = {"side": "source", "status": 403, "code": "AccessDenied", "times": 0}
        sandbox.fail("GetBucketNotificationConfiguration", **refused)
        # The third read is the one after the put. The others are in check mode and before the put.
        sandbox.fail("GetObjectTagging", 3, "source", "text", text="other")
        yield {**pair, "states": states, "wait": True}
        yield missing
        yield {**pair, "source": {**source, "bucket": "no"}}
        tagged = {"Bucket": SOURCE_BUCKET, "Key": "lost", "Tagging": "a=b"}
        version = str(self.source.s3.put_object(**tagged)["VersionId"])
        self.wait_for_status("lost", version, "COMPLETED")
        self.target.s3.delete_object(Bucket=TARGET_BUCKET, Key="lost", VersionId=version)
        sandbox.fail("GetObjectTagging", 3, "source", "text", text="other")
        again = {"states": states, "resend_deleted_keys": True, "wait": True, "senders": 1}
        yield {"pairs": [pair, missing], "prefix": "lost", **again}
        yield {"pairs": [pair, missing], **again}

    def backbeat_verify(self) -> Iterator[Options]:
        self.replicated("k")
        source = {"bucket": SOURCE_BUCKET, "s3": self.environment(self.source)["s3"]}
        target = {"bucket": TARGET_BUCKET, "s3": self.environment(self.target)["s3"]}
        missing = {**target, "bucket": "no-such-bucket"}
        state = self.source.sandbox.describe()["state"]
        files = {name: f"{state}/{name}" for name in ("report_file", "problems_file")}
        # Backbeat's metrics contain the age of its backlog.
        asked = {"source": source, "target": target, "backbeat_url": self.source.side.s3_url}
        yield {**asked, **files}
        yield {"source": source, "target": missing}
        self.target.s3.put_object(Bucket=TARGET_BUCKET, Key="other", Body=b"x")
        yield {"source": source, "target": target, "accept": {"written_at_target": 0}}
        yield {"source": source, "target": {**target, "bucket": "no"}}
        self.source.do("bucket", name="bare-bucket", versioning="enabled")
        bare = {**source, "bucket": "bare-bucket"}
        yield {"source": bare, "target": target, "inspect_limit": 0}
        pairs = [{"source": source, "target": one} for one in (target, missing)]
        yield {"pairs": [*pairs, asked, {"source": bare, "target": target, **files}]}

    def backbeat_verify_plan(self) -> Iterator[Options]:
        self.source.do("bucket", name=SOURCE_BUCKET, versioning="enabled")
        self.source.sandbox.seed("source", SOURCE_BUCKET, 4000)
        s3 = self.environment(self.source)["s3"]
        yield {"s3": s3, "bucket": SOURCE_BUCKET, "parts": 3, "least_versions": 1}
        yield {"s3": s3, "bucket": "no-such-bucket", "parts": 3}

    def backbeat_verify_merge(self) -> Iterator[Options]:
        self.replicated("k")
        source = {"bucket": SOURCE_BUCKET, "s3": self.environment(self.source)["s3"]}
        target = {"bucket": TARGET_BUCKET, "s3": self.environment(self.target)["s3"]}
        self.target.s3.put_object(Bucket=TARGET_BUCKET, Key="other", Body=b"x")
        bare = {**source, "bucket": "bare-bucket"}
        self.source.do("bucket", name="bare-bucket", versioning="enabled")
        state = self.source.sandbox.describe()["state"]
        files = {"report_file": f"{state}/part.json", "problems_file": f"{state}/part.jsonl"}
        asked = {"source": source, "target": target, "backbeat_url": self.source.side.s3_url}
        self.source.run("verify", **asked, fail=False, **files)
        whole = {"report_file": f"{state}/whole.json", "problems_file": f"{state}/whole.jsonl"}
        yield {"parts": [files], **whole}
        yield {"parts": [files], "accept": {"written_at_target": 0}}
        self.source.run("verify", source=bare, target=target, inspect_limit=0, **files)
        yield {"parts": [files]}
        self.source.run("verify", source=source, target=target, ranges=[{"until": "m"}], **files)
        lost = {"after": "m", "report_file": f"{state}/missing.json"}
        yield {"parts": [{"until": "m", **files}, lost]}
        yield {"parts": [{"report_file": f"{state}/missing.json"}]}

    def backbeat_service_info(self) -> Iterator[Options]:
        version = self.replicated("k")
        here, direct = self.source.side.s3_url, self.source.side.backbeat_url
        yield {}
        yield {"backbeat_url": direct, "site": "node6"}
        yield {"backbeat_url": direct, "site": "no-such-site"}
        yield {
            "backbeat_url": here,
            "object": {"bucket": SOURCE_BUCKET, "key": "k", "version_id": version},
        }
        self.source.run("site", backbeat_url=here, state="paused", hours=2)
        yield {"backbeat_url": here}
        self.source.sandbox.settings("source", backbeat=False)
        yield {"backbeat_url": here}

    def backbeat_failed_info(self) -> Iterator[Options]:
        set_up(self.source, self.target, but=("object",))
        self.target.s3.delete_bucket(Bucket=TARGET_BUCKET)
        put = self.source.s3.put_object(Bucket=SOURCE_BUCKET, Key="k", Body=b"x")
        self.wait_for_status("k", put["VersionId"], "FAILED")
        here = self.source.side.s3_url
        yield {}
        yield {"backbeat_url": here, "sites": ["no-such-site"]}
        yield {"backbeat_url": self.source.side.backbeat_url, "limit": 0}
        yield {"backbeat_url": here}
        self.source.sandbox.settings("source", backbeat=False)
        yield {"backbeat_url": here, "sites": ["node6"]}

    def backbeat_site(self) -> Iterator[Options]:
        here = {"backbeat_url": self.source.side.s3_url}
        yield {**here, "state": "paused", "hours": 2, "site": "node6"}
        yield {**here, "state": "running"}
        yield {**here, "state": "running", "force": True}
        yield {**here, "site": "no-such-site"}

    def backbeat_retry(self) -> Iterator[Options]:
        set_up(self.source, self.target, but=("object",))
        self.target.s3.delete_bucket(Bucket=TARGET_BUCKET)
        put = self.source.s3.put_object(Bucket=SOURCE_BUCKET, Key="k", Body=b"x")
        self.wait_for_status("k", put["VersionId"], "FAILED")
        self.target.do("bucket", name=TARGET_BUCKET, versioning="enabled")
        there = {"backbeat_url": self.source.side.s3_url}
        colon = {"bucket": SOURCE_BUCKET, "key": "a:b", "version_id": "1", "site": "node6"}
        yield {**there, "versions": [colon]}
        yield {**there, "wait": False, "prefix": "none"}
        yield there
        yield {**there, "sites": ["no-such-site"]}

    def backbeat_report(self) -> Iterator[Options]:
        state = self.source.sandbox.describe()["state"]
        yield {"json": f"{state}/run.json"}
        yield {"json": f"{state}/no/such/folder"}

    def replicated(self, key: str) -> str:
        """Set up replication, and put an object and wait for its replica; returns its version ID."""
        set_up(self.source, self.target)
        version = str(self.source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key)["VersionId"])
        self.wait_for_status(key, version, "COMPLETED")
        return version

    def wait_for_status(self, key: str, version: str, status: str) -> None:
        self.source.do(
            "object_check", bucket=SOURCE_BUCKET, key=key, version_id=version, status=[status]
        )


ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
RULES = [{"prefix": "", "sites": [{"name": "node6", "preferred_read": True}]}]


#: A bucket with a configuration that the modules do not manage. The sandbox, like older servers, cannot store one.
BUCKET_BEYOND_V1 = "beyond-v1-bucket"
BEYOND_V1 = {
    "Role": "arn:aws:iam::123456789012:role/A",
    "Rules": [
        {"Filter": {}, "Priority": 1, "Destination": {"Bucket": "arn:aws:s3:::target-bucket"}}
    ],
}


@pytest.fixture
def configuration_beyond_v1(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = s3_buckets.replication
    monkeypatch.setattr(
        s3_buckets,
        "replication",
        lambda api, bucket: BEYOND_V1 if bucket == BUCKET_BEYOND_V1 else stored(api, bucket),
    )


def cases(source: Side, target: Side, name: str) -> Iterator[Options]:
    if hasattr(Cases, name):
        yield from getattr(Cases(source, target), name)()
        return
    set_up(source, target)
    plural = task_of(name.removeprefix("backbeat_")).plural
    for use in documented_uses(name):
        yield use
        if plural not in use:
            yield {plural: [use]}


@pytest.mark.usefixtures("configuration_beyond_v1")
@pytest.mark.parametrize("name", MODULES)
def test_results_match_the_documentation(source: Side, target: Side, name: str) -> None:
    comparison = comparison_of(name)
    module = name.removeprefix("backbeat_")
    for options in cases(source, target, name):
        for check_mode in (True, False):
            result = source.run(module, check_mode=check_mode, **options)
            comparison.compare(result, options)
        if task_of(module).service:
            refused = {**options, "access_key": "UNKNOWN0000000000000"}
            comparison.compare(source.run(module, **refused), refused)
    assert comparison.wrong == []
    # Examples do not have to show values that may be null.
    assert comparison.unseen() - (set() if hasattr(Cases, name) else comparison.null) == set()


def test_comparison_finds_each_kind_of_difference() -> None:
    documented: dict[str, dict[str, Any]] = {
        "thing": {
            "description": "A thing.",
            "returned": "on success, when one thing was asked for",
            "type": "dict",
            "contains": {"size": {"description": "Size.", "type": "int"}},
        },
        "error": {"description": "Trouble.", "returned": "when a call failed", "type": "dict"},
    }

    def wrong(**result: Any) -> list[str]:
        comparison = Comparison(documented)
        comparison.compare({"changed": False, **result}, {})
        return comparison.wrong

    assert wrong(thing={"size": 1}) == []
    assert wrong(failed=True, error={}) == []
    assert wrong(thing={"size": "1"}) == ["thing.size is '1', and documented as int"]
    assert wrong(thing={"size": True}) == ["thing.size is True, and documented as int"]
    assert wrong(thing={}) == ["thing.size is documented, and not returned"]
    assert wrong(thing=None) == ["thing is null, which is not documented"]
    assert wrong(thing={"size": 1, "color": 2}) == ["thing.color is returned, and not documented"]
    assert wrong() == ["thing is documented, and not returned"]
    assert wrong(thing={"size": 1}, error={}) == ["error is returned, but not when a call failed"]
