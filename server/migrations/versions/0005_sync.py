"""What arrived and what was answered: raw batches, receipts, quarantine."""

from alembic import op

revision = "0005_sync"
down_revision = "0004_records"

_SYNC = """
CREATE TABLE xiangye.batch (
    id uuid PRIMARY KEY,
    device_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    record_count integer NOT NULL,
    sha256 text NOT NULL
);
CREATE TABLE xiangye.receipt (
    batch_id uuid NOT NULL REFERENCES xiangye.batch (id),
    position integer NOT NULL,
    record_id text,
    digest text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'already_have', 'conflict', 'quarantined')),
    reason text,
    holder text NOT NULL,
    server_epoch uuid NOT NULL,
    PRIMARY KEY (batch_id, position)
);
CREATE INDEX ix_receipt_record_id ON xiangye.receipt (record_id);
CREATE TABLE precise.raw_batch (
    batch_id uuid PRIMARY KEY REFERENCES xiangye.batch (id),
    body bytea NOT NULL
);
CREATE TABLE precise.quarantine (
    digest text PRIMARY KEY,
    record_id text,
    device_id uuid NOT NULL,
    app_version text,
    received_at timestamptz NOT NULL,
    reason text NOT NULL,
    detail jsonb NOT NULL,
    body bytea NOT NULL
);
"""


def upgrade() -> None:
    op.execute(_SYNC)
    op.execute("REVOKE UPDATE, DELETE ON xiangye.receipt, xiangye.batch FROM xiangye_app, xiangye_precise")
