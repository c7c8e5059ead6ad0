"""What is typed, and what comes first: a whole name before parts of it, the accepted before other names."""

import pytest
from sqlalchemy.orm import Session

from server.taxa import search
from server.taxa.queries import by_ids


def _found(session: Session, typed: str, limit: int = 20) -> list[tuple[str, str]]:
    hits = search.matches(session, typed, limit)
    taxa = by_ids(session, [hit.taxon_id for hit in hits])
    return [(taxa[hit.taxon_id].scientific_name, hit.match) for hit in hits]


@pytest.mark.parametrize(
    ("typed", "first", "match"),
    [
        ("Manis pentadactyla", "Manis pentadactyla", "exact"),
        ("Manis pentadactyla Linnaeus, 1758", "Manis pentadactyla", "exact"),
        ("ＭＡＮＩＳ　pentadactyla", "Manis pentadactyla", "exact"),
        ("藏酋猴 Macaca thibetana", "Macaca thibetana", "exact"),
        ("银杉（野生）", "Cathaya argyrophylla", "exact"),
        ("Pontederia crassipes (Mart.) Solms", "Eichhornia crassipes", "exact"),
        ("Manis", "Manis", "exact"),
        ("Manis pent", "Manis pentadactyla", "latin"),
        ("csj", "Manis pentadactyla", "initials"),
        ("chuanshanj", "Manis pentadactyla", "pinyin"),
        ("穿山", "Manis pentadactyla", "chinese"),
        ("zangqiuhou", "Macaca thibetana", "pinyin"),
        ("cangqiuhou", "Macaca thibetana", "pinyin"),
        ("cang qiu h", "Macaca thibetana", "pinyin"),
    ],
)
def test_the_whole_name_comes_first(reference: Session, typed: str, first: str, match: str) -> None:
    assert _found(reference, typed)[0] == (first, match)


def test_an_accepted_name_stands_before_the_same_name_of_another(reference: Session) -> None:
    """红耳彩龟 is what a list calls one turtle; 白鹭 is both a name and the end of others."""
    names = [name for name, _ in _found(reference, "白鹭")]
    assert names[0] == "Egretta garzetta" and len(names) > 1


@pytest.mark.parametrize("typed", ["", " ", "_", "×", "%", "\\", "\u00ad", "()", "'; DROP TABLE", "没有这个种"])
def test_what_names_nothing_finds_nothing(reference: Session, typed: str) -> None:
    assert _found(reference, typed) == []
