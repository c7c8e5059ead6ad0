"""Who says whether a data set may leave the country, and that it is written down."""

from uuid import UUID

from sqlalchemy.orm import Session

from server.audit.service import log
from server.surveys.model import CROSS_BORDER, Dataset
from shared.clock import Clock
from shared.problems import Problem


def set_cross_border(session: Session, clock: Clock, actor: str, dataset_id: UUID, flag: str) -> Dataset:
    """Problem `not_found`, or `invalid` for a flag that is none. What is already published stays so; the next edition knows."""
    if flag not in CROSS_BORDER:
        raise Problem("invalid", f"未知的出境标记 {flag!r}；可用：{'、'.join(CROSS_BORDER)}", field="cross_border")
    dataset = session.get(Dataset, dataset_id, with_for_update=True)
    if dataset is None:
        raise Problem("not_found", f"没有编号为 {dataset_id} 的数据集", field="dataset_id")
    before, dataset.cross_border = dataset.cross_border, flag
    session.flush()
    log(session, clock, actor, "cross_border", str(dataset_id), {"before": before, "after": flag})
    return dataset
