"""Sealed records: their bytes as they came, beside what the province opened."""

from alembic import op

revision = "0021_sealed"
down_revision = "0020_device_keys"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
