"""What was taken in anew from quarantine, and who sent what could not be read."""

from alembic import op

revision = "0022_settlements"
down_revision = "0021_sealed"

_CHANGES: tuple[str, ...] = (
    "ALTER TABLE precise.quarantine ADD COLUMN agent text, ADD COLUMN readmitted_at timestamptz, ADD COLUMN tried_at timestamptz",
)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
