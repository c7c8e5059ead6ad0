"""Annex 照片: small renditions rebuilt from pixels, each with what it shows and when."""

import io
from collections.abc import Sequence

from PIL import Image

from server.baselines.draft import SOURCE, Draft
from server.baselines.groups import species_name
from server.baselines.species import SpeciesLine
from server.baselines.study import Sighting
from server.media.store import Store, open_store
from server.reporting.document import Block, Inline, Paragraph, Photo, PhotoSheet
from server.reporting.presences import is_guarded
from server.sensitivity.records import FrozenRecord
from server.snapshots.context import Rendition

_EDGE_PX, _QUALITY, _MOST = 640, 80, 24


def photos(draft: Draft) -> tuple[Block, ...]:
    shown = [
        (medium, rendition)
        for medium in _in_order(draft)
        if (rendition := draft.study.snapshot.context.renditions.get(medium.id)) is not None
    ]
    if not shown:
        return ()
    store = open_store(draft.settings)
    pictures = tuple(_photo(draft, store, medium, rendition) for medium, rendition in shown[:_MOST])
    rest = f"，此处印出前{_MOST}张" if len(shown) > _MOST else ""
    text = f"随记录上传的照片共{len(shown)}张{rest}。照片均由像素重新生成，不含拍摄位置、设备等附加信息。"
    return (Paragraph(text), PhotoSheet("photos", "调查照片", SOURCE, pictures))


def _in_order(draft: Draft) -> list[FrozenRecord]:
    """As they came; in public those of guarded records last and by their digest, since their neighbours tell their day."""
    media = draft.study.of_kind("media")
    if draft.edition.restricted:
        return media
    openly = [medium for medium in media if not _shows_guarded(draft, medium)]
    return openly + sorted((m for m in media if _shows_guarded(draft, m)), key=lambda m: str(m.body["sha256"]))


def _shows_guarded(draft: Draft, medium: FrozenRecord) -> bool:
    subjects = [draft.study.records[one] for one in medium.body["subject_ids"] if one in draft.study.records]
    return any(is_guarded(one) for one in subjects if one.kind != "event")


def _photo(draft: Draft, store: Store, medium: FrozenRecord, rendition: Rendition) -> Photo:
    jpeg, width, height = _smaller(store.rendition(rendition.sha256))
    return Photo(jpeg, width, height, _caption(draft, medium))


def _smaller(jpeg: bytes) -> tuple[bytes, int, int]:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((_EDGE_PX, _EDGE_PX))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue(), picture.width, picture.height


def _caption(draft: Draft, medium: FrozenRecord) -> tuple[Inline, ...]:
    subjects = set(medium.body["subject_ids"])
    for line in draft.lines:
        for one in line.sightings:
            if one.record.id in subjects:
                return _species_caption(draft, line, one)
    return ("巡护发现照片",) if _shows_finding(draft, subjects) else ("调查照片",)


def _species_caption(draft: Draft, line: SpeciesLine, one: Sighting) -> tuple[Inline, ...]:
    day = draft.edition.date_text(one, one.first)
    demo: Sequence[str] = ("，演示数据",) if draft.study.demonstration else ()
    return (*species_name(line), f"，{day}" if day else "，日期未注明", *demo)


def _shows_finding(draft: Draft, subjects: set[str]) -> bool:
    return any(draft.study.records[one].kind == "finding" for one in subjects if one in draft.study.records)
