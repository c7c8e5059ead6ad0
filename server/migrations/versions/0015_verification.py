"""Rules as data, what they found, the queue and what reviewers decided."""

from alembic import op

revision = "0015_verification"
down_revision = "0014_guard"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
