"""The second wall: what PostgreSQL itself keeps from a session, whatever the application asks."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server import db
from server.accounts import scopes
from server.accounts.viewer import PUBLIC, Held, viewer
from server.db import EVERYTHING, look_through, looking_through
from server.occurrences import filters, queries
from server.sensitivity import listing
from server.settings import Settings
from server.web.database import request_session
from tests import records
from tests.admitting import set_up
from tests.scopes.ground import LINWU, PLACES, YIZHANG, brought, caller, sent
from tests.serving import Live

# Tables that lead to a record; every one must have a policy, whoever adds it.
_LEADING_TO_RECORDS = text("""
    WITH RECURSIVE found (id) AS (
        SELECT 'xiangye.ledger'::regclass::oid
        UNION SELECT c.conrelid FROM pg_constraint c JOIN found ON c.confrelid = found.id WHERE c.contype = 'f' AND c.conparentid = 0)
    SELECT t.relnamespace::regnamespace || '.' || t.relname FROM found JOIN pg_class t ON t.oid = found.id WHERE NOT t.relispartition
    """)
_UNWALLED = """
    SELECT t.relname FROM pg_class t WHERE t.relnamespace::regnamespace || '.' || t.relname = ANY (:tables) AND NOT (t.relrowsecurity AND EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL AND p.polcmd = '*'
        AND p.polroles @> ARRAY['xiangye_app'::regrole::oid, 'xiangye_precise'::regrole::oid]))
    """


@pytest.fixture
def three(reference: Session) -> Session:
    """One egret in each of three counties, with all that hangs on it."""
    set_up(reference)
    sent(
        reference,
        *(records.occurrence(place=place) for place in PLACES.values()),
        records.event(place=records.MANGSHAN),
    )
    return reference


def leading(session: Session) -> list[str]:
    return [row[0] for row in session.execute(_LEADING_TO_RECORDS)]


def unwalled(session: Session) -> list[str]:
    return [row[0] for row in session.execute(text(_UNWALLED), {"tables": leading(session)})]


def counted(session: Session, tables: list[str]) -> dict[str, int]:
    return {name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables}


def test_every_table_that_leads_to_a_record_has_a_policy(session: Session) -> None:
    found = leading(session)
    assert {
        "xiangye.ledger",
        "xiangye.occurrence",
        "xiangye.disclosed_place",
        "precise.place",
        "precise.version_body",
    } <= set(found)
    assert len(found) >= 22
    assert unwalled(session) == []


def test_a_new_table_without_a_policy_is_noticed(settings: Settings) -> None:
    with db.engine_for(settings, "owner").connect() as owner:
        owner.execute(text("CREATE TABLE xiangye.forgotten (id uuid PRIMARY KEY REFERENCES xiangye.ledger (id))"))
        owner.execute(text("CREATE TABLE xiangye.half_walled (id uuid PRIMARY KEY REFERENCES xiangye.forgotten (id))"))
        owner.execute(text("ALTER TABLE xiangye.half_walled ENABLE ROW LEVEL SECURITY"))
        assert set(unwalled(owner)) == {"forgotten", "half_walled"}  # type: ignore[arg-type]
        owner.rollback()


def test_no_partition_may_be_read_but_through_its_parent(session: Session) -> None:
    rows = session.execute(
        text("""
        SELECT t.oid::regclass::text, t.relrowsecurity, has_table_privilege('xiangye_app', t.oid, 'SELECT, INSERT, UPDATE, DELETE'),
            has_table_privilege('xiangye_precise', t.oid, 'SELECT, INSERT, UPDATE, DELETE')
        FROM pg_class t WHERE t.relispartition AND t.relkind = 'r'
        """)
    ).all()
    assert len(rows) >= 88
    assert [row for row in rows if not row[1] or row[2] or row[3]] == []


def test_a_session_that_was_given_no_scope_sees_no_record(three: Session) -> None:
    tables = leading(three)
    outside = [name for name in tables if not name.startswith("precise.")]
    before = counted(three, outside)
    assert before["xiangye.ledger"] == 4 and before["xiangye.identification"] == 3
    look_through(three, frozenset())
    assert counted(three, outside) == dict.fromkeys(outside, 0)
    three.execute(text("SET LOCAL ROLE xiangye_precise"))
    assert counted(three, tables) == dict.fromkeys(tables, 0)


def test_a_session_without_any_setting_sees_no_record(reference_settings: Settings) -> None:
    with db.open_session(reference_settings) as session:
        set_up(session)
        sent(session, records.occurrence())
    with db.engine_for(reference_settings).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM xiangye.occurrence")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM xiangye.shown_record")).scalar_one() == 0


def test_each_table_shows_the_own_county_alone(three: Session) -> None:
    look_through(three, scopes.numbers(three, "county", LINWU))
    for table in (
        "ledger",
        "version",
        "occurrence",
        "identification",
        "disclosed_place",
        "shown_record",
        "record_scope",
    ):
        assert three.execute(text(f"SELECT count(*) FROM xiangye.{table}")).scalar_one() == 1, table
    assert three.execute(text("SELECT county_code FROM xiangye.disclosed_place")).scalar_one() == LINWU
    three.execute(text("SET LOCAL ROLE xiangye_precise"))
    assert three.execute(text("SELECT county_code FROM precise.place")).scalar_one() == LINWU
    assert three.execute(text("SELECT count(*) FROM precise.version_body")).scalar_one() == 1


def test_no_row_of_another_county_is_changed_deleted_or_added(three: Session) -> None:
    elsewhere = three.execute(
        text("SELECT id FROM xiangye.disclosed_place WHERE county_code <> :own LIMIT 1"), {"own": LINWU}
    ).scalar_one()
    look_through(three, scopes.numbers(three, "county", LINWU))
    at = {"id": elsewhere}
    for change in (
        "UPDATE xiangye.occurrence SET sex = 'male' WHERE id = :id",
        "DELETE FROM xiangye.occurrence WHERE id = :id",
        "UPDATE xiangye.disclosed_place SET level = 0 WHERE id = :id",
        "UPDATE xiangye.ledger SET state = 'deleted' WHERE id = :id",
    ):
        assert three.execute(text(change), at).rowcount == 0, change  # type: ignore[attr-defined]
    for addition in (
        "INSERT INTO xiangye.level_evidence (id, level, rule, at) VALUES (:id, 1, 'x', now())",
        "UPDATE xiangye.identification SET occurrence_id = :id",
    ):
        with pytest.raises(DBAPIError, match="row-level security"), three.begin_nested():
            three.execute(text(addition), at)


def test_the_app_reads_no_scopes_and_writes_no_lists(session: Session) -> None:
    for refused in (
        "SELECT scopes FROM xiangye.shown_record",
        "SELECT * FROM xiangye.shown_record",
        "UPDATE xiangye.shown_record SET shown_id = id",
        "INSERT INTO xiangye.scope (kind, code) VALUES ('county', '000000')",
        "DELETE FROM xiangye.record_scope",
        "SELECT precise.place_in_lists('{}')",
        "SELECT xiangye.wall('xiangye.person', 'id')",
        "ALTER TABLE xiangye.occurrence DISABLE ROW LEVEL SECURITY",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), session.begin_nested():
            session.execute(text(refused))


def test_with_the_first_wall_taken_away_the_second_holds(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """P12: the application forgets its filter and lists the whole province; the database shows the own county none the less."""
    mine, *others = brought(live.settings, *(records.occurrence(place=place) for place in PLACES.values()))
    reviewer = caller(live, "reviewer", "county", YIZHANG)
    assert reviewer.ids() == {mine["id"]}

    def unfiltered(viewer: object, of: listing.Scan, wanted: listing.Asked) -> object:
        scopes_seen.append(request_session().execute(text("SELECT xiangye.viewer_scopes()")).scalar_one())
        return of.order_by(listing.RecordScope.listed_on, listing.RecordScope.listing_key).distinct().subquery("page")

    scopes_seen: list[list[int]] = []
    monkeypatch.setattr(listing, "page", unfiltered)
    assert reviewer.ids() == {mine["id"]}
    assert scopes_seen and 0 not in scopes_seen[0]
    assert caller(live, "province_admin").ids() == {mine["id"], *(other["id"] for other in others)}, (
        "the wall was there to be taken away"
    )


def test_who_is_not_narrowed_at_all_sees_nothing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that forgot to narrow its session has the province's filter and no record."""
    brought(live.settings, *(records.occurrence(place=place) for place in PLACES.values()))
    admin = caller(live, "province_admin")
    monkeypatch.setattr("server.web.viewers.look_through", lambda _session, _scopes: None)
    assert admin.ids() == set()


