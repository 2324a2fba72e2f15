# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invalid names, documents and rules: refused before a request is sent, or at least before a change."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.support.bad_input import BUCKET, LEFT_OUT, ROLE, assert_failure, run_at
from tests.integration.support.modules import OptionsRefused, Side

LONG = "x" * 2000
CHARACTERS = "use lowercase letters, digits, hyphens and single dots"
IAM_CHARACTERS = "use letters, digits and _+=,.@- only"
BUCKET_NAMES = {
    "": "has 0 characters: use 3 to 63",
    "ab": "has 2 characters: use 3 to 63",
    "x" * 64: "has 64 characters: use 3 to 63",
    "192.168.1.1": "form of an IP address: use a name with a letter",
    "Source-Bucket": CHARACTERS,
    "source_bucket": CHARACTERS,
    "source bucket": CHARACTERS,
    "source..bucket": CHARACTERS,
    "-source": CHARACTERS,
    "bücket": CHARACTERS,
    "source/bucket": CHARACTERS,
    "arn:aws:s3:::source-bucket": CHARACTERS,
}
IAM_NAMES = {
    "": "has 0 characters: use 1 to",
    LONG: "has 2000 characters: use 1 to",
    "two words": IAM_CHARACTERS,
    "path/Name": IAM_CHARACTERS,
    "rôle": IAM_CHARACTERS,
    "arn:aws:iam::123456789012:role/Name": IAM_CHARACTERS,
}
KEYS = {
    "": "is empty: use 1 to 1024 bytes",
    LONG: "has 2000 bytes in UTF-8: use at most 1024",
    "line\nend": "non-printable character, which servers refuse or change: leave out",
    "\udc80": "cannot be written in UTF-8",
}
PATHS = {
    "replication": "begin and end it with a slash",
    "/replication": "begin and end it with a slash",
    "/répl/": "printable ASCII characters",
    f"/{LONG}/": "has 2002 characters: use at most 512",
}
DOCUMENTS: dict[str, tuple[Any, str]] = {
    "truncated": (
        '{"Version": "2012-10-17",',
        "is not valid JSON: .* at line 1, column .*: correct it",
    ),
    "empty": ("", "is not valid JSON: Expecting value at line 1, column 1"),
    "single quotes": ("{'Statement': []}", "in double quotes at line 1, column 2"),
    "a list": ("[]", r"is \[\]: give a JSON object with Version and Statement"),
    "a string": ('"text"', "is 'text': give a JSON object"),
    "no statement": (
        {"Version": "2012-10-17"},
        "The Statement of the policy document is None: give",
    ),
    "an empty list": ({"Statement": []}, r"The Statement of the policy document is \[\]: give"),
    "a number": ({"Statement": 3}, "The Statement of the policy document is 3: give an object"),
    "a duplicate key": (
        '{"Statement": {}, "Statement": {}}',
        "key 'Statement' twice in one object",
    ),
    "not a number": ('{"Statement": NaN}', "the value NaN, which JSON cannot represent: remove it"),
}
A, B = f"{ROLE}A", f"{ROLE}B"
WITHOUT_ROLES = {"source_role": LEFT_OUT, "target_role": LEFT_OUT}


def failure_before_writes(side: Side, module: str, reason: str, /, **wrong: Any) -> str:
    """Asserts that the module fails without writes, with a message that matches `reason`; returns the message."""
    side.sandbox.clear_calls()
    message = assert_failure(run_at(side, module, **wrong))
    assert side.writes() == []
    assert re.search(reason, message), message
    return message


def failure_before_requests(side: Side, module: str, reason: str, /, **wrong: Any) -> str:
    """Asserts that the module fails without requests, with a message that contains `reason`; returns the message."""
    message = failure_before_writes(side, module, re.escape(reason), **wrong)
    assert side.sandbox.calls() == []
    return message


@pytest.mark.parametrize("name", BUCKET_NAMES)
@pytest.mark.parametrize(
    ("module", "option"),
    [
        ("bucket", "name"),
        ("bucket_replication", "bucket"),
        ("bucket_replication_info", "bucket"),
        ("object", "bucket"),
        ("object_check", "bucket"),
    ],
)
def test_invalid_bucket_name_is_refused(source: Side, module: str, option: str, name: str) -> None:
    message = failure_before_requests(source, module, BUCKET_NAMES[name], **{option: name})
    assert message.startswith(f"The bucket name {name!r} ")


@pytest.mark.parametrize(
    "options", [{"target_bucket": "Bad_Name"}, {"target_bucket": "arn:aws:s3:::Bad_Name"}]
)
def test_invalid_target_bucket_name_is_refused(source: Side, options: dict[str, str]) -> None:
    failure_before_requests(
        source, "bucket_replication", f"name 'Bad_Name' is invalid: {CHARACTERS}", **options
    )


