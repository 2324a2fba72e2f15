# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and ARNs."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents import names
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

ROLE = "arn:aws:iam::123456789012:role/X"
PREDICTED = f"arn:aws:iam::{names.UNKNOWN_ACCOUNT}:role/X"


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        (ROLE, names.Arn("aws", "iam", "", "123456789012", "role/X")),
        (PREDICTED, names.Arn("aws", "iam", "", "<account>", "role/X")),
        ("arn:aws:iam::*:role/x", names.Arn("aws", "iam", "", "*", "role/x")),
        ("arn:aws:s3:::a-bucket/k:1", names.Arn("aws", "s3", "", "", "a-bucket/k:1")),
        ("arn:aws-cn:sqs:x-1:1:q", names.Arn("aws-cn", "sqs", "x-1", "1", "q")),
    ],
)
def test_an_arn_has_parts_and_round_trips(text: str, arn: names.Arn) -> None:
    assert names.parse_arn(text) == arn
    assert str(arn) == text


@pytest.mark.parametrize(
    "text",
    ["", "X", "notanarn", "arn:aws:iam::1", "arn:aws:iam::1:", "arn::iam::1:x", "ARN:a:b:c:d:e"],
)
def test_an_invalid_arn_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidDocument, match="is not an ARN: give it in the form") as caught:
        names.parse_arn(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (ROLE, ROLE, True),
        (ROLE, PREDICTED, True),
        (PREDICTED, PREDICTED, True),
        (ROLE, ROLE.replace("123456789012", "678901234567"), False),
        (ROLE, PREDICTED.replace("role/X", "role/Y"), False),
        (ROLE, PREDICTED.replace("role/X", "role/x"), False),
        (ROLE, PREDICTED.replace("aws", "aws-cn"), False),
        (ROLE, "arn:aws:iam::*:role/X", False),
        ("notanarn", "notanarn", True),
        ("notanarn", ROLE, False),
        (PREDICTED, "notanarn", False),
    ],
)
def test_an_unknown_account_is_the_same_as_any(a: str, b: str, expected: bool) -> None:
    assert names.same_arn(a, b) is expected
    assert names.same_arn(b, a) is expected


@pytest.mark.parametrize(
    ("arguments", "arn"),
    [
        (("123456789012", "role", "/", "X"), ROLE),
        ((names.UNKNOWN_ACCOUNT, "role", "/", "X"), PREDICTED),
        (("1234", "policy", "/a/b/", "P"), "arn:aws:iam::1234:policy/a/b/P"),
    ],
)
def test_an_iam_arn_is_built(arguments: tuple[str, str, str, str], arn: str) -> None:
    assert names.iam_arn(*arguments) == arn


def test_an_iam_arn_needs_a_valid_path_and_name() -> None:
    with pytest.raises(InvalidDocument, match="The path 'a' is invalid"):
        names.iam_arn("1", "role", "a", "X")
    with pytest.raises(InvalidDocument, match="The policy name 'a b' is invalid"):
        names.iam_arn("1", "policy", "/", "a b")


