import pytest

from server.formats.text_encoding import detect

CHINESE = "学名,中文名,地点\nManis pentadactyla,穿山甲,湖南省郴州市宜章县莽山\n"
FRENCH = "date_debut;nom_cite;regne\n2017-01-01;Lynx Boréal;Chordés, Mammifères, Théo, à côté\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (CHINESE.encode("utf-8"), "utf-8"),
        (CHINESE.encode("utf-8-sig"), "utf-8-sig"),
        (CHINESE.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + CHINESE.encode("utf-16-be"), "utf-16"),
        (CHINESE.encode("utf-16-le"), "utf-16-le"),
        (CHINESE.encode("utf-16-be"), "utf-16-be"),
        (CHINESE.encode("gb18030"), "gb18030"),
        ((CHINESE + "𬶋,䴙䴘,鵟\n").encode("gb18030"), "gb18030"),
        (FRENCH.encode("utf-8"), "utf-8"),
        (FRENCH.encode("cp1252"), "cp1252"),
        (b"plain,ascii\n1,2\n", "utf-8"),
        (b"", "utf-8"),
        ((CHINESE * 20).encode("utf-8") + b"\xff\n", "utf-8"),
        ((CHINESE * 20).encode("gb18030") + b"\xff\n", "gb18030"),
    ],
)
def test_detect(data: bytes, encoding: str) -> None:
    assert detect([data] if data else []) == encoding


def test_a_character_cut_between_two_chunks_is_no_damage() -> None:
    data = CHINESE.encode("gb18030")
    assert all(detect([data[:n], data[n:]]) == "gb18030" for n in range(40, 60))
