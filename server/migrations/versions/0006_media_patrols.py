"""Photos and their uploads; patrols and their findings."""

from alembic import op

revision = "0006_media_patrols"
down_revision = "0005_sync"

_MEDIA = """
CREATE TABLE xiangye.media_file (
    sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    byte_count bigint NOT NULL CHECK (byte_count > 0),
    received_at timestamptz NOT NULL,
    rendition_sha256 text,
    width_px integer,
    height_px integer,
    problem text
);
CREATE TABLE xiangye.media_item (
    id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    survey_id uuid NOT NULL REFERENCES xiangye.survey (id),
    sha256 text NOT NULL,
    byte_count bigint NOT NULL,
    media_type text NOT NULL,
    captured_at text,
    sequence integer
);
CREATE INDEX ix_media_item_sha256 ON xiangye.media_item (sha256);
CREATE TABLE xiangye.media_subject (
    media_id uuid NOT NULL REFERENCES xiangye.media_item (id) ON DELETE CASCADE,
    subject_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    PRIMARY KEY (media_id, subject_id)
);
CREATE TABLE xiangye.upload (
    id uuid PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES xiangye.device (id),
    sha256 text NOT NULL,
    byte_count bigint NOT NULL CHECK (byte_count > 0),
    created_at timestamptz NOT NULL,
    completed_at timestamptz
);
"""

_PATROLS = """
CREATE TABLE xiangye.patrol (
    event_id uuid PRIMARY KEY REFERENCES xiangye.event (id) ON DELETE CASCADE,
    leader uuid,
    nil_report boolean NOT NULL,
    pauses jsonb NOT NULL,
    gaps jsonb NOT NULL
);
CREATE TABLE xiangye.finding (
    id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    event_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    survey_id uuid NOT NULL REFERENCES xiangye.survey (id),
    finding_type text NOT NULL,
    case_state text NOT NULL CHECK (case_state IN ('open', 'closed')),
    evidence_number text,
    observed_from timestamptz
);
"""


def upgrade() -> None:
    op.execute(_MEDIA)
    op.execute(_PATROLS)
