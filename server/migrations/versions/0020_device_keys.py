"""The key of each device, and the signature that a batch came with."""

from alembic import op

revision = "0020_device_keys"
down_revision = "0019_media_positions"

_CHANGES: tuple[str, ...] = (
    """
CREATE TABLE xiangye.device_key (
    device_id uuid NOT NULL REFERENCES xiangye.device (id),
    key_id text NOT NULL CHECK (key_id ~ '^[0-9a-f]{64}$'),
    public_key text NOT NULL,
    set_at timestamptz NOT NULL,
    replaced_at timestamptz,
    PRIMARY KEY (device_id, key_id)
);
CREATE UNIQUE INDEX device_key_in_force ON xiangye.device_key (device_id) WHERE replaced_at IS NULL;
""",
    """
ALTER TABLE xiangye.batch
    ADD COLUMN key_id text,
    ADD COLUMN signature text,
    ADD CONSTRAINT batch_signed CHECK ((key_id IS NULL) = (signature IS NULL)),
    ADD CONSTRAINT batch_key FOREIGN KEY (device_id, key_id) REFERENCES xiangye.device_key (device_id, key_id);
""",
)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
