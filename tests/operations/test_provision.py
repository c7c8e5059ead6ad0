"""From nothing to a database with its roles and newest shape; again, and two at a time, without harm."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from server import cluster, db, provision
from server.cluster import Cluster
from server.settings import Settings

APPEND_ONLY = ("version", "audit_entry", "receipt", "batch", "level_evidence", "snapshot")


def connect(settings: Settings, role: str = "app") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(db.url_for(settings, role).replace("+psycopg", ""), autocommit=True)


@pytest.fixture
def app(migrated: Settings) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with connect(migrated) as opened:
        yield opened


def test_two_upgrades_at_once_then_another_end_in_one_database(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "of", lambda _: own)
    settings = Settings(cluster_fsync=False)
    reached: list[str] = []
    both = [threading.Thread(target=lambda: reached.append(provision.upgrade(settings))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    head = provision.head_revision()
    assert reached == [head, head]
    assert provision.current_revision(settings) == head
    with connect(settings, "owner") as owner:
        owner.execute("CREATE TABLE xiangye.witness AS SELECT epoch FROM xiangye.server_state")
        assert provision.upgrade(settings) == head
        same = "SELECT count(*) FROM xiangye.witness JOIN xiangye.server_state USING (epoch)"
        assert owner.execute(same).fetchone() == (1,)


def test_a_database_from_a_newer_program_is_left_alone(migrated: Settings) -> None:
    with connect(migrated, "owner") as owner:
        owner.execute("UPDATE xiangye.alembic_version SET version_num = '9999_future'")
        try:
            with pytest.raises(provision.NewerDatabase, match=r"9999_future.*newer program"):
                provision.upgrade(migrated)
            assert owner.execute("SELECT version_num FROM xiangye.alembic_version").fetchall() == [("9999_future",)]
        finally:
            owner.execute("UPDATE xiangye.alembic_version SET version_num = %s", [provision.head_revision()])


def test_roles_are_what_the_design_says(private_cluster: Cluster, template: str) -> None:
    with psycopg.connect(host=str(private_cluster.socket_dir), user="xiangye_cluster", dbname=template) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolinherit, rolcanlogin FROM pg_roles "
            "WHERE rolname IN ('xiangye_app', 'xiangye_owner', 'xiangye_precise') ORDER BY rolname"
        ).fetchall()
        members = connection.execute(
            "SELECT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
            "JOIN pg_roles m ON m.oid = a.member WHERE m.rolname LIKE 'xiangye_%'"
        ).fetchall()
    assert roles == [
        ("xiangye_app", False, False, False, False, False, True),
        ("xiangye_owner", False, False, False, False, True, True),
        ("xiangye_precise", False, False, False, False, True, False),
    ]
    assert members == [("xiangye_precise", "xiangye_app")]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE xiangye.smuggled (id int)",
        "CREATE TABLE public.smuggled (id int)",
        "CREATE VIEW xiangye.smuggled AS SELECT 1",
        "CREATE SCHEMA smuggled",
        "ALTER TABLE xiangye.occurrence ADD COLUMN smuggled text",
        "ALTER TABLE xiangye.audit_entry DISABLE TRIGGER ALL",
        "DROP TABLE xiangye.receipt",
        "TRUNCATE xiangye.receipt",
        "GRANT xiangye_owner TO xiangye_app",
        "SET ROLE xiangye_owner",
        "SELECT * FROM precise.place",
        "SELECT * FROM precise.version_body",
        "UPDATE xiangye.version SET digest = digest",
        "UPDATE xiangye.server_state SET epoch = gen_random_uuid()",
        "DELETE FROM xiangye.ledger",
        "DELETE FROM xiangye.import_key",
        "SELECT * FROM xiangye.occurrence_2025",
        "INSERT INTO xiangye.alembic_version VALUES ('forged')",
        "UPDATE xiangye.alembic_version SET version_num = 'forged'",
        *(f"DELETE FROM xiangye.{table}" for table in APPEND_ONLY),
    ],
)
def test_the_app_role_may_not(app: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)  # type: ignore[arg-type]  # the texts above


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("role", ["xiangye_app", "xiangye_precise"])
def test_history_can_be_written_and_not_rewritten(migrated: Settings, table: str, role: str) -> None:
    with connect(migrated, "owner") as owner:
        rights = {
            right: owner.execute("SELECT has_table_privilege(%s, %s, %s)", [role, f"xiangye.{table}", right]).fetchone()
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
        }
    assert {right for right, may in rights.items() if may == (True,)} == {"SELECT", "INSERT"}


def test_no_partition_can_be_reached_past_its_parent(migrated: Settings) -> None:
    with connect(migrated, "owner") as owner:
        partitions = owner.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition "
            "AND c.relkind = 'r'"
        ).fetchall()
        assert len(partitions) == 2 * 44
        for schema, name in partitions:
            for role in ("xiangye_app", "xiangye_precise"):
                for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                    may = owner.execute("SELECT has_table_privilege(%s, %s, %s)", [role, f"{schema}.{name}", right])
                    assert may.fetchone() == (False,), (schema, name, role, right)


def test_everybody_else_sees_nothing(migrated: Settings) -> None:
    with connect(migrated, "owner") as owner:
        rights = owner.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a "
            "WHERE n.nspname IN ('xiangye', 'precise') AND a.grantee = 0"
        ).fetchall()
        schemas = owner.execute(
            "SELECT nspname FROM pg_namespace, aclexplode(nspacl) a WHERE nspname IN ('xiangye', 'precise') AND a.grantee = 0"
        ).fetchall()
    assert (rights, schemas) == ([], [])


def test_an_old_database_is_told_and_upgraded(migrated: Settings, private_cluster: Cluster) -> None:
    """Migrated to the second revision only, as an older program left it."""
    name = "t_old_revision"
    with psycopg.connect(host=str(private_cluster.socket_dir), user="xiangye_cluster", dbname="postgres") as connection:
        connection.autocommit = True
        provision.make_database(private_cluster, name)
        old = replace(
            migrated,
            database_url=private_cluster.url(db.APP_ROLE, name),
            owner_url=private_cluster.url(db.OWNER_ROLE, name),
        )
        try:
            assert provision.current_revision(old) is None
            provision.migrate(str(old.owner_url), "0002_taxa")
            assert provision.current_revision(old) == "0002_taxa"
            assert provision.upgrade(old) == provision.head_revision() == provision.current_revision(old)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