def test_the_public_sees_no_record_inside(three: Session) -> None:
    look_through(three, PUBLIC.scopes)
    of = filters.wanted(PUBLIC, {})
    assert queries.page(three, PUBLIC, of, listing.Asked(50)) == []


def test_both_walls_agree_for_every_kind_of_grant(three: Session) -> None:
    """What the first wall lists is what the second would let through, no more and no less."""
    for kind, code, group in (
        ("county", YIZHANG, None),
        ("prefecture", "431000", None),
        ("province", "430000", None),
        ("province", "430000", "鸟类"),
        ("county", YIZHANG, "鸟类"),
        ("county", YIZHANG, "两栖类"),
        ("county", "999999", None),
        ("area", "no-such-area", None),
        ("organisation", "00000000-0000-0000-0000-000000000000", None),
    ):
        numbers = scopes.numbers(three, kind, code, group)
        who = viewer(UUID(int=1), "someone", (Held("reviewer", kind, code, group, numbers),), frozenset())
        look_through(three, numbers)
        listed = {row.id for row in queries.page(three, who, filters.wanted(who, {}), listing.Asked(50))}
        let_through = set(three.scalars(text("SELECT id FROM xiangye.occurrence")))
        assert listed == let_through, (kind, code, group)
        look_through(three, db.EVERYTHING)


def test_a_statement_that_fails_while_all_is_seen_says_its_own_error(session: Session) -> None:
    look_through(session, frozenset({16}))
    with pytest.raises(DBAPIError) as told, looking_through(session, EVERYTHING):
        session.execute(text("SELECT 1 / 0"))
    assert getattr(told.value.orig, "sqlstate", None) == "22012"
    session.rollback()
    assert session.execute(text("SELECT xiangye.viewer_scopes()")).scalar_one() == [16]
