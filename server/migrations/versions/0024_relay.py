"""What a station holds for the province, and the receipts that it passed on."""

from alembic import op

revision = "0024_relay"
down_revision = "0023_uploads"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
