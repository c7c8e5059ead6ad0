"""Uploads that expire or are ended; small copies of photos that go ahead of their originals."""

from alembic import op

revision = "0023_uploads"
down_revision = "0022_settlements"

# The default serves uploads that are open now, and a release that knows nothing of the column.
_CHANGES = (
    """
ALTER TABLE xiangye.upload
    ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    ADD COLUMN terminated_at timestamptz,
    ADD COLUMN review_of text CHECK (review_of ~ '^[0-9a-f]{64}$');
CREATE INDEX ix_upload_expires_at ON xiangye.upload (expires_at) WHERE completed_at IS NULL;
CREATE INDEX ix_upload_sha256 ON xiangye.upload (sha256);
CREATE TABLE xiangye.media_review (
    original_sha256 text PRIMARY KEY CHECK (original_sha256 ~ '^[0-9a-f]{64}$'),
    received_at timestamptz NOT NULL,
    rendition_sha256 text NOT NULL,
    preview_sha256 text NOT NULL,
    width_px integer NOT NULL,
    height_px integer NOT NULL
);
""",
)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
