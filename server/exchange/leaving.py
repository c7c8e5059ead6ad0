"""What is said of data that leave, and which data may not."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.formats.eml import DatasetDescription
from server.surveys.model import CROSS_BORDER, FORBIDDEN, Dataset, Survey
from shared.clock import Clock, today_in_china
from shared.problems import Problem

PUBLIC_WORDS = "坐标为公开位置，不细于0.001°；敏感物种只说明有记录，一行不表示一条记录，坐标已概化或不公开。"
SCOPE_WORDS = "内部资料：敏感物种的坐标已概化或不公开；不得公开。"
EXACT_WORDS = "内部资料：含精确坐标，不得公开。"


def describe(
    session: Session,
    clock: Clock,
    survey: Survey | None,
    surveys: Collection[UUID],
    public: bool,
    words: str | None = None,
) -> DatasetDescription:
    """`surveys`: those with a record among what leaves."""
    dataset = session.get(Dataset, survey.dataset_id) if survey else None
    published = today_in_china(clock)
    told = datasets_of(session, surveys, ())
    abstract = [words or (PUBLIC_WORDS if public else EXACT_WORDS)]
    abstract += [f"数据集“{one.title}”：{CROSS_BORDER[one.cross_border]}。" for one in told]
    if any(one.demonstration for one in told):
        abstract.append("演示数据：其中的记录由程序生成，并非实际观察。")
    return DatasetDescription(
        package_id=f"xiangye:{survey.id if survey else 'all'}:{published.isoformat()}",
        title=survey.title if survey else "湘野出现记录",
        publisher=dataset.owner if dataset else "湘野",
        licence=dataset.licence if dataset else "；".join(sorted({one.licence for one in told})),
        abstract=abstract,
        published=published,
        contact="数据管理",
    )


def datasets_of(session: Session, surveys: Collection[UUID], datasets: Collection[UUID]) -> list[Dataset]:
    of_surveys = select(Survey.dataset_id).where(Survey.id.in_(surveys))
    query = select(Dataset).where(Dataset.id.in_(of_surveys) | Dataset.id.in_(datasets))
    return list(session.scalars(query.order_by(Dataset.id)))


def refuse_forbidden(session: Session, surveys: Collection[UUID], datasets: Collection[UUID]) -> None:
    """Whatever is public may be read abroad."""
    kept = [one for one in datasets_of(session, surveys, datasets) if one.cross_border == FORBIDDEN]
    if kept:
        names = "、".join(f"“{one.title}”" for one in kept)
        raise Problem(
            "export_forbidden",
            f"数据集{names}不得出境，不能列入公开数据；请按调查项目选取其他数据",
            field="edition",
            datasets=[str(one.id) for one in kept],
        )
