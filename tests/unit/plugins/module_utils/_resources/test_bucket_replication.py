# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication configurations of buckets."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.bucket_replication import (
    BucketReplication,
    BucketReplicationRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument, Refused

from ...fake_client import ENDPOINT, refusal
from ...fake_s3 import FakeS3
from ...runs import converge, run

SOURCE = "arn:aws:iam::123456789012:role/Source"
TARGET = "arn:aws:iam::678901234567:role/Target"
OTHER = "arn:aws:iam::678901234567:role/Other"
PUT, DELETE = "PutBucketReplication source", "DeleteBucketReplication source"


@pytest.fixture
def s3() -> FakeS3:
    server = FakeS3()
    server._add("source", versioning="Enabled")
    return server


def rule(prefix: str | None = None, **options: Any) -> dict[str, Any]:
    return {"id": None, "prefix": prefix, "enabled": None, "sites": None, **options}


def site(name: str, preferred_read: bool = False) -> dict[str, Any]:
    return {"name": name, "preferred_read": preferred_read}


NOW = datetime.now(timezone.utc)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


ROLES = {"source_role": SOURCE, "target_role": TARGET}
EVERYTHING = {**ROLES, "target_bucket": "target"}


def replication(s3: FakeS3, **options: Any) -> BucketReplication:
    defaults = {
        "bucket": "source",
        "source_role": None,
        "target_role": None,
        "role": None,
        "target_bucket": None,
        "rules": None,
        "purge_rules": False,
        "known_sites": None,
        "allow_pending_loss": False,
        "pending_scan_time": 60.0,
        "pending_max_age": None,
        "resend_pending": False,
        "pending_exempt": None,
        "buckets_predicted": False,
        "backbeat_url": None,
        "state": "present",
    }
    return BucketReplication(
        BucketReplicationRequest.from_options({**defaults, **options}), s3.api()
    )


def stored_rule(prefix: str, id: str, **differences: Any) -> dict[str, Any]:
    destination = {"Bucket": "arn:aws:s3:::target"}
    return {
        "ID": id,
        "Prefix": prefix,
        "Status": "Enabled",
        "Destination": destination,
        **differences,
    }


def store(s3: FakeS3, *rules: Mapping[str, Any], role: str = f"{SOURCE},{TARGET}") -> None:
    s3.buckets["source"]["replication"] = {"Role": role, "Rules": list(rules)}


def stored(s3: FakeS3) -> Any:
    return s3.buckets["source"]["replication"]


def rules(s3: FakeS3) -> list[tuple[str, str, str]]:
    return [(one["ID"], one["Prefix"], one["Status"]) for one in stored(s3)["Rules"]]


def test_a_first_configuration_covers_all_objects(s3: FakeS3) -> None:
    predicted, done = converge(s3, lambda: replication(s3, **EVERYTHING))
    assert done["changes"] == [PUT]
    assert stored(s3) == {
        "Role": f"{SOURCE},{TARGET}",
        "Rules": [stored_rule("", "made-up-0")],
    }
    made = {
        "bucket": "source",
        "role": f"{SOURCE},{TARGET}",
        "roles": [SOURCE, TARGET],
        "target_bucket": "target",
        "rules": [
            {
                "id": "made-up-0",
                "prefix": "",
                "enabled": True,
                "sites": [],
                "storage_class": None,
            }
        ],
    }
    assert done["it"] == made
    assert predicted["it"] == {**made, "rules": [{**made["rules"][0], "id": None}]}
    assert done["diff"]["before"] == {}
    assert predicted["diff"] == done["diff"]


def test_rules_are_created_as_requested(s3: FakeS3) -> None:
    asked = [
        rule("a/", id="first", sites=[site("paris"), site("cloud", preferred_read=True)]),
        rule("b/", enabled=False),
    ]
    converge(s3, lambda: replication(s3, **EVERYTHING, rules=asked))
    destination = {"Bucket": "arn:aws:s3:::target", "StorageClass": "paris,cloud:preferred_read"}
    assert stored(s3)["Rules"] == [
        stored_rule("a/", "first", Destination=destination),
        stored_rule("b/", "made-up-1", Status="Disabled"),
    ]


