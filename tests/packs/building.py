"""Packs for tests: made from the reference data, or of a few invented rows that can be edited."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from server.packs.signing import PackKey, pack_key
from server.settings import Settings
from shared.taxon_pack import CELL_E7, Meta, Row, write

VERSION, NEXT = "2026-11-27.900", "2026-11-27.930"
NAMES = st.text("穿山甲𬶋鵟䴙a. ×", min_size=1, max_size=5)
NUMBERS = st.integers(1, 2**48 - 1)


def key_of(folder: Path) -> PackKey:
    return pack_key(Settings(var_dir=folder))


@st.composite
def contents(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Rows as a pack has them: every key once, every name of a taxon that is there."""
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=6, unique=True))
    names = draw(
        st.dictionaries(st.tuples(st.sampled_from(numbers), NAMES), st.sampled_from(["zh", "la"]), max_size=12)
    )
    codes = draw(st.lists(st.sampled_from(["430103", "431022", "431121"]), unique=True))
    cells = (
        draw(
            st.dictionaries(
                st.tuples(st.integers(490, 500), st.integers(2200, 2210)), st.sampled_from(codes), max_size=9
            )
        )
        if codes
        else {}
    )
    months = st.tuples(st.sampled_from(codes or ["430103"]), st.integers(1, 12), st.sampled_from(numbers))
    likely = draw(st.dictionaries(months, st.integers(1, 900), max_size=9))
    classes = st.sampled_from([None, "I", "II"])
    return {
        "taxon": [
            (n, f"id-{n}", "species", None, None, "鸟类", draw(classes), 0, 0, draw(st.sampled_from([None, 1, 3])))
            for n in numbers
        ],
        "name": [
            (n, name, language, "accepted", "chuan shan jia" if language == "zh" else "")
            for (n, name), language in names.items()
        ],
        "lookalike": [(numbers[0], other, "看尾") for other in numbers[1:]],
        "county": [(code, f"{code}县") for code in codes],
        "cell": [(*cell, code) for cell, code in cells.items()],
        "likely": [(*key, weight) for key, weight in likely.items()],
    }


def make(path: Path, rows: Mapping[str, Any], version: str = VERSION, key: PackKey | None = None) -> Meta:
    path.unlink(missing_ok=True)
    return write(path, rows, version, '{"lists":[]}', key.sign if key else lambda _: "")


SMALL: dict[str, list[Row]] = {
    "taxon": [
        (1, "t1", "species", "Mammalia", "Manidae", "哺乳类", "I", 0, 0, 1),
        (2, "t2", "species", "Aves", "Ardeidae", "鸟类", None, 1, 0, None),
        (3, "t3", "genus", "Aves", "Ardeidae", "鸟类", None, 0, 1, None),
    ],
    "name": [
        (1, "穿山甲", "zh", "accepted", "chuan shan jia"),
        (1, "Manis pentadactyla", "la", "accepted", ""),
        (1, "Manis aurita", "la", "synonym", ""),
        (2, "白鹭", "zh", "accepted", "bai lu;bo lu"),
        (2, "Egretta garzetta", "la", "accepted", ""),
        (3, "Egretta", "la", "accepted", ""),
    ],
    "lookalike": [(2, 3, "白鹭趾黄色"), (2, 1, "一为鸟，一为兽")],
    "county": [("431022", "宜章县")],
    "cell": [(249_512_345 // CELL_E7, 1_129_287_654 // CELL_E7, "431022")],
    "likely": [("431022", 5, 2, 7), ("431022", 6, 2, 1)],
}