@pytest.mark.parametrize(
    "arn",
    [
        ROLE,
        PREDICTED,
        "arn:aws:iam::*:role/x",
        "arn:aws:iam::12:role/x",
        "arn:aws:iam::123456789012:role/scality-internal/replication-role",
    ],
)
def test_a_valid_role_arn_for_a_configuration(arn: str) -> None:
    assert names.check_role_arn(arn) == arn


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("notanarn", "is not an ARN"),
        ("arn:aws:iam:::role/x", "names no account"),
        ("arn:aws:iam::1:role/x", "names no account"),
        ("arn:aws:iam::12 34:role/x", "names no account"),
        ("arn:aws:iam::1234:user/x", "is not the ARN of a role"),
        ("arn:aws:iam::1234:rolex", "is not the ARN of a role"),
        ("arn:aws:iam::1234:roles/x", "is not the ARN of a role"),
        ("arn:aws-cn:iam::1234:role/x", "is not the ARN of a role"),
        ("arn:aws:iam:us-east-1:1234:role/x", "is not the ARN of a role"),
        ("arn:aws:s3:::role/x", "is not the ARN of a role"),
        (" arn:aws:iam::1234:role/x", "is not an ARN"),
        ("arn:aws:iam::1234:role/a,b", "has a comma"),
        ("arn:aws:iam::1234:role/a b", "The role name 'a b' is invalid"),
        ("arn:aws:iam::1234:role/x\n", "The role name"),
        ("arn:aws:iam::1234:role/", "The role name '' has 0 characters"),
        ("arn:aws:iam::1234:role/p p/x", "The path '/p p/' is invalid"),
    ],
)
def test_an_invalid_role_arn_for_a_configuration(arn: str, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        names.check_role_arn(arn)


@pytest.mark.parametrize("given", ["a-bucket", "arn:aws:s3:::a-bucket"])
def test_a_bucket_is_given_by_name_or_arn(given: str) -> None:
    assert names.bucket_name(given) == "a-bucket"
    assert names.bucket_arn(given) == "arn:aws:s3:::a-bucket"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("arn:aws:s3:::a-bucket/*", "The bucket name 'a-bucket/\\*' is invalid"),
        ("arn:aws:s3:::", "The bucket name '' has 0 characters"),
        ("arn:aws:iam::1:role/x", "is not the ARN of a bucket: give arn:aws:s3:::<name>"),
        ("arn:aws:s3::1:a-bucket", "is not the ARN of a bucket"),
        ("arn:aws-cn:s3:::a-bucket", "is not the ARN of a bucket"),
    ],
)
def test_another_arn_is_not_a_bucket(given: str, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        names.bucket_name(given)
    with pytest.raises(InvalidDocument, match=message):
        names.bucket_arn(given)


@pytest.mark.parametrize(
    "name", ["abc", "a" * 63, "1a2", "a-b", "a--b", "a.b.c", "123", "1.2.3", "1.2.3.4.5", "xn--a"]
)
def test_a_bucket_name_is_valid(name: str) -> None:
    assert names.check_bucket_name(name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "has 0 characters: use 3 to 63"),
        ("ab", "has 2 characters: use 3 to 63"),
        ("a" * 64, "has 64 characters: use 3 to 63"),
        ("192.168.1.1", "the form of an IP address"),
        ("999.1.1.1", "the form of an IP address"),
        ("Abc", "use lowercase letters"),
        ("a_b", "use lowercase letters"),
        ("a b", "use lowercase letters"),
        ("-abc", "with a letter or digit at both ends"),
        ("abc-", "with a letter or digit at both ends"),
        (".abc", "with a letter or digit at both ends"),
        ("abc.", "with a letter or digit at both ends"),
        ("a..b", "single dots"),
        ("a.-b", "on both sides of each dot"),
        ("a-.b", "on both sides of each dot"),
        ("abc\n", "use lowercase letters"),
        ("é-bucket", "use lowercase letters"),
        ("a/b", "use lowercase letters"),
    ],
)
def test_a_bucket_name_is_invalid(name: str, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        names.check_bucket_name(name)


@pytest.mark.parametrize(
    ("name", "what"), [("A1_+=,.@-z", "role"), ("r" * 64, "role"), ("p" * 128, "policy")]
)
def test_an_iam_name_is_valid(name: str, what: str) -> None:
    assert names.check_iam_name(name, what) == name


@pytest.mark.parametrize(
    ("name", "what", "message"),
    [
        ("", "role", "The role name '' has 0 characters: use 1 to 64"),
        ("r" * 65, "role", "has 65 characters: use 1 to 64"),
        ("u" * 65, "user", "has 65 characters: use 1 to 64"),
        ("g" * 129, "group", "has 129 characters: use 1 to 128"),
        ("p" * 129, "policy", "The policy name .* has 129 characters: use 1 to 128"),
        ("a b", "role", "use letters, digits and"),
        ("a/b", "role", "use letters, digits and"),
        ("a:b", "role", "use letters, digits and"),
        ("é", "role", "use letters, digits and"),
        ("a\n", "role", "use letters, digits and"),
    ],
)
def test_an_iam_name_is_invalid(name: str, what: str, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        names.check_iam_name(name, what)


@pytest.mark.parametrize("path", ["/", "/a/", "/scality-internal/x/", "/" + "a" * 510 + "/"])
def test_an_iam_path_is_valid(path: str) -> None:
    assert names.check_iam_path(path) == path


@pytest.mark.parametrize("path", ["", "a", "/a", "a/", "/a b/", "/é/", "/a\n/", "/a/\n"])
def test_an_iam_path_is_invalid(path: str) -> None:
    with pytest.raises(InvalidDocument, match="begin and end it with a slash"):
        names.check_iam_path(path)


def test_an_iam_path_is_too_long() -> None:
    with pytest.raises(InvalidDocument, match="has 513 characters: use at most 512"):
        names.check_iam_path("/" + "a" * 511 + "/")


@pytest.mark.parametrize("key", ["a", "a/b c", " ", "é", "/", "k" * 1024, "é" * 512, "日本/😀"])
def test_an_object_key_is_valid(key: str) -> None:
    assert names.check_object_key(key) == key


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "is empty: use 1 to 1024 bytes"),
        ("k" * 1025, "has 1025 bytes in UTF-8: use at most 1024"),
        ("é" * 513, "has 1026 bytes in UTF-8: use at most 1024"),
        ("a\nb", "has a non-printable character"),
        ("a\x00", "has a non-printable character"),
        ("a\x7f", "has a non-printable character"),
        ("\ud800", "cannot be written in UTF-8"),
    ],
)
def test_an_object_key_is_invalid(key: str, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        names.check_object_key(key)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidDocument) as caught:
        names.check_bucket_name("a" * 5000)
    assert "..." in str(caught.value)
    assert len(str(caught.value)) < 200
