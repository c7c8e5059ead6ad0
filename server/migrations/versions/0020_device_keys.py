"""The key of each device, and the signature that a batch came with."""

from alembic import op

revision = "0020_device_keys"
down_revision = "0019_media_positions"

_CHANGES: tuple[str, ...] = ()


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
