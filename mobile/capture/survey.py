"""A survey that is begun in the field. Whether its author may is said by the province, when it arrives there."""

from collections.abc import Sequence
from dataclasses import dataclass

from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part, Recorder, Saved
from shared.ids import uuid7
from shared.vocabulary import SURVEY_KINDS


@dataclass(frozen=True)
class NewSurvey:
    """Days as YYYY-MM-DD; without a first day it starts today."""

    title: str
    survey_kind: str
    county_codes: Sequence[str]
    starts_on: str | None = None
    ends_on: str | None = None
    owner: str | None = None
    remarks: str | None = None


def begin_survey(recorder: Recorder, new: NewSurvey) -> Saved:
    """From here on it is the chosen one, before any sync. It has a data set of its own, which the province makes for it."""
    title, start = new.title.strip(), new.starts_on or recorder.now().date().isoformat()
    if not title:
        raise FieldProblem("请填写调查名称", "title")
    if new.survey_kind not in SURVEY_KINDS:
        raise FieldProblem(f"请选择调查类型：{'、'.join(SURVEY_KINDS.values())}", "survey_kind")
    if new.ends_on and new.ends_on < start:
        raise FieldProblem("结束日期早于开始日期", "ends_on")
    if not new.county_codes:
        raise FieldProblem("请填写调查所在的县（六位代码）", "county_codes")
    survey_id = str(uuid7())
    body = {
        "survey_id": survey_id,
        "dataset_id": None,
        "observed_from": start,
        "observed_to": new.ends_on,
        "date_precision": "day",
        "verbatim_event_date": None,
        "title": title,
        "survey_kind": new.survey_kind,
        "owner": new.owner,
        "county_codes": sorted(set(new.county_codes)),
        "participants": [{"person_id": recorder.person_id(), "role": "leader", "order": 0}],
        "survey_remarks": new.remarks,
    }
    (saved,) = recorder.commit([Part("survey", "survey/1", body, survey_id)])
    return saved
