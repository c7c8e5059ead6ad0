"""What of the records chosen is no observation, and how a report says so; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

_WHY_ZH = {"rejected": "经审核退回的", "flagged": "有疑点尚未审核的"}


@dataclass(frozen=True)
class LeftOut:
    """A record that is no observation by the cutoff, and why: rejected | flagged; `rules` that held something against it."""

    id: str
    kind: str
    why: str
    rules: tuple[str, ...] = ()


def words_of(left_out: Sequence[LeftOut]) -> str:
    """What the section on methods says of it; empty where nothing was left out."""
    if not left_out:
        return ""
    counted = {why: sum(one.why == why and one.kind == "occurrence" for one in left_out) for why in _WHY_ZH}
    told = "、".join(f"{_WHY_ZH[why]}{count}条" for why, count in counted.items() if count)
    other = len(left_out) - sum(counted.values())
    beside = f"；随之未计入的巡护、轨迹、照片等{other}条" if other else ""
    words = f"物种记录{told}" if told else "物种记录0条"
    return f"截至数据截止时间，下列记录不作为观察计入任何表格和图：{words}{beside}。"
