"""A survey that was begun in the field may be withdrawn again; its records keep it."""

from alembic import op

revision = "0027_surveys_by_wire"
down_revision = "0026_open_codes"


_KINDS = "'survey', 'event', 'occurrence', 'patrol', 'track_segment', 'finding', 'media', 'identification_answer', 'unknown'"


def upgrade() -> None:
    op.execute(f"""
        ALTER TABLE xiangye.ledger DROP CONSTRAINT ledger_kind_check, ADD CONSTRAINT ledger_kind_check CHECK (kind IN ({_KINDS}))
    """)
    op.execute("ALTER TABLE xiangye.survey ADD COLUMN withdrawn boolean NOT NULL DEFAULT false")
