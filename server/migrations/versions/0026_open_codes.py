"""A code of another vocabulary than ours is kept as it came: the tables ask how a code looks, the wire which ones we know."""

from alembic import op

revision = "0026_open_codes"
down_revision = "0025_list_writings"

_LOOKS_LIKE_A_CODE = "~ '^[A-Za-z][A-Za-z0-9_.:-]{0,59}$'"

_OPENED = (
    ("event", "date_precision"),
    ("occurrence", "date_precision"),
    ("occurrence", "occurrence_status"),
    ("finding", "case_state"),
    ("record_notice", "basis"),
)


def upgrade() -> None:
    for table, column in _OPENED:
        op.execute(f"""
            ALTER TABLE xiangye.{table} DROP CONSTRAINT {table}_{column}_check,
                ADD CONSTRAINT {table}_{column}_check CHECK ({column} {_LOOKS_LIKE_A_CODE})
        """)
    # It bore no name of its own: whatever is not present could have no count, which is right for absences alone.
    op.execute("""
        DO $$
        DECLARE
            found text;
        BEGIN
            SELECT conname INTO STRICT found FROM pg_constraint
            WHERE conrelid = 'xiangye.occurrence'::regclass AND contype = 'c'
                AND pg_get_constraintdef(oid) LIKE '%occurrence_status%individual_count%';
            EXECUTE format('ALTER TABLE xiangye.occurrence DROP CONSTRAINT %I', found);
        END $$
    """)
    op.execute("""
        ALTER TABLE xiangye.occurrence ADD CONSTRAINT occurrence_absent_count_check
            CHECK (occurrence_status <> 'absent' OR coalesce(individual_count, 0) = 0)
    """)