@pytest.mark.parametrize(
    ("options", "role"),
    [
        ({"role": f"{SOURCE},{TARGET}"}, f"{SOURCE},{TARGET}"),
        ({"role": SOURCE}, SOURCE),
        (ROLES, f"{SOURCE},{TARGET}"),
    ],
)
def test_the_ways_to_name_the_roles(s3: FakeS3, options: dict[str, Any], role: str) -> None:
    converge(s3, lambda: replication(s3, target_bucket="arn:aws:s3:::target", **options))
    assert stored(s3)["Role"] == role


def test_a_missing_bucket_is_a_warning_in_check_mode_and_then_an_error(s3: FakeS3) -> None:
    s3.buckets.clear()
    predicted = run(replication(s3, **EVERYTHING), check_mode=True)
    assert predicted["changes"] == [PUT]
    assert predicted["warnings"] == [
        f"The bucket source does not exist at {ENDPOINT} yet: create it before its replication is configured."
    ]
    foreseen = run(replication(s3, **EVERYTHING, buckets_predicted=True), check_mode=True)
    assert foreseen["warnings"] == []
    with pytest.raises(NotFound, match="Create the bucket first"):
        run(replication(s3, **EVERYTHING))
    assert run(replication(s3, state="absent"))["changes"] == []


def test_a_forbidden_configuration_is_not_absent(s3: FakeS3) -> None:
    s3.before("get_bucket_replication", refusal("AccessDenied", "Access Denied", 403))
    with pytest.raises(Forbidden):
        run(replication(s3, state="absent"))


class TestDrift:
    @pytest.mark.parametrize(
        ("options", "changes"),
        [
            ({}, []),
            (EVERYTHING, []),
            ({**EVERYTHING, "rules": [rule("a/")]}, []),
            ({"rules": [rule("a/", enabled=True), rule("b/")]}, []),
            ({"rules": [rule("b/"), rule(id="one")]}, []),
            ({"rules": [rule("a/", enabled=False)]}, [PUT]),
            ({"rules": [rule("a/", sites=[site("paris")])]}, [PUT]),
            ({"rules": [rule("changed/", id="one")]}, [PUT]),
            ({"rules": [rule("c/")]}, [PUT]),
            ({"rules": [rule("a/")], "purge_rules": True}, [PUT]),
            ({"purge_rules": True}, []),
        ],
    )
    def test_only_requested_values_are_compared(
        self, s3: FakeS3, options: dict[str, Any], changes: list[str]
    ) -> None:
        store(s3, stored_rule("a/", "one"), stored_rule("b/", "two"))
        _, done = converge(s3, lambda: replication(s3, **options))
        assert done["changes"] == changes

    def test_existing_rules_keep_their_ids_and_unlisted_ones_stay(self, s3: FakeS3) -> None:
        store(s3, stored_rule("a/", "one"), stored_rule("b/", "two"))
        asked = [rule("b/", enabled=False), rule("c/")]
        converge(s3, lambda: replication(s3, rules=asked))
        assert rules(s3) == [
            ("one", "a/", "Enabled"),
            ("two", "b/", "Disabled"),
            ("made-up-2", "c/", "Enabled"),
        ]

    def test_purging_leaves_only_the_listed_rules(self, s3: FakeS3) -> None:
        store(s3, stored_rule("a/", "one"), stored_rule("b/", "two"))
        _, done = converge(s3, lambda: replication(s3, rules=[rule("b/")], purge_rules=True))
        assert rules(s3) == [("two", "b/", "Enabled")]
        assert [one["prefix"] for one in done["diff"]["before"]["rules"]] == ["a/", "b/"]

    def test_generated_ids_are_not_a_difference(self, s3: FakeS3) -> None:
        store(s3, stored_rule("a/", "made-up"))
        done = run(replication(s3, rules=[rule("a/", enabled=False)]))
        assert "id" not in done["diff"]["before"]["rules"][0]

    @pytest.mark.parametrize(
        "options", [{"target_bucket": "other"}, {"source_role": SOURCE, "target_role": OTHER}]
    )
    def test_unlisted_rules_are_not_moved_to_another_target(
        self, s3: FakeS3, options: dict[str, Any]
    ) -> None:
        store(s3, stored_rule("a/", "one"), stored_rule("b/", "two"))
        with pytest.raises(InvalidDocument, match="which the task does not list"):
            run(replication(s3, rules=[rule("a/")], **options))
        named = [rule("a/"), rule("b/")]
        _, done = converge(s3, lambda: replication(s3, rules=named, **options))
        assert done["changes"] == [PUT]

    def test_predicted_roles_match_the_stored_ones(self, s3: FakeS3) -> None:
        store(s3, stored_rule("", "one"))
        predicted = {
            name: arn.replace("123456789012", "<account>").replace("678901234567", "<account>")
            for name, arn in ROLES.items()
        }
        assert run(replication(s3, **predicted), check_mode=True)["changes"] == []

    def test_predicted_roles_are_shown_but_never_sent(self, s3: FakeS3) -> None:
        asked = {**EVERYTHING, "target_role": "arn:aws:iam::<account>:role/Target"}
        predicted = run(replication(s3, **asked), check_mode=True)
        assert predicted["it"]["roles"] == [SOURCE, asked["target_role"]]
        with pytest.raises(Refused, match="are predictions of check mode"):
            run(replication(s3, **asked))
        assert s3.writes == []


