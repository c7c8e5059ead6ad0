"""How closely a place is kept by the name of its record alone, when that name is not on any list or contradicts itself."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from server.sensitivity.naming import Named, guarded_taxa, name_all
from server.taxa import queries


def _named(session: Session, latin: str | None, chinese: str | None = None) -> Named:
    taxon = {"taxon_id": None, "scientific_name": latin, "name_zh": chinese, "verbatim_name": latin or chinese}
    body: dict[str, Any] = {"taxon": taxon, "degree_of_establishment": None}
    return name_all(session, {UUID(int=1): body})[UUID(int=1)]


@pytest.mark.parametrize(
    ("latin", "chinese", "level"),
    [
        ("Manis pentadactyla", None, 1),
        ("Manis pentadactila", None, 1),
        ("Mannis pentadactyla Linnaeus, 1758", None, 1),
        (None, "穿三甲", 1),
        (None, "穿山甲？", 1),
        ("Egretta garzetta", "穿山甲", 1),
        ("Egretta garzetta", "白鹭", 0),
        ("Egretta garzeta", None, 0),
        ("Nemo nullus", None, 0),
        (None, "没有这个种", 2),
    ],
)
def test_a_likeness_is_not_taken_but_guards(
    reference: Session, latin: str | None, chinese: str | None, level: int
) -> None:
    named = _named(reference, latin, chinese)
    assert named.level == level
    (taxon,) = queries.resolve_many(reference, [(latin, chinese)])
    assert taxon is not None and named.taxon_id == UUID(taxon.taxon_id), "the record keeps the name it came with"


def test_a_target_that_is_a_guarded_taxon_misspelt_is_guarded(reference: Session) -> None:
    slip, harmless = _named(reference, "Manis pentadactila"), _named(reference, "Egretta garzeta")
    assert guarded_taxa(reference, {str(slip.taxon_id), str(harmless.taxon_id)}) == {str(slip.taxon_id)}
