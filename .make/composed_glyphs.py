"""Characters of the lists that no Noto font has, put together from parts of characters that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

Contour = list[tuple[str, tuple[Any, ...]]]


@dataclass(frozen=True)
class Composed:
    """The left half of one character and the right half of another, both drawn by the type's own designers."""

    left_of: str
    right_of: str


# 𧈢 (bā, 虫 beside 八) ends the name of 伟铗𧈢 Atlasjapyx atlas, class II.
COMPOSED = {0x27222: Composed(left_of="虾", right_of="叭")}


def donors(font: TTFont, wanted: set[int]) -> dict[int, int]:
    """Composed character → a rare character that no text uses, whose glyph slot it takes (a CID font cannot simply grow)."""
    free = sorted(code for code in font.getBestCmap() if 0x20000 <= code < 0x2F800 and code not in wanted)
    return dict(zip((code for code in sorted(COMPOSED) if code in wanted), free, strict=False))


def parts(slots: dict[int, int]) -> set[int]:
    return {ord(character) for code in slots for character in (COMPOSED[code].left_of, COMPOSED[code].right_of)}


def draw(font: TTFont, slots: dict[int, int]) -> None:
    glyphs = font.getGlyphSet()
    best = dict(font.getBestCmap())
    programs = {}
    for code, donor in slots.items():
        recipe = COMPOSED[code]
        middle = font["head"].unitsPerEm / 2
        left = [
            contour
            for contour in _contours(glyphs, best[ord(recipe.left_of)])
            if _centre(glyphs, contour) < middle * 0.9
        ]
        right = [
            contour
            for contour in _contours(glyphs, best[ord(recipe.right_of)])
            if _centre(glyphs, contour) > middle * 0.9
        ]
        pen = T2CharStringPen(None, glyphs)
        for contour in left:
            _trace(contour, pen)
        for contour in right:  # a little narrower, towards its own side, so that the halves do not touch
            _trace(contour, TransformPen(pen, (0.88, 0, 0, 1, 0.12 * font["head"].unitsPerEm * 0.96, 0)))
        programs[best[donor]] = pen.getCharString().program
        for table in font["cmap"].tables:
            if table.cmap.pop(donor, None) is not None:
                table.cmap[code] = best[donor]
    strings = font["CFF "].cff.topDictIndex[0].CharStrings
    for name, program in programs.items():
        strings[name].program = program


def _contours(glyphs: Any, name: str) -> list[Contour]:
    pen = RecordingPen()
    glyphs[name].draw(pen)
    contours: list[Contour] = []
    for operator, operands in pen.value:
        if operator == "moveTo":
            contours.append([])
        contours[-1].append((operator, operands))
    return contours


def _trace(contour: Contour, pen: Any) -> None:
    for operator, operands in contour:
        getattr(pen, operator)(*operands)


def _centre(glyphs: Any, contour: Contour) -> float:
    pen = BoundsPen(glyphs)
    _trace(contour, pen)
    bounds: tuple[float, float, float, float] = pen.bounds
    return (bounds[0] + bounds[2]) / 2
