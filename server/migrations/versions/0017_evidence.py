"""Digests of records and photos in the audit chain."""

from alembic import op

revision = "0017_evidence"
down_revision = "0016_people_rights"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
