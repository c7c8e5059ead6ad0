"""From a path to a table with its column mapping, whatever kind of file the path names."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from server.exchange.mapping import ColumnMapping, named, recognised
from server.exchange.rules import NAME_TERMS
from server.formats.archive import Archive, open_archive
from server.formats.camtrap_dp import OBSERVATION_HEADINGS, with_places
from server.formats.csv_reader import file_opener, open_csv
from server.formats.dwca_reader import meta_path, open_dwca
from server.formats.table import Table
from server.formats.unusable import Unusable
from shared import strict_json

_TABLES = (".csv", ".tsv", ".txt")
_MAX_DESCRIPTOR_BYTES = 5 * 1024 * 1024
OpenMember = Callable[[str], Callable[[], AbstractContextManager[IO[bytes]]]]


@dataclass(frozen=True)
class Source:
    table: Table
    mapping: ColumnMapping


@contextmanager
def open_source(path: Path, mapping: str | None = None) -> Iterator[Source]:
    """Unusable says why a file cannot be read; nothing of it has been used then."""
    wanted = named(mapping) if mapping else None
    with _open_table(path) as table:
        chosen = wanted or recognised(table.headings)
        if not any(chosen.term(heading) in NAME_TERMS or heading in NAME_TERMS for heading in table.headings):
            raise Unusable("name_column_missing", "、".join(table.headings[:12])[:200])
        yield Source(table, chosen)


@contextmanager
def _open_table(path: Path) -> Iterator[Table]:
    if path.is_dir() and (path / "datapackage.json").is_file():
        path = path / "datapackage.json"
    with ExitStack() as stack:
        if _is_zip(path):
            yield stack.enter_context(_open_zip(stack.enter_context(open_archive(path))))
        else:
            observations = path.name
            if path.name == "datapackage.json":
                with file_opener(path)() as stream:
                    observations = _observations_path(stream.read(_MAX_DESCRIPTOR_BYTES))
            beside = [sibling.name for sibling in path.parent.iterdir()]
            yield stack.enter_context(_open_text(lambda name: file_opener(path.parent / name), observations, beside))


def _is_zip(path: Path) -> bool:
    with file_opener(path)() as stream:
        return stream.read(2) == b"PK" or path.suffix.lower() == ".zip"


@contextmanager
def _open_zip(archive: Archive) -> Iterator[Table]:
    if "[Content_Types].xml" in archive.names:
        raise Unusable("workbook")
    meta = meta_path(archive)
    package = next((name for name in archive.names if PurePosixPath(name).name == "datapackage.json"), None)
    tables = [name for name in archive.names if name.lower().endswith(_TABLES)]
    if meta is not None:
        opened = open_dwca(archive, meta)
    elif package is not None:
        folder = PurePosixPath(package).parent
        observations = str(folder / _observations_path(archive.read(package, _MAX_DESCRIPTOR_BYTES)))
        opened = _open_text(lambda name: lambda: archive.stream(name), observations, archive.names)
    elif len(tables) == 1:
        opened = _open_text(lambda name: lambda: archive.stream(name), tables[0], archive.names)
    else:
        raise Unusable(
            "core_missing", "没有 meta.xml" if not tables else f"没有 meta.xml，却有 {len(tables)} 个数据文件"
        )
    with opened as table:
        yield table


@contextmanager
def _open_text(opener: OpenMember, name: str, names: list[str]) -> Iterator[Table]:
    """A text table; the observations of a camera trap package with the places of the deployments that stand beside them."""
    if name not in names:
        raise Unusable("core_missing", name)
    deployments = str(PurePosixPath(name).parent / "deployments.csv")
    with open_csv(opener(name)) as table:
        if not OBSERVATION_HEADINGS.issubset(table.headings):
            yield table
        elif deployments in names:
            with open_csv(opener(deployments)) as places:
                yield with_places(table, list(places.rows))
        else:
            yield with_places(table, [])


def _observations_path(descriptor: bytes) -> str:
    """The file of the resource `observations`: by its last name only, so that it leads nowhere else."""
    try:
        told: Any = strict_json.read(descriptor, _MAX_DESCRIPTOR_BYTES)
        paths = [resource["path"] for resource in told["resources"] if resource.get("name") == "observations"]
        return PurePosixPath(paths[0]).name
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unusable("core_missing", "datapackage.json") from error
