"""File names in headers: Chinese ones arrive whole, hostile ones harm nothing (RFC 6266, RFC 8187)."""

from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.downloads import disposition


def names_of(header: str) -> tuple[str, str]:
    """(the plain name, the whole one), as two independent readers take them."""
    message = Message()
    message["Content-Disposition"] = header.partition("; filename*=")[0]
    return message.get_filename(""), unquote(header.partition("filename*=UTF-8''")[2])


def test_a_chinese_name_arrives_whole() -> None:
    name = "莽山 𬶋鵟䴙䴘 调查（2025）.xlsx"
    header = disposition(name)
    header.encode("ascii")
    assert names_of(header) == ("2025_.xlsx", name)
    assert disposition("照片.jpg", inline=True).startswith('inline; filename="file.jpg"; ')
    assert names_of(disposition("export-2025.csv")) == ("export-2025.csv", "export-2025.csv")


@pytest.mark.parametrize(
    ("hostile", "safe"),
    [
        ("a.csv\r\nSet-Cookie: a=b", "a.csv_Set-Cookie_ a=b"),
        ('a".csv', "a_.csv"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\evil.exe", "C_evil.exe"),
        ("a\0.csv", "a_.csv"),
        ("report\u202egpj.exe", "report_gpj.exe"),
        ("half \ud800.csv", "half _.csv"),
        ("...", "file"),
        ("", "file"),
    ],
)
def test_a_hostile_name_becomes_a_harmless_one(hostile: str, safe: str) -> None:
    assert names_of(disposition(hostile))[1] == safe


def test_a_long_name_keeps_its_ending_and_whole_characters() -> None:
    told = names_of(disposition("长" * 300 + ".zip"))[1]
    assert told.endswith("长.zip")
    assert 170 < len(told.encode()) <= 180


@given(st.text(max_size=400))
def test_any_name_is_one_header_of_two_names(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    plain, whole = names_of(header)
    for told in (plain, whole):
        assert told
        assert not set(told) & set('/\\:*?"<>|')
        assert len(told.encode()) <= 180
