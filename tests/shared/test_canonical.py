import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import NotCanonical, canonical_bytes, digest, parse

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(values)
def test_equals_an_independent_rfc_8785(value: object) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(values)
def test_canonical_bytes_read_back_as_the_same_value(value: object) -> None:
    assert parse(canonical_bytes(value)) == value


def test_golden_digest_with_a_rare_character_beyond_the_bmp() -> None:
    value = {"name_zh": "棒花𬶋", "latitude_e7": 249512345, "b": None, "a": [True, "鵟"]}
    assert canonical_bytes(value) == '{"a":[true,"鵟"],"b":null,"latitude_e7":249512345,"name_zh":"棒花𬶋"}'.encode()
    assert digest(value) == hashlib.sha256(canonical_bytes(value)).hexdigest()


@pytest.mark.parametrize(
    ("value", "path"), [({"a": [1.5]}, "/a/0"), ({"a": {"b": 2**53}}, "/a/b"), ({"x": "\ud800"}, "/x"), ({1: 2}, "/")]
)
def test_what_has_no_canonical_form_is_refused_by_its_path(value: object, path: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical_bytes(value)
    assert refused.value.path == path


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', '{"a":1.0}', '{"a":NaN}', "{", '"\\ud800', "[" * 100_000])
def test_parse_refuses_what_two_readers_could_read_differently(text: str) -> None:
    with pytest.raises(NotCanonical):
        parse(text.encode())


def test_nothing_is_normalised() -> None:
    assert digest("\u00e9") != digest("e\u0301")
