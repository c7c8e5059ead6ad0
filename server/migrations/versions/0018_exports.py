"""Exports that are asked for, approved and taken."""

from alembic import op

revision = "0018_exports"
down_revision = "0017_evidence"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
