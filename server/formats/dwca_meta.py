"""meta.xml: which files an archive of Darwin Core text holds, and how to read each."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from server.formats.darwin_core import short_name
from server.formats.delimited import Dialect
from server.formats.unusable import Unusable

MAX_META_BYTES = 1024 * 1024
MAX_COLUMNS = 2_000
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\r\\n": "\r\n", "\\\\": "\\"}


@dataclass(frozen=True)
class DataFile:
    """`columns` are short term names by position (None: not named); `key` is the position of id or coreid; `constants` have no column."""

    row_type: str
    location: str
    dialect: Dialect
    encoding: str
    header_lines: int
    columns: tuple[str | None, ...]
    key: int | None
    constants: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ArchiveMap:
    core: DataFile
    extensions: tuple[DataFile, ...]


def read_meta(data: bytes) -> ArchiveMap:
    """Unusable for anything that is not a description of an archive, hostile XML included."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unusable("meta_unreadable", str(error) or type(error).__name__) from error
    core = next(_children(root, "core"), None)
    if core is None:
        raise Unusable("core_missing", "meta.xml")
    return ArchiveMap(
        _data_file(core, "id"), tuple(_data_file(element, "coreid") for element in _children(root, "extension"))
    )


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if isinstance(child.tag, str) and child.tag.rsplit("}", 1)[-1] == name)


def _data_file(element: Element, key_name: str) -> DataFile:
    files = next(_children(element, "files"), None)
    location = next(_children(files, "location"), None) if files is not None else None
    if location is None or not (location.text or "").strip():
        raise Unusable("core_missing" if key_name == "id" else "meta_unreadable", "location")
    key_element = next(_children(element, key_name), None)
    key = _position(key_element.get("index")) if key_element is not None else None
    columns, constants = _columns(element, key)
    dialect = Dialect(
        _unescape(element.get("fieldsTerminatedBy"), ","),
        _unescape(element.get("fieldsEnclosedBy"), '"'),
        _unescape(element.get("linesTerminatedBy"), "\n") or "\n",
    )
    if not dialect.delimiter:
        raise Unusable("meta_unreadable", "fieldsTerminatedBy")
    return DataFile(
        short_name(element.get("rowType") or ""),
        (location.text or "").strip(),
        dialect,
        element.get("encoding") or "UTF-8",
        _position(element.get("ignoreHeaderLines") or "0") or 0,
        columns,
        key,
        constants,
    )


def _columns(element: Element, key: int | None) -> tuple[tuple[str | None, ...], tuple[tuple[str, str], ...]]:
    named: dict[int, str] = {}
    constants: list[tuple[str, str]] = []
    taken: set[str] = set()
    for field in _children(element, "field"):
        address, default = field.get("term") or "", field.get("default")
        term = short_name(address)
        # Two vocabularies may use one word: the first keeps it, the second goes by its whole address.
        term = address if term in taken else term
        taken.add(term)
        position = _position(field.get("index"))
        if position is not None:
            named[position] = term
        if default:
            constants.append((term, default))
    width = max([*named, key if key is not None else -1], default=-1) + 1
    return tuple(named.get(position) for position in range(width)), tuple(constants)


def _position(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if not text.strip().isdecimal() or int(text) > MAX_COLUMNS:
        raise Unusable("meta_unreadable", f"index {text!r}")
    return int(text)


def _unescape(text: str | None, default: str) -> str:
    return default if text is None else _ESCAPES.get(text, text)
