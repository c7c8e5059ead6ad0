"""Titles of records in Chinese."""

from mobile.store.outbox import KeptRecord
from mobile.store.reviews import Review
from mobile.store.store import Store
from shared.vocabulary import FINDING_TYPES, OCCURRENCE_STATUS, PROTOCOLS, REVIEW_STATES, label

SHOWN_KINDS = ("occurrence", "event", "patrol", "finding")
STATE_NAMES = {
    "draft": "草稿",
    "waiting": "待发送",
    "sent": "已发出，未确认",
    "held": "已送达",
    "conflict": "有冲突，待处理",
    "settled": "冲突已处理，待发送",
    "quarantined": "服务器未收下",
    "withdrawn": "已撤回",
    "answered": "已答复，待审核",
    **REVIEW_STATES,
}
FILTERS = (
    "draft",
    "asked",
    "conflict",
    "answered",
    "waiting",
    "held",
    *(state for state in REVIEW_STATES if state != "asked"),
)
"""Order of the chips: what somebody has to do comes first."""


DAMAGED, NO_CONTENT = "记录已损坏", "内容与保存时不一致，原样留存"
SEALED, SEALED_PLACE = "敏感记录", "已密封：位置仅省级可读"


def title_of(record: KeptRecord) -> str:
    if record.is_sealed:
        return DAMAGED if record.is_damaged else SEALED
    body = record.body
    if record.kind == "occurrence":
        name = (
            body["taxon"].get("name_zh") or body["taxon"].get("verbatim_name") or body["taxon"].get("scientific_name")
        )
        status = body.get("occurrence_status", "present")
        return (
            f"{name} × {body.get('individual_count') or '?'}"
            if status == "present"
            else f"{name} {label(OCCURRENCE_STATUS, status)}"
        )
    if record.kind == "finding":
        return f"巡护发现：{label(FINDING_TYPES, body['finding_type'])}"
    return f"{label(PROTOCOLS, body['sampling_protocol'])} {body.get('location_name') or ''}".strip()


def name_of(review: Review) -> str:
    return review.name_zh or review.scientific_name


def state_name_of(state: str, review: Review | None) -> str:
    """With the reviewer's name for it where it was changed; a state of a newer server is somewhere in review."""
    if state == "reidentified" and review is not None and name_of(review):
        return f"改定为 {name_of(review)}"
    return STATE_NAMES.get(state, "审核中")


def subtitle_of(record: KeptRecord) -> str:
    if record.is_sealed:
        return f"{record.saved_at[:16].replace('T', ' ')}　{NO_CONTENT if record.is_damaged else SEALED_PLACE}"
    when = (record.body.get("observed_from") or "")[:16].replace("T", " ")
    place = record.body.get("place")
    where = f"{place['longitude_e7'] / 1e7:.4f}, {place['latitude_e7'] / 1e7:.4f}" if place else "没有位置"
    return f"{when}　{where}"


def photo_of(store: Store, record_id: str) -> str | None:
    """None also of a sealed one: there is nothing to be seen."""
    path = store.media.first_of(record_id)
    return str(path) if path else None
