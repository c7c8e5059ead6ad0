"""What is wrong with a request is told in Chinese, in one sentence that names the field; numbers of problems mean one thing."""

from collections import Counter

import pytest
import requests
from marshmallow import Schema, ValidationError, fields, validate

from server.web import complaints
from shared.problems import CATALOGUE
from tests.serving import Live


class _Inner(Schema):
    when = fields.AwareDateTime(format="iso", required=True)


class _Asked(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 3))
    short = fields.String(validate=validate.Length(max=2))
    level = fields.Integer(validate=validate.Range(0, 4))
    low = fields.Integer(validate=validate.Range(min=1))
    kind = fields.String(validate=validate.OneOf(["a", "b"]))
    on = fields.Boolean()
    ids = fields.List(fields.UUID())
    inner = fields.Nested(_Inner)
    day = fields.Date()
    share = fields.Float()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "name：必填，但没有给出"),
        ({"name": None}, "name：不能为 null"),
        ({"name": 5}, "name：应为文字"),
        ({"name": "abcd"}, "name：长度应为 1–3"),
        ({"name": "a", "short": "abc"}, "short：长度至多为 2"),
        ({"name": "a", "level": 9}, "level：应 ≥ 0 且 ≤ 4"),
        ({"name": "a", "low": 0}, "low：应 ≥ 1"),
        ({"name": "a", "level": "x"}, "level：应为整数"),
        ({"name": "a", "kind": "c"}, "kind：应为下列之一：a, b"),
        ({"name": "a", "on": "perhaps"}, "on：应为 true 或 false"),
        ({"name": "a", "ids": ["x"]}, "ids.0：应为编号 (UUID)"),
        ({"name": "a", "ids": 3}, "ids：应为列表"),
        ({"name": "a", "inner": {"when": "soon"}}, "inner.when：应为带时区的时间，例如 2026-06-30T08:00:00+08:00"),
        ({"name": "a", "inner": {"when": "2026-01-01T00:00"}}, "inner.when：须带时区，例如 2026-06-30T08:00:00+08:00"),
        ({"name": "a", "inner": 3}, "inner：应为一个 JSON 对象"),
        ({"name": "a", "day": "soon"}, "day：应为日期，例如 2026-06-30"),
        ({"name": "a", "share": "nan"}, "share：不能是 NaN 或无穷大"),
        ({"name": "a", "wings": 2}, "wings：没有这个字段"),
        ([], "应为一个 JSON 对象"),
    ],
)
def test_each_complaint_of_the_library_is_in_chinese(given: object, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _Asked().load(given)  # type: ignore[arg-type]
    assert complaints.told({"json": caught.value.messages}) == words


def test_words_of_our_own_pass_as_they_are() -> None:
    assert complaints.told({"query": {"county": ["县级代码是六位数字"]}}) == "county：县级代码是六位数字"


def test_what_the_wire_says_is_in_chinese_too() -> None:
    assert (
        complaints.told({"json": {"device_id": ["not a UUID in lower case: 'zz'"]}})
        == "device_id：应为小写的编号 (UUID)，不是 'zz'"
    )
    assert complaints.told({"json": {"name": ["holds U+0000, which the database cannot keep"]}}) == "name：含有空字符"


def test_an_answer_names_the_field_and_is_readable_as_it_stands(live: Live) -> None:
    answer = requests.post(f"{live.url}/v1/session", json={"account": "a", "wings": 1}, timeout=20)
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "invalid", "password")
    assert told["detail"] == "password：必填，但没有给出；wings：没有这个字段"
    assert "必填，但没有给出" in answer.text  # not \\u5fc5\\u586b


def test_unreadable_json_is_told_in_chinese(live: Live) -> None:
    answer = requests.post(
        f"{live.url}/v1/session", data=b'{"a": 1, "a": 2}', headers={"Content-Type": "application/json"}, timeout=20
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")
    assert answer.json()["detail"].startswith("同一个对象里一个键出现两次")


def test_a_number_means_one_problem() -> None:
    numbers = Counter(kind.number for kind in CATALOGUE.values())
    assert [number for number, count in numbers.items() if count > 1] == []
    assert all(kind.number.startswith(f"{kind.status}.") for kind in CATALOGUE.values())