class TestRemoval:
    def test_of_the_configuration(self, s3: FakeS3) -> None:
        store(s3, stored_rule("a/", "one"))
        _, done = converge(s3, lambda: replication(s3, state="absent"))
        assert (done["changes"], done["it"], stored(s3)) == ([DELETE], None, None)

    @pytest.mark.parametrize(
        ("asked", "left", "changes"),
        [
            ([rule("a/")], [("two", "b/", "Enabled")], [PUT]),
            ([rule(id="two")], [("one", "a/", "Enabled")], [PUT]),
            ([rule("a/"), rule("b/")], [], [DELETE]),
            (
                [rule("c/"), rule(id="three")],
                [("one", "a/", "Enabled"), ("two", "b/", "Enabled")],
                [],
            ),
        ],
    )
    def test_of_rules(self, s3: FakeS3, asked: Any, left: Any, changes: list[str]) -> None:
        store(s3, stored_rule("a/", "one"), stored_rule("b/", "two"))
        _, done = converge(s3, lambda: replication(s3, rules=asked, state="absent"))
        assert done["changes"] == changes
        assert (rules(s3) if stored(s3) else []) == left


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(
    "newer", [{"Filter": {"Prefix": "a/"}}, {"Priority": 1}, {"DeleteMarkerReplication": {}}]
)
def test_a_newer_configuration_is_never_rewritten(
    s3: FakeS3, newer: dict[str, Any], state: str
) -> None:
    store(s3, stored_rule("a/", "one", **newer))
    with pytest.raises(Refused, match=r"bucket source at .* cannot be managed without losing part"):
        run(replication(s3, **EVERYTHING, rules=[rule("a/")], state=state))
    assert s3.writes == []


def test_a_newer_configuration_can_be_removed_as_a_whole(s3: FakeS3) -> None:
    store(s3, stored_rule("a/", "one", Priority=1))
    foreseen, done = converge(s3, lambda: replication(s3, state="absent"))
    assert foreseen["diff"]["before"]["Rules"][0]["Priority"] == 1
    assert done["changes"] == [DELETE]
    assert not stored(s3)


def test_pending_objects_prevent_the_removal_of_a_newer_configuration(s3: FakeS3) -> None:
    store(s3, stored_rule("a/", "one", Priority=1))
    s3._put("source", "anywhere", ReplicationStatus="PENDING", LastModified=NOW)
    with pytest.raises(Refused, match=r"1 of 1 versions put since .* are pending"):
        run(replication(s3, state="absent"))
    assert s3.writes == []


class TestReadingBack:
    def test_elements_that_the_server_drops_are_an_error_after_some_tries(self, s3: FakeS3) -> None:
        def drop() -> None:
            stored(s3)["Rules"][0]["Destination"].pop("StorageClass", None)

        for _ in range(9):
            s3.after("put_bucket_replication", drop)
        asked = [rule("a/", sites=[site("paris")])]
        changes: list[str] = []
        with pytest.raises(
            Conflict, match="accepted the configuration but now has a different one"
        ) as caught:
            run(replication(s3, **EVERYTHING, rules=asked), timeout=60, changes=changes)
        assert "'storage_class': 'paris'" in str(caught.value)
        assert "'storage_class': None" in str(caught.value)
        assert s3.writes == changes_of(s3)
        assert changes == [PUT] * len(s3.writes)

    def test_a_lost_update_is_made_again(self, s3: FakeS3) -> None:
        store(s3, stored_rule("a/", "one"))
        s3.after(
            "put_bucket_replication",
            lambda: store(s3, stored_rule("a/", "one"), stored_rule("other/", "theirs")),
        )
        result = run(replication(s3, rules=[rule("b/")]), timeout=60)
        assert {prefix for _, prefix, _ in rules(s3)} == {"a/", "b/", "other/"}
        assert result["changes"] == [PUT, PUT]
        assert len(result["it"]["rules"]) == 3


