"""Exports that are asked for, approved and taken."""

from alembic import op

revision = "0018_exports"
down_revision = "0017_evidence"

_CROSS_BORDER = """
ALTER TABLE xiangye.dataset ADD COLUMN cross_border text NOT NULL DEFAULT 'needs_review'
    CHECK (cross_border IN ('allowed', 'needs_review', 'forbidden'));
"""

_EXPORTS = """
CREATE TABLE xiangye.export (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES xiangye.person (id),
    format text NOT NULL CHECK (format IN ('dwca', 'csv', 'xlsx', 'geojson')),
    edition text NOT NULL CHECK (edition IN ('public', 'scope', 'exact')),
    chosen jsonb NOT NULL,
    grant_id uuid REFERENCES xiangye.precise_grant (id),
    state text NOT NULL CHECK (state IN ('waiting', 'ready', 'refused')),
    row_count integer NOT NULL CHECK (row_count >= 0),
    record_count integer NOT NULL CHECK (record_count >= 0),
    exact_count integer NOT NULL CHECK (exact_count BETWEEN 0 AND record_count),
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > asked_at),
    decided_by uuid REFERENCES xiangye.person (id),
    decided_at timestamptz,
    decision_reason text,
    sha256 text,
    byte_count bigint,
    CHECK (decided_by <> person_id),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((edition = 'exact') = (grant_id IS NOT NULL)),
    CHECK (state <> 'waiting' OR edition = 'exact'),
    -- An exact file is made when it is taken and never lies about.
    CHECK (edition <> 'exact' OR sha256 IS NULL)
);
CREATE INDEX ix_export_person_id ON xiangye.export (person_id, asked_at);
CREATE INDEX ix_export_waiting ON xiangye.export (asked_at) WHERE state = 'waiting';
CREATE TABLE xiangye.export_record (
    export_id uuid NOT NULL REFERENCES xiangye.export (id),
    record_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 4),
    exact boolean NOT NULL,
    PRIMARY KEY (export_id, record_id)
);
CREATE INDEX ix_export_record_record_id ON xiangye.export_record (record_id);
SELECT xiangye.wall('xiangye.export_record', 'record_id');
"""

_CHANGES: tuple[str, ...] = (_CROSS_BORDER, _EXPORTS)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
