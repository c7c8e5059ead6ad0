"""Conflicts settled by a person, and what was taken in anew from quarantine."""

from alembic import op

revision = "0022_settlements"
down_revision = "0021_sealed"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
