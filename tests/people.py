"""People who hold a role somewhere, for tests of every room."""

from datetime import timedelta

from sqlalchemy.orm import Session

from server.accounts import tokens
from server.accounts.model import Person
from server.accounts.service import add_person, grant
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.settings import Settings
from shared.clock import Clock
from tests.admitting import CLOCK

COUNTY = "431022"
PREFECTURE = "431000"
PROVINCE = "43"
_AREAS = {"province_admin": ("province", PROVINCE), "prefecture_admin": ("prefecture", PREFECTURE)}


def person(
    session: Session,
    role: str | None = None,
    area_kind: str = "county",
    area_code: str = COUNTY,
    taxon_group: str | None = None,
    account: str | None = None,
    clock: Clock = CLOCK,
) -> Person:
    """With one grant, if a role is named; the two administrators whose title says it hold theirs for Hunan and for Chenzhou."""
    made = add_person(session, clock, f"测试{role or '人员'}", account=account)
    if role is not None:
        if (area_kind, area_code) == ("county", COUNTY):
            area_kind, area_code = _AREAS.get(role, (area_kind, area_code))
        grant(session, clock, LOCAL_OPERATOR, made.id, role, area_kind, area_code, taxon_group)
    return made


def token_for(session: Session, owner: Person, clock: Clock = CLOCK) -> str:
    return tokens.issue(session, clock, owner.id, "测试", clock.now() + timedelta(days=30))[1]


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def subject(settings: Settings, role: str | None = None, **more: str) -> dict[str, str]:
    """The headers of somebody who was made, granted and given a token in this database."""
    with open_session(settings) as session:
        return headers(token_for(session, person(session, role, **more)))
