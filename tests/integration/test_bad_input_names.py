# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, documents and rules that no server would take: said before anything is sent, or at least changed."""

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
    "cut off": (
        '{"Version": "2012-10-17",',
        "is not valid JSON: .* at line 1, column .*: correct it",
    ),
    "empty": ("", "is not valid JSON: Expecting value at line 1, column 1"),
    "single quotes": ("{'Statement': []}", "in double quotes at line 1, column 2"),
    "a list": ("[]", r"is \[\]: give a JSON object with Version and Statement"),
    "a text": ('"text"', "is 'text': give a JSON object"),
    "no statement": (
        {"Version": "2012-10-17"},
        "The Statement of the policy document is None: give",
    ),
    "an empty list": ({"Statement": []}, r"The Statement of the policy document is \[\]: give"),
    "a number": ({"Statement": 3}, "The Statement of the policy document is 3: give an object"),
    "a key twice": ('{"Statement": {}, "Statement": {}}', "key 'Statement' twice in one object"),
    "no number": ('{"Statement": NaN}', "the value NaN, which JSON cannot represent: remove it"),
}
A, B = f"{ROLE}A", f"{ROLE}B"
BARE = {"source_role": LEFT_OUT, "target_role": LEFT_OUT}


def refused(side: Side, module: str, reason: str, /, **wrong: Any) -> str:
    """The message, which matches `reason`; nothing was tried on the server but reads."""
    side.sandbox.clear_calls()
    message = assert_failure(run_at(side, module, **wrong))
    assert side.writes() == []
    assert re.search(reason, message), message
    return message


def refused_unsent(side: Side, module: str, reason: str, /, **wrong: Any) -> str:
    message = refused(side, module, re.escape(reason), **wrong)
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
def test_bucket_names(source: Side, module: str, option: str, name: str) -> None:
    message = refused_unsent(source, module, BUCKET_NAMES[name], **{option: name})
    assert message.startswith(f"The bucket name {name!r} ")


@pytest.mark.parametrize(
    "options", [{"target_bucket": "Bad_Name"}, {"target_bucket": "arn:aws:s3:::Bad_Name"}]
)
def test_names_of_target_buckets(source: Side, options: dict[str, str]) -> None:
    refused_unsent(
        source, "bucket_replication", f"name 'Bad_Name' is invalid: {CHARACTERS}", **options
    )


def test_the_arn_of_something_else_as_target(source: Side) -> None:
    queue = "arn:aws:sqs:::queue"
    reason = f"'{queue}' is not the ARN of a bucket: give arn:aws:s3:::<name>"
    refused_unsent(source, "bucket_replication", reason, target_bucket=queue)


@pytest.mark.parametrize("name", IAM_NAMES)
@pytest.mark.parametrize("module", ["iam_role", "iam_role_info", "policy", "policy_info"])
def test_names_of_roles_and_policies(source: Side, module: str, name: str) -> None:
    message = refused_unsent(source, module, IAM_NAMES[name], name=name)
    assert message.startswith(f"The {'role' if 'role' in module else 'policy'} name ")


def test_names_of_roles_to_attach_to(source: Side) -> None:
    reason = f"The role name 'two words' is invalid: {IAM_CHARACTERS}"
    refused_unsent(source, "policy", reason, roles=["Reader", "two words"])


def test_policies_to_attach_that_are_no_arns(source: Side) -> None:
    reason = "'Reading' is not an ARN: give it in the form arn:"
    refused_unsent(source, "iam_role", reason, managed_policies=["Reading"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("module", ["iam_role", "policy"])
def test_paths(source: Side, module: str, path: str) -> None:
    assert refused_unsent(source, module, PATHS[path], path=path).startswith("The path '")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("module", ["object", "object_check"])
def test_keys(source: Side, module: str, key: str) -> None:
    assert refused_unsent(source, module, KEYS[key], key=key).startswith("The object key ")


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize(
    ("module", "option"), [("policy", "policy"), ("iam_role", "assume_role_policy_document")]
)
def test_policy_documents(source: Side, module: str, option: str, kind: str) -> None:
    document, reason = DOCUMENTS[kind]
    generated = {"side": LEFT_OUT, "source_buckets": LEFT_OUT} if module == "policy" else {}
    message = refused(source, module, reason, **{option: document}, **generated)
    assert source.sandbox.calls() == []
    assert "policy document" in message


def test_policies_without_a_document(source: Side) -> None:
    refused_unsent(source, "policy", "needs a document: give policy, or give side", side=LEFT_OUT)
    refused_unsent(source, "policy", "needs target_buckets to be generated", side="target")


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
def test_rules(source: Side, rules: list[dict[str, Any]], reason: str) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    refused(source, "bucket_replication", reason, rules=rules)


def test_more_rules_than_servers_take(source: Side) -> None:
    rules = [{"prefix": f"{number:04}/"} for number in range(1001)]
    refused(source, "bucket_replication", "has 1001 rules: use at most 1000", rules=rules)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({**BARE, "role": f"{A},{B},{ROLE}C"}, "names 3 roles: give the source's and the target's"),
        ({**BARE, "role": ""}, "is empty: give a role's ARN, or leave it out"),
        ({**BARE, "role": f"{A},"}, "'' is not an ARN: give it in the form"),
        ({**BARE, "role": f"{A}, {B}"}, "' arn.*' is not an ARN: give it in the form"),
        ({"source_role": "SourceRole"}, "'SourceRole' is not an ARN: give it in the form"),
        ({"source_role": A.replace("role", "user")}, "not the ARN of a role: give it as"),
        ({"source_role": A.replace("123456789012", "")}, "names no account: give it as"),
        ({"target_role": f"{B},x"}, "has a comma, which separates the roles.* use a role without"),
        (
            {**BARE, "role": A, "known_sites": {"node6": "scality"}},
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
def test_roles_and_sites(source: Side, options: dict[str, Any], reason: str) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    refused(source, "bucket_replication", reason, **options)


def test_nothing_to_begin_with(source: Side) -> None:
    """A first configuration needs roles and a target bucket."""
    source.do("bucket", name=BUCKET, versioning="enabled")
    refused(source, "bucket_replication", "its roles are required: give `source_role`", **BARE)
    refused(source, "bucket_replication", "give `target_bucket`", target_bucket=LEFT_OUT)


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        ("/no/such/file", "No such file or directory. It is read where the module runs: check src"),
        ("/", "Is a directory. It is read where the module runs: check src"),
    ],
)
def test_files_that_cannot_be_read(source: Side, src: str, reason: str) -> None:
    message = refused_unsent(source, "object", reason, src=src)
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
def test_headers_that_cannot_be_sent(source: Side, header: dict[str, Any], reason: str) -> None:
    source.do("bucket", name=BUCKET)
    refused(source, "object", reason, **header)


@pytest.mark.parametrize(
    ("module", "options", "reason"),
    [
        ("bucket", {"name": None}, "name has no value: give the name of the bucket"),
        ("iam_role", {"name": None}, "name has no value: give the name of the iam role"),
        ("object", {"key": None}, "key has no value: give the name of the object"),
    ],
)
def test_names_without_a_value(
    source: Side, module: str, options: dict[str, Any], reason: str
) -> None:
    refused_unsent(source, module, reason, **options)


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
def test_options_that_are_none(
    source: Side, module: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OptionsRefused) as caught:
        run_at(source, module, **options)
    assert reason in str(caught.value)
