"""P10: why the province did not take a record is told in sentences that say what to do, whatever code it sends."""

import re
import string
from pathlib import Path
from typing import Any

import pytest

from mobile.sync.quarantine import _SAID, words_of


@pytest.mark.parametrize("code", [*_SAID, "something new", "", None, 7])
def test_whatever_the_server_says_becomes_a_sentence(code: Any) -> None:
    """Nobody in a forest reads codes."""
    for detail in (None, [], "odd", [7, {}, {"field": "/"}, {"field": "body.taxon"}, {"field": 7, "message": "no"}]):
        words = words_of(code, detail)
        assert not set(words) & set(string.ascii_letters) and words.startswith(("服务器未接受", "服务器未能读取"))
        assert "请" in words or "自动收下" in words
    assert code != "invalid" or "（物种）" in words


def test_every_reason_of_the_protocol_has_its_words() -> None:
    page = (Path(__file__).resolve().parents[2] / "shared" / "wire" / "PROTOCOL.md").read_text(encoding="utf-8")
    told = page.partition("Reasons of a quarantine:")[2].partition("treat another")[0]
    assert set(re.findall(r"`([a-z_]+)`", told)) - {"detail", "database", "unexpected"} == set(_SAID)
