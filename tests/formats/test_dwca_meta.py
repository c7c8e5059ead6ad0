import pytest

from server.formats.dwca_meta import read_meta
from server.formats.unusable import Unusable

OCCURRENCE = "http://rs.tdwg.org/dwc/terms/Occurrence"


def _meta(inside: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<archive xmlns="http://rs.tdwg.org/dwc/text/">{inside}</archive>'.encode()


def _core(attributes: str = "", fields: str = '<id index="0"/>') -> bytes:
    return _meta(f'<core rowType="{OCCURRENCE}" {attributes}><files><location>o.txt</location></files>{fields}</core>')


def test_attributes_have_the_defaults_of_the_standard() -> None:
    core = read_meta(_core()).core
    assert (core.dialect.delimiter, core.dialect.quote, core.dialect.terminator, core.encoding, core.header_lines) == (
        ",",
        '"',
        "\n",
        "UTF-8",
        0,
    )


def test_escapes_and_an_empty_enclosure() -> None:
    core = read_meta(
        _core(
            'fieldsTerminatedBy="\\t" linesTerminatedBy="\\r\\n" fieldsEnclosedBy="" ignoreHeaderLines="2" encoding="GBK"'
        )
    ).core
    assert (core.dialect.delimiter, core.dialect.quote, core.dialect.terminator, core.encoding, core.header_lines) == (
        "\t",
        "",
        "\r\n",
        "GBK",
        2,
    )


def test_fields_without_a_column_are_constants_and_two_vocabularies_may_share_a_word() -> None:
    fields = (
        '<id index="0"/><field index="2" term="http://purl.org/dc/terms/modified"/><field index="1" term="http://rs.gbif.org/terms/1.0/modified"/>'
        '<field default="CN" term="http://rs.tdwg.org/dwc/terms/countryCode"/>'
    )
    core = read_meta(_core(fields=fields)).core
    assert core.columns == (None, "http://rs.gbif.org/terms/1.0/modified", "modified")
    assert core.constants == (("countryCode", "CN"),)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "meta_unreadable"),
        (b"<archive>", "meta_unreadable"),
        (b"\xff\xfe<", "meta_unreadable"),
        (_meta(""), "core_missing"),
        (_meta(f'<core rowType="{OCCURRENCE}"><files/></core>'), "core_missing"),
        (_core(fields='<id index="x"/>'), "meta_unreadable"),
        (_core(fields='<field index="999999999" term="a"/>'), "meta_unreadable"),
        (_core('fieldsTerminatedBy=""'), "meta_unreadable"),
        (_core('ignoreHeaderLines="-1"'), "meta_unreadable"),
    ],
)
def test_what_cannot_be_used(data: bytes, code: str) -> None:
    with pytest.raises(Unusable) as caught:
        read_meta(data)
    assert caught.value.code == code


def test_hostile_xml_is_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for document_type in (
        f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ):
        with pytest.raises(Unusable, match=r"meta\.xml"):
            read_meta(_meta("<core>&l9;&x;</core>", document_type))
