"""What the models say of the tables is what the migrations make: no type, key or index more or less."""

import importlib
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import server
from server import db
from server.settings import Settings

# Not ours to describe: Alembic's own table; partitions, which follow their parent. PostGIS keeps to schema public.
NOT_MODELLED = {"alembic_version"}


def load_models() -> None:
    for path in sorted(Path(server.__file__).parent.glob("*/model.py")):
        importlib.import_module(f"server.{path.parent.name}.model")


def differences(connection: Connection) -> list[Any]:
    partitions = {row[0] for row in connection.exec_driver_sql("SELECT relname FROM pg_class WHERE relispartition")}

    def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
        return name == db.SCHEMA if kind == "schema" else kind != "table" or name not in partitions | NOT_MODELLED

    options = {
        "include_schemas": True,
        "include_name": is_ours,
        "compare_type": True,
        "version_table_schema": db.SCHEMA,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), db.Base.metadata))


def test_models_equal_migrations(migrated: Settings) -> None:
    load_models()
    with db.engine_for(migrated, "owner").connect() as connection:
        assert differences(connection) == []


def test_the_comparison_notices_a_column_an_index_and_a_table(migrated: Settings) -> None:
    load_models()
    with db.engine_for(migrated, "owner").connect() as connection:
        connection.exec_driver_sql("ALTER TABLE xiangye.person ADD COLUMN shoe_size integer")
        connection.exec_driver_sql("CREATE INDEX ix_person_name ON xiangye.person (name)")
        connection.exec_driver_sql("CREATE TABLE xiangye.forgotten (id uuid PRIMARY KEY)")
        found = {difference[0] for difference in differences(connection)}
        connection.rollback()
    assert found == {"remove_column", "remove_index", "remove_table"}


def test_every_table_outside_precise_has_a_model(migrated: Settings) -> None:
    load_models()
    with db.engine_for(migrated, "owner").connect() as connection:
        tables = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'xiangye'::regnamespace AND relkind IN ('r', 'p') "
            "AND NOT relispartition"
        )
        assert {row[0] for row in tables} - NOT_MODELLED == {table.name for table in db.Base.metadata.tables.values()}