def test_target_bucket_with_the_arn_of_a_queue_is_refused(source: Side) -> None:
    queue = "arn:aws:sqs:::queue"
    reason = f"'{queue}' is not the ARN of a bucket: give arn:aws:s3:::<name>"
    failure_before_requests(source, "bucket_replication", reason, target_bucket=queue)


@pytest.mark.parametrize("name", IAM_NAMES)
@pytest.mark.parametrize("module", ["iam_role", "iam_role_info", "policy", "policy_info"])
def test_invalid_role_or_policy_name_is_refused(source: Side, module: str, name: str) -> None:
    message = failure_before_requests(source, module, IAM_NAMES[name], name=name)
    assert message.startswith(f"The {'role' if 'role' in module else 'policy'} name ")


def test_invalid_name_of_a_role_to_attach_to_is_refused(source: Side) -> None:
    reason = f"The role name 'two words' is invalid: {IAM_CHARACTERS}"
    failure_before_requests(source, "policy", reason, roles=["Reader", "two words"])


def test_managed_policy_that_is_not_an_arn_is_refused(source: Side) -> None:
    reason = "'Reading' is not an ARN: give it in the form arn:"
    failure_before_requests(source, "iam_role", reason, managed_policies=["Reading"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("module", ["iam_role", "policy"])
def test_invalid_path_is_refused(source: Side, module: str, path: str) -> None:
    assert failure_before_requests(source, module, PATHS[path], path=path).startswith("The path '")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("module", ["object", "object_check"])
def test_invalid_object_key_is_refused(source: Side, module: str, key: str) -> None:
    assert failure_before_requests(source, module, KEYS[key], key=key).startswith("The object key ")


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize(
    ("module", "option"), [("policy", "policy"), ("iam_role", "assume_role_policy_document")]
)
def test_invalid_policy_document_is_refused(
    source: Side, module: str, option: str, kind: str
) -> None:
    document, reason = DOCUMENTS[kind]
    generated = {"side": LEFT_OUT, "source_buckets": LEFT_OUT} if module == "policy" else {}
    message = failure_before_writes(source, module, reason, **{option: document}, **generated)
    assert source.sandbox.calls() == []
    assert "policy document" in message


def test_policy_without_a_document_is_refused(source: Side) -> None:
    failure_before_requests(
        source, "policy", "needs a document: give policy, or give side", side=LEFT_OUT
    )
    failure_before_requests(source, "policy", "needs target_buckets to be generated", side="target")


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (
            [{"prefix": "a/"}, {"prefix": "a/b"}],
            r"rule 1 \(prefix 'a/'\) and rule 2 \(prefix 'a/b'\) overlap.* change one of the",
        ),
        (
            [{"prefix": "a", "enabled": False}, {"prefix": ""}],
            "overlap, and servers refuse that even for disabled rules",
        ),
        ([{"prefix": "a"}, {"prefix": "a"}], "the prefix 'a': give every rule prefix once"),
        (
            [{"prefix": "a", "id": "x"}, {"prefix": "b", "id": "x"}],
            "the id 'x': give every rule id",
        ),
        ([{}], "Rule 1 has neither an id nor a prefix: give one of them"),
        (
            [{"id": "new"}],
            "no rule with the id 'new' yet, so its prefix is required: give `prefix`",
        ),
        ([], "`rules` is an empty list: give at least one rule, or omit `rules`"),
        ([{"prefix": LONG}], "The prefix of rule 1 .* has 2000 characters: use at most 1024"),
        ([{"prefix": "", "id": LONG}], "The id of rule 1 .* has 2000 characters: use at most 255"),
        (
            [{"prefix": "", "sites": [{"name": "two words"}]}],
            "site 'two words' of rule 1 .* invalid",
        ),
        ([{"prefix": "", "sites": [{"name": ""}]}], "The site '' of rule 1 .* is invalid: give"),
        (
            [{"prefix": "", "sites": [{"name": n, "preferred_read": True} for n in ("x", "y")]}],
            "The sites x, y of rule 1 .* are all preferred for reading: choose one",
        ),
    ],
)
def test_invalid_rules_are_refused(source: Side, rules: list[dict[str, Any]], reason: str) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    failure_before_writes(source, "bucket_replication", reason, rules=rules)


