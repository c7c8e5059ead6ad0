"""XML that grows, reaches out or never ends, for every door that reads XML."""

from collections.abc import Mapping

_TENFOLD = [f"&a{n};" * 10 for n in range(9)]
_LAUGHS = "".join(f'<!ENTITY a{n} "{less}">' for n, less in enumerate(_TENFOLD, 1))


def _with(dtd: str, text: str) -> tuple[str, str]:
    return dtd, text


HOSTILE: Mapping[str, tuple[str, str]] = {
    "billion laughs": _with(f'<!DOCTYPE x [<!ENTITY a0 "ha">{_LAUGHS}]>', "&a9;"),
    "one entity many times": _with(f'<!DOCTYPE x [<!ENTITY a "{"a" * 100_000}">]>', "&a;" * 1_000),
    "entity from a file": _with('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "&a;"),
    "entity from the network": _with('<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]>', "&a;"),
    "declarations from the network": _with('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/a.dtd">', "x"),
    "parameter entity": _with('<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>', "x"),
    "unknown entity": _with("", "&nothing;"),
    "cut off": _with("", "<open"),
}
"""Name → (what stands before the root, what stands in a text)."""
VAST_ATTRIBUTE = "a" * 100_000_000


def meta(before: str, text: str, attribute: str = "UTF-8") -> bytes:
    return f"""<?xml version="1.0"?>{before}<archive xmlns="http://rs.tdwg.org/dwc/text/"><core encoding="{attribute}"
        rowType="http://rs.tdwg.org/dwc/terms/Occurrence"><files><location>{text}</location></files>
        <field index="0" term="http://rs.tdwg.org/dwc/terms/scientificName"/></core></archive>""".encode()


def kml(before: str, text: str, attribute: str = "") -> bytes:
    return f"""<?xml version="1.0"?>{before}<kml xmlns="http://www.opengis.net/kml/2.2" a="{attribute}"><Document><Placemark>
        <name>{text}</name><Point><coordinates>112,25</coordinates></Point></Placemark></Document></kml>""".encode()


def sheet(before: str, text: str, attribute: str = "") -> bytes:
    return f"""<?xml version="1.0"?>{before}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" a="{attribute}">
        <sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is></c></row></sheetData></worksheet>""".encode()
