"""Exports that are asked for, approved and taken."""

from alembic import op

revision = "0018_exports"
down_revision = "0017_evidence"

_CROSS_BORDER = """
ALTER TABLE xiangye.dataset ADD COLUMN cross_border text NOT NULL DEFAULT 'needs_review'
    CHECK (cross_border IN ('allowed', 'needs_review', 'forbidden'));
"""

_CHANGES: tuple[str, ...] = (_CROSS_BORDER,)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
