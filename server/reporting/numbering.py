"""Numbers by chapter: 表3-1, 图3-2; annexes by letter: 表A-1."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.reporting.document import Chapter, Figure, PhotoSheet, Report, Table, walk


@dataclass(frozen=True)
class Numbered:
    """`label` is 表3-1 or 图3-2."""

    name: str
    label: str
    title: str
    is_table: bool


def chapter_marks(report: Report) -> list[tuple[Chapter, str, str]]:
    """(chapter, the mark its tables carry, its heading)."""
    marked = [(chapter, str(n), f"{n} {chapter.title}") for n, chapter in enumerate(report.chapters, 1)]
    for n, annex in enumerate(report.annexes):
        letter = chr(ord("A") + n)
        marked.append((annex, letter, f"附录{letter} {annex.title}"))
    return marked


def number(report: Report) -> Mapping[str, Numbered]:
    """By name. ValueError where two tables or figures bear one name, since references and hashes go by it."""
    found: dict[str, Numbered] = {}
    for chapter, mark, _ in chapter_marks(report):
        counts = {True: 0, False: 0}
        for block in walk(chapter.blocks):
            if not isinstance(block, Table | Figure | PhotoSheet):
                continue
            if block.name in found:
                raise ValueError(f"two tables or figures are named {block.name!r}")
            is_table = isinstance(block, Table)
            counts[is_table] += 1
            label = f"{'表' if is_table else '图'}{mark}-{counts[is_table]}"
            found[block.name] = Numbered(block.name, label, block.title, is_table)
    return found
