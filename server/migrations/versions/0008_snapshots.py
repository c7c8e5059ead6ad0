"""Snapshots: what a compilation read. Their files lie in the store under `precise/`; the row says which they are."""

from alembic import op

revision = "0008_snapshots"
down_revision = "0006_media_patrols"

_SNAPSHOT = """
CREATE TABLE xiangye.snapshot (
    id text PRIMARY KEY,
    kind text NOT NULL,
    parameters jsonb NOT NULL,
    as_of date NOT NULL,
    change_no bigint NOT NULL,
    digest text NOT NULL UNIQUE CHECK (digest ~ '^[0-9a-f]{64}$'),
    files jsonb NOT NULL,
    record_count integer NOT NULL CHECK (record_count >= 0),
    software text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
REVOKE UPDATE, DELETE ON xiangye.snapshot FROM xiangye_app, xiangye_precise;
"""


def upgrade() -> None:
    op.execute(_SNAPSHOT)
