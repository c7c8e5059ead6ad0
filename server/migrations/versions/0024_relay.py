"""Stations that pass on what tablets left with them: each has a credential of its own, and a batch tells by which it came."""

from alembic import op

revision = "0024_relay"
down_revision = "0023_uploads"

_CHANGES: tuple[str, ...] = (
    """
CREATE TABLE xiangye.relay (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT relay_name_key UNIQUE,
    credential_hash text NOT NULL CONSTRAINT relay_credential_hash_key UNIQUE,
    made_at timestamptz NOT NULL,
    revoked_at timestamptz,
    seen_at timestamptz
);
ALTER TABLE xiangye.batch ADD COLUMN relay_id uuid REFERENCES xiangye.relay (id);
""",
)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
