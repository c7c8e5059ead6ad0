"""The typeface of reports: Noto Sans CJK SC, subset to the glyphs that are used. A character without a glyph is an error."""

import functools
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

from server.settings import Settings

Weight = Literal["Regular", "Bold"]
FAMILY = "Xiangye Sans"
FACE = "Noto Sans CJK SC"
SYSTEM_FOLDER = Path("/usr/share/fonts/opentype/noto")
_INVISIBLE = frozenset("\n\r\t\u200b\ufeff")


@dataclass(frozen=True)
class FontFile:
    path: Path
    face_index: int


class FontMissing(RuntimeError):
    """No font file is installed."""


class GlyphMissing(ValueError):
    """Names the characters that no installed font can draw."""


def font_file(settings: Settings, weight: Weight) -> FontFile:
    """The set-up's own subset under var/fonts, else the distribution's collection."""
    return _candidates(settings, weight)[0]


def woff2_for(settings: Settings, weight: Weight, text: str) -> bytes:
    """A WOFF2 of exactly the glyphs of `text`; the same text gives the same bytes."""
    wanted = {ord(character) for character in text if character not in _INVISIBLE}
    missing = wanted
    for candidate in _candidates(settings, weight):
        with _opened(candidate) as font:
            missing = wanted - set(font.getBestCmap())
        if not missing:
            return _woff2(candidate, candidate.path.stat().st_mtime_ns, frozenset(wanted))
    raise GlyphMissing(f"字体中没有这些字符 (no glyph): {_named(missing)}")


def _candidates(settings: Settings, weight: Weight) -> list[FontFile]:
    own = settings.var_dir / "fonts" / f"XiangyeSans-{weight}.otf"
    system = SYSTEM_FOLDER / f"NotoSansCJK-{weight}.ttc"
    found = [FontFile(own, -1)] if own.is_file() else []
    if system.is_file():
        found.append(FontFile(system, _face_index(system)))
    if not found:
        raise FontMissing(f"没有字体 {FACE}：请安装 fonts-noto-cjk (font missing; expected {own} or {system})")
    return found


@functools.cache
def _face_index(collection: Path) -> int:
    with TTCollection(collection, lazy=True) as faces:
        names = [font["name"].getDebugName(4) or "" for font in faces.fonts]
    matching = [index for index, name in enumerate(names) if name.removesuffix(" Bold") == FACE]
    if not matching:
        raise FontMissing(f"{collection} 中没有 {FACE} (face missing)")
    return matching[0]


@functools.lru_cache(maxsize=16)
def _woff2(source: FontFile, modified_ns: int, wanted: frozenset[int]) -> bytes:
    """Four fifths of the time of a report: its editions, and a report that is verified, ask for the same glyphs again."""
    with _opened(source) as font:
        return _subset(font, wanted)


def _opened(source: FontFile) -> TTFont:
    return TTFont(source.path, fontNumber=source.face_index, recalcTimestamp=False, recalcBBoxes=False, lazy=True)


def _subset(font: TTFont, wanted: frozenset[int]) -> bytes:
    options = subset.Options()
    options.flavor, options.hinting, options.layout_features = "woff2", False, ["kern"]
    options.name_IDs, options.notdef_outline = [1, 2], True
    maker = subset.Subsetter(options)
    maker.populate(unicodes=sorted(wanted))
    maker.subset(font)
    font.flavor = "woff2"
    written = io.BytesIO()
    font.save(written)
    return written.getvalue()


def _named(codepoints: Iterable[int]) -> str:
    return "、".join(f"{chr(c)} (U+{c:04X})" for c in sorted(codepoints)[:20])
