"""JSON from strangers: one meaning or none, and never more than it may cost."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import NotCanonical, parse
from shared.strict_json import NotJson, read

HOSTILE = {
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, once escaped": b'{"a": 1, "\\u0061": 2}',
    "NaN": b'{"a": NaN}',
    "Infinity": b"[-Infinity]",
    "1e400": b'{"a": 1e400}',
    "a point and 400 digits": b"[" + b"9" * 400 + b".0]",
    "5000 digits": b"[" + b"9" * 5000 + b"]",
    "beyond 2^53": b"[9007199254740993]",
    "depth 10,000": b"[" * 10_000 + b"]" * 10_000,
    "depth 10,000 of objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "depth 21": b"[" * 21 + b"]" * 21,
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "half a pair as a key": b'{"\\udfff": 1}',
    "halves the wrong way round": b'["\\udc00\\ud800"]',
    "NUL escaped": b'{"a": "x\\u0000y"}',
    "NUL as it is": b'{"a": "x\0y"}',
    "a text of 10 MB": b'["' + b"a" * 10_000_000 + b'"]',
    "not UTF-8": '{"a": "白鹭"}'.encode("gb18030"),
    "surrogates in UTF-8": b'["\xed\xa0\x80"]',
    "two values": b"{} {}",
    "nothing": b"",
    "a comma too many": b"[1,]",
    "single quotes": b"{'a': 1}",
    "cut off": b'{"a": [1, 2',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_one_kind_of_refusal(name: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(NotJson) as caught:
        read(HOSTILE[name])
    assert time.perf_counter() - begun < 1
    assert len(caught.value.reason) < 200


def test_what_is_well_is_read_as_it_stands() -> None:
    text = '{"名": "𬶋 鵟 䴙䴘", "pair": "\\ud87e\\udd8b", "n": -27.5, "zero": -0.0, "whole": 9007199254740991, "yes": true}'
    assert read(text.encode()) == json.loads(text)
    assert read(b"\xef\xbb\xbf[1]") == [1]
    assert read(b"[" * 20 + b"]" * 20)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except NotJson:
        return


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=5), inside, max_size=4),
    max_leaves=20,
)


@given(_ANYTHING, st.booleans())
def test_what_json_writes_is_read_again(value: object, ascii_only: bool) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only)
    if "\0" in str(value) or "\\u0000" in written:
        return
    assert read(written.encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize("name", ["a key twice", "NaN", "1e400", "depth 10,000", "not UTF-8", "cut off"])
def test_batches_are_read_by_the_same_reader(name: str) -> None:
    with pytest.raises(NotCanonical):
        parse(HOSTILE[name])
