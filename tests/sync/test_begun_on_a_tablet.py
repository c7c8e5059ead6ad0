"""P5: what a tablet writes when a survey is begun on it is what the province takes in, and what it takes up with it."""

import json
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from mobile.capture.survey import NewSurvey, begin_survey
from server.accounts.model import Device
from server.accounts.service import add_person, grant
from server.accounts.viewer import LOCAL_OPERATOR, Actor
from server.sync.admission import admit
from tests.admitting import CLOCK
from tests.mobile.station import PERSON
from tests.mobile.tablets import tablet


def test_the_province_takes_in_what_the_tablet_began(reference: Session, tmp_path: Path) -> None:
    with tablet(tmp_path / "data") as held:
        begun = begin_survey(held.app.recorder, NewSurvey("莽山夜间调查", "aquatic", ("431022",), owner="宜章县林业局"))
        sighting = held.sighting()
        rows = held.app.store.database.rows("select canonical from record order by seq")
        device = UUID(held.app.store.identity.device_id())
    survey, found = (json.loads(row["canonical"]) for row in rows)
    person = UUID(PERSON)
    add_person(reference, CLOCK, "站长", person_id=person)
    reference.add(
        Device(id=device, person_id=person, name="平板", app_version="0", credential_hash="x", enrolled_at=CLOCK.now())
    )
    actor = Actor(person, device)

    def told(*sent: object) -> list[tuple[str, str | None]]:
        return [(one.outcome, one.reason) for one in admit(reference, actor, CLOCK, sent)]

    assert told(found, survey) == [("quarantined", "survey_unknown"), ("quarantined", "not_yours")]
    grant(reference, CLOCK, LOCAL_OPERATOR, person, "station_lead", "county", "431022")
    assert told(survey) == [("accepted", None)]
    assert told(found) == [("already_have", None)]
    made = reference.execute(
        text("""
            SELECT s.title, s.kind, d.owner, s.starts_on::text, o.dataset_id::text FROM survey s JOIN dataset d ON d.id = s.dataset_id
            JOIN occurrence o ON o.survey_id = s.id WHERE s.id = :survey AND o.id = :sighting
        """),
        {"survey": begun.record_id, "sighting": sighting},
    ).one()
    assert tuple(made) == ("莽山夜间调查", "aquatic", "宜章县林业局", "2025-05-20", begun.record_id)
