"""What follows the level of a place, and the grants by which exact places are read."""

from alembic import op

revision = "0014_guard"
down_revision = "0013_scopes"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