def changes_of(s3: FakeS3) -> list[str]:
    """All writes: puts of the configuration."""
    return ["PutBucketReplication"] * len(s3.writes)


@pytest.mark.parametrize(
    ("code", "reason", "options", "advice"),
    [
        (
            "MalformedXML",
            "The XML is not well-formed",
            {"rules": [rule("a/", sites=[site("paris")]), rule("b/", sites=[site("rome")])]},
            r"it is a site that the server does not know. The sites sent: paris, rome\. Compare them",
        ),
        ("MalformedXML", "The XML is not well-formed", {}, r"\(MalformedXML\)\.$"),
        (
            "InvalidRequest",
            "Versioning must be 'Enabled' on the bucket",
            {},
            "Enable versioning on the bucket first",
        ),
        (
            "InvalidArgument",
            "Invalid Role specified",
            {},
            f"needs two role ARNs .* sent: {SOURCE},",
        ),
        ("InvalidArgument", "Something else", {}, r"\(InvalidArgument\)\.$"),
    ],
)
def test_refusals_are_explained(
    s3: FakeS3, code: str, reason: str, options: dict[str, Any], advice: str
) -> None:
    s3.before("put_bucket_replication", refusal(code, reason))
    with pytest.raises(Invalid, match=advice):
        run(replication(s3, **EVERYTHING, **options), timeout=10)
    assert len(s3.writes) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**EVERYTHING, "rules": [rule("a/"), rule("a/b/")]}, "overlap"),
        ({**EVERYTHING, "rules": []}, "`rules` is an empty list"),
        ({**EVERYTHING, "role": "not-an-arn"}, "'not-an-arn' is not an ARN"),
        ({"target_bucket": "target"}, "its roles are required"),
        (ROLES, "its target is required"),
        (
            {
                **EVERYTHING,
                "known_sites": {"paris": "scality"},
                "rules": [rule("a/", sites=[site("rome")])],
            },
            r"site 'rome' of rule 1 .* is unknown: use paris",
        ),
        (
            {"role": SOURCE, "target_bucket": "target", "known_sites": {"paris": "scality"}},
            "a Scality site needs exactly two",
        ),
    ],
)
def test_the_servers_rules_are_checked_before_anything_is_sent(
    s3: FakeS3, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        run(replication(s3, **options))
    assert s3.writes == []


@pytest.mark.parametrize(
    ("options", "message"),
    [({"bucket": "BAD"}, "bucket name 'BAD'"), ({"target_bucket": "BAD"}, "bucket name 'BAD'")],
)
def test_bad_names_are_refused_before_any_call(
    s3: FakeS3, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        replication(s3, **options)


def put_late(s3: FakeS3, **differences: Any) -> None:
    """Put a version while the configuration is written."""
    moment = datetime.now(timezone.utc)
    late = {"ReplicationStatus": "PENDING", "LastModified": moment, **differences}
    s3.before("put_bucket_replication", lambda: s3._put("source", "a/late", **late))


class TestPendingObjects:
    """Changes after which pending versions would never replicate."""

    @pytest.fixture(autouse=True)
    def _pending(self, s3: FakeS3) -> None:
        store(s3, stored_rule("a/", "one"), stored_rule("b/", "two"))
        s3._put("source", "a/new", ReplicationStatus="PENDING", LastModified=hours_ago(1))
        s3._put("source", "b/done", ReplicationStatus="COMPLETED", LastModified=hours_ago(1))

    HARMFUL = (
        {"state": "absent"},
        {"state": "absent", "rules": [rule("a/")]},
        {"rules": [rule("a/", enabled=False)]},
        {"rules": [rule("b/")], "purge_rules": True},
        {"rules": [rule("a/"), rule("b/")], "target_bucket": "other"},
        {"rules": [rule("a/"), rule("b/")], "source_role": SOURCE, "target_role": OTHER},
    )

    OTHERS: ClassVar = {
        "rules": [rule("a/"), rule("b/")],
        "source_role": SOURCE,
        "target_role": OTHER,
    }

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("options", HARMFUL)
    def test_are_a_reason_to_refuse(
        self, s3: FakeS3, options: dict[str, Any], check_mode: bool
    ) -> None:
        with pytest.raises(
            Refused, match=r"1 of . versions put since .* pending \(a/new\).*allow_pending_loss"
        ):
            run(replication(s3, **options), check_mode=check_mode)
        assert s3.writes == []

    @pytest.mark.parametrize("options", HARMFUL)
    def test_are_a_warning_on_request(self, s3: FakeS3, options: dict[str, Any]) -> None:
        result = run(replication(s3, **options, allow_pending_loss=True))
        assert result["changed"]
        assert "backbeat_object and resend" in result["warnings"][0]

    @pytest.mark.parametrize("options", HARMFUL)
    @pytest.mark.parametrize("canary", ["", "-canary-12345678-1234-1234-1234-123456789abc"])
    def test_those_of_a_proof_are_not_a_reason(
        self, s3: FakeS3, options: dict[str, Any], canary: str
    ) -> None:
        objects = s3.buckets["source"]["objects"]
        objects[f"a/new{canary}"] = objects.pop("a/new")
        exempt = {"pending_exempt": ["a/new"]}
        result = run(replication(s3, **options, **exempt), check_mode=True)
        assert (result["changed"], result["warnings"]) == (True, [])
        other = {"pending_exempt": ["a/ne", "a/new-canary"]}
        with pytest.raises(Refused, match="pending"):
            run(replication(s3, **options, **other))

    @pytest.mark.parametrize(
        "options",
        [
            {"rules": [rule("c/")]},
            {"rules": [rule("b/", enabled=False)]},
            {"rules": [rule("a/")], "purge_rules": True},
            {"state": "absent", "rules": [rule("b/")]},
            {"state": "absent", "pending_scan_time": 0.0},
        ],
    )
    def test_do_not_matter_to_other_changes(self, s3: FakeS3, options: dict[str, Any]) -> None:
        result = run(replication(s3, **options))
        assert (result["changed"], result["warnings"]) == (True, [])

    def test_are_not_scanned_for_without_changes(self, s3: FakeS3) -> None:
        run(replication(s3, **EVERYTHING))
        assert s3.calls == ["GetBucketReplication"]

    def many(self, s3: FakeS3, number: int, **last: Any) -> None:
        """Put versions on several pages; the last key is the newest."""
        s3.buckets["source"]["objects"].clear()
        for age in range(number, 0, -1):
            key = f"a/{number - age:05d}"
            s3._put("source", key, LastModified=NOW - timedelta(seconds=age))
        s3.buckets["source"]["objects"][f"a/{number - 1:05d}"][0].update(last)

    def test_are_found_on_the_last_page_too(self, s3: FakeS3) -> None:
        self.many(s3, 2500, ReplicationStatus="PROCESSING")
        with pytest.raises(
            Refused, match=r"1 of 2,500 versions put since .* are pending \(a/02499\)"
        ):
            run(replication(s3, state="absent"))
        assert s3.calls.count("ListObjectVersions") == 4

    def test_the_newest_are_read_first(self, s3: FakeS3) -> None:
        self.many(s3, 30, ReplicationStatus="PENDING")
        s3.before("head_object", lambda: time.sleep(0.3))
        with pytest.raises(Refused) as caught:
            run(replication(s3, state="absent", pending_scan_time=0.25))
        assert "1 of 1 versions put since" in str(caught.value)
        assert "Only the newest 1 of 30 versions" in str(caught.value)

    def test_versions_that_could_not_be_read_in_time_are_a_reason_to_refuse(
        self, s3: FakeS3
    ) -> None:
        self.many(s3, 30)
        s3.before("head_object", lambda: time.sleep(0.3))
        with pytest.raises(
            Refused, match=r"Only the newest 1 of 30 versions put since .* within 0 s"
        ):
            run(replication(s3, state="absent", pending_scan_time=0.25))
        assert s3.writes == []

    def test_versions_that_could_not_be_listed_in_time_are_a_reason_to_refuse(
        self, s3: FakeS3
    ) -> None:
        self.many(s3, 1500)
        s3.before("list_object_versions", lambda: time.sleep(0.3))
        options = {"state": "absent", "pending_scan_time": 0.25}
        with pytest.raises(Refused, match=r"Listing did not end within 0 s, after 1,000 versions"):
            run(replication(s3, **options), check_mode=True)
        s3.before("list_object_versions", lambda: time.sleep(0.3))
        result = run(replication(s3, **options, allow_pending_loss=True))
        assert result["changed"]
        assert "Listing did not end" in result["warnings"][0]

    def test_the_scan_ends_after_enough_pending_versions(self, s3: FakeS3) -> None:
        for number in range(150):
            s3._put("source", f"a/{number}", ReplicationStatus="PENDING", LastModified=hours_ago(2))
        with pytest.raises(Refused, match=r"100 of 101 versions .*\(a/new, a/99, a/98, \.\.\)"):
            run(replication(s3, state="absent"))

    @pytest.mark.parametrize(
        ("hours", "found"), [(None, False), (30.0, True), (0.5, False), (1e12, True)]
    )
    def test_older_versions_are_mentioned(
        self, s3: FakeS3, hours: float | None, found: bool
    ) -> None:
        s3.buckets["source"]["objects"].clear()
        s3._put("source", "a/old", ReplicationStatus="PENDING", LastModified=hours_ago(25))
        wish = replication(s3, state="absent", pending_max_age=hours)
        if found:
            with pytest.raises(Refused, match="a/old"):
                run(wish)
        else:
            assert run(wish)["warnings"] == [
                "1 older versions of the bucket source at http://node1 were not checked."
            ]

    def test_put_while_the_configuration_changes_are_found_afterwards(self, s3: FakeS3) -> None:
        s3.buckets["source"]["objects"].clear()
        put_late(s3)
        result = run(replication(s3, **self.OTHERS))
        (warning,) = result["warnings"]
        assert "1 versions are pending under the previous configuration" in warning
        assert "a/late (a/late-1)" in warning
        assert result["changes"] == [PUT]

    def stamped(self, s3: FakeS3, key: str, role: str) -> None:
        s3._add("_")
        info = {"replicationInfo": {"role": role, "destination": "arn:aws:s3:::target"}}
        body = json.dumps({"Body": json.dumps(info)}).encode()
        s3._put("_", f"backbeat/metadata/source/{key}", body, VersionId=f"{key}-1")

    @pytest.mark.parametrize(("role", "told"), [(TARGET, 1), (OTHER, 0)])
    def test_those_with_the_new_roles_are_not(self, s3: FakeS3, role: str, told: int) -> None:
        s3.buckets["source"]["objects"].clear()
        self.stamped(s3, "a/late", f"{SOURCE},{role}")
        put_late(s3)
        assert len(run(replication(s3, **self.OTHERS))["warnings"]) == told

    def test_are_sent_again_on_request(self, s3: FakeS3) -> None:
        put_late(s3, tags={"own": "tag"})
        options = {**self.OTHERS, "allow_pending_loss": True, "resend_pending": True}
        result = run(replication(s3, **options))
        assert result["changes"] == [
            PUT,
            "PutObjectTagging source/a/late",
            "PutObjectTagging source/a/new",
        ]
        assert s3.buckets["source"]["objects"]["a/late"][0]["tags"] == {"own": "tag"}

    def test_are_not_sent_again_without_a_rule(self, s3: FakeS3) -> None:
        options = {"state": "absent", "allow_pending_loss": True, "resend_pending": True}
        assert len(run(replication(s3, **options))["changes"]) == 1


class TestLostUpdates:
    def test_a_lost_rule_is_named(self, s3: FakeS3) -> None:
        wish = replication(s3, **EVERYTHING, rules=[rule("a/"), rule("b/", id="two")])
        run(wish)
        wish.confirm()
        store(s3, stored_rule("a/", "one"))
        with pytest.raises(
            Conflict, match=r"no longer existed at the end of the task: two \('b/'\)"
        ):
            wish.confirm()
        s3.buckets["source"]["replication"] = None
        with pytest.raises(Conflict, match=r"'a/'.*'b/'"):
            wish.confirm()

    def test_without_writes_nothing_is_confirmed(self, s3: FakeS3) -> None:
        replication(s3, **EVERYTHING).confirm()
        assert s3.calls == []