def test_more_than_1000_rules_are_refused(source: Side) -> None:
    rules = [{"prefix": f"{number:04}/"} for number in range(1001)]
    failure_before_writes(
        source, "bucket_replication", "has 1001 rules: use at most 1000", rules=rules
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {**WITHOUT_ROLES, "role": f"{A},{B},{ROLE}C"},
            "names 3 roles: give the source's and the target's",
        ),
        ({**WITHOUT_ROLES, "role": ""}, "is empty: give a role's ARN, or leave it out"),
        ({**WITHOUT_ROLES, "role": f"{A},"}, "'' is not an ARN: give it in the form"),
        ({**WITHOUT_ROLES, "role": f"{A}, {B}"}, "' arn.*' is not an ARN: give it in the form"),
        ({"source_role": "SourceRole"}, "'SourceRole' is not an ARN: give it in the form"),
        ({"source_role": A.replace("role", "user")}, "not the ARN of a role: give it as"),
        ({"source_role": A.replace("123456789012", "")}, "names no account: give it as"),
        ({"target_role": f"{B},x"}, "has a comma, which separates the roles.* use a role without"),
        (
            {**WITHOUT_ROLES, "role": A, "known_sites": {"node6": "scality"}},
            "names one role, but a Scality site needs exactly two.* give both",
        ),
        (
            {"known_sites": {"cloud": "cloud"}},
            "names two roles, but cloud sites take exactly one: give the source's alone",
        ),
        (
            {"known_sites": {"node6": "sality"}},
            "site 'node6' is of the kind 'sality': use scality or cloud",
        ),
        (
            {
                "known_sites": {"node6": "scality"},
                "rules": [{"prefix": "", "sites": [{"name": "node7"}]}],
            },
            "site 'node7' of rule 1 .* is unknown: use node6, or one of the storage classes",
        ),
    ],
)
def test_invalid_roles_or_sites_are_refused(
    source: Side, options: dict[str, Any], reason: str
) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    failure_before_writes(source, "bucket_replication", reason, **options)


def test_first_configuration_needs_roles_and_a_target_bucket(source: Side) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    failure_before_writes(
        source, "bucket_replication", "its roles are required: give `source_role`", **WITHOUT_ROLES
    )
    failure_before_writes(
        source, "bucket_replication", "give `target_bucket`", target_bucket=LEFT_OUT
    )


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("/no/such/file", "No such file or directory. It is read where the module runs: check src"),
        ("/", "Is a directory. It is read where the module runs: check src"),
    ],
)
def test_unreadable_src_is_refused(source: Side, src: str, reason: str) -> None:
    message = failure_before_requests(source, "object", reason, src=src)
    assert f"Cannot read the file {src} for {BUCKET}/k" in message


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (
            {"metadata": {"author": "two\nlines"}},
            "metadata entry 'author'.*non-printable character",
        ),
        (
            {"content_type": "text\nplain"},
            "Invalid header value .*Nothing was sent: check for a line break",
        ),
    ],
)
def test_invalid_header_value_is_refused(source: Side, header: dict[str, Any], reason: str) -> None:
    source.do("bucket", name=BUCKET)
    failure_before_writes(source, "object", reason, **header)


@pytest.mark.parametrize(
    ("module", "options", "reason"),
    [
        ("bucket", {"name": None}, "name has no value: give the name of the bucket"),
        ("iam_role", {"name": None}, "name has no value: give the name of the iam role"),
        ("object", {"key": None}, "key has no value: give the name of the object"),
    ],
)
def test_name_without_a_value_is_refused(
    source: Side, module: str, options: dict[str, Any], reason: str
) -> None:
    failure_before_requests(source, module, reason, **options)


@pytest.mark.parametrize(
    ("module", "options", "reason"),
    [
        ("bucket", {"versioning": "on"}, "versioning must be one of: enabled, suspended"),
        ("bucket", {"state": "gone"}, "state must be one of: present, absent"),
        ("policy", {"side": "middle"}, "side must be one of: source, target"),
        ("policy", {"permissions": "all"}, "permissions must be one of: least, guide"),
        ("object", {"content": "x", "src": "/etc/hostname"}, "mutually exclusive: content|src"),
        ("object_check", {"status": ["DONE"]}, "status must be one or more of"),
        ("bucket_replication", {"rules": ["all"]}, "rules"),
        ("bucket_replication", {"rules": [{"prefx": "a"}]}, "rules.prefx"),
        ("bucket_replication", {"role": A}, "mutually exclusive"),
        ("bucket_replication", {"target_role": LEFT_OUT}, "source_role, target_role"),
        (
            "bucket",
            {"buckets": [{"versioning": "enabled"}], "name": LEFT_OUT},
            "missing required arguments: name",
        ),
    ],
)
def test_options_outside_the_argument_spec_are_refused(
    source: Side, module: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OptionsRefused) as caught:
        run_at(source, module, **options)
    assert reason in str(caught.value)
