"""One row for each transaction that wrote to lists or taxa, so that what was read of them can be kept until the next one."""

from alembic import op

revision = "0025_list_writings"
down_revision = "0024_relay"

_WHOLE = (
    "species_list",
    "list_version",
    "list_row",
    "list_confirmation",
    "list_entry",
    "list_rule",
    "list_rule_exclusion",
    "sensitivity_rule",
    "taxon_bridge",
)
"""Any writing to these counts."""

_NAMES = ("taxon", "taxon_name")
"""What records bring by themselves, a name that no list knows, does not count."""

_CREATE = """
CREATE TABLE xiangye.list_writing (
    transaction_id bigint NOT NULL,
    began_at timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, began_at)
);
GRANT SELECT ON xiangye.list_writing TO xiangye_app;

CREATE FUNCTION xiangye.list_written() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO xiangye.list_writing VALUES (pg_current_xact_id()::text::bigint, transaction_timestamp()) ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION xiangye.note_list_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM xiangye.list_written();
    RETURN NULL;
END $$;

CREATE FUNCTION xiangye.note_name_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written WHERE status <> 'provisional') THEN
        PERFORM xiangye.list_written();
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(_CREATE)
    for table in _WHOLE:
        op.execute(
            f"CREATE TRIGGER note_list_writing AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON xiangye.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION xiangye.note_list_writing()"
        )
    for table in _NAMES:
        op.execute(
            f"CREATE TRIGGER note_name_writing AFTER INSERT ON xiangye.{table} REFERENCING NEW TABLE AS written"
            " FOR EACH STATEMENT EXECUTE FUNCTION xiangye.note_name_writing()"
        )
        op.execute(
            f"CREATE TRIGGER note_list_writing AFTER UPDATE OR DELETE OR TRUNCATE ON xiangye.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION xiangye.note_list_writing()"
        )
