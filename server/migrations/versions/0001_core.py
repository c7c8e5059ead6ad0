"""Schemas, rights, the ledger of identities and versions, the audit chain.

Final shapes of DESIGN: what a record is called and which versions of it exist never moves again.
"""

from alembic import op

revision = "0001_core"
down_revision = None

_RIGHTS = """
CREATE SCHEMA IF NOT EXISTS precise;
REVOKE ALL ON SCHEMA precise FROM PUBLIC;
GRANT USAGE ON SCHEMA xiangye TO xiangye_app, xiangye_precise;
GRANT USAGE ON SCHEMA precise TO xiangye_precise;
ALTER DEFAULT PRIVILEGES IN SCHEMA xiangye GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO xiangye_app, xiangye_precise;
ALTER DEFAULT PRIVILEGES IN SCHEMA xiangye GRANT USAGE, SELECT ON SEQUENCES TO xiangye_app, xiangye_precise;
ALTER DEFAULT PRIVILEGES IN SCHEMA precise GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO xiangye_precise;
"""

_LEDGER = """
CREATE SEQUENCE xiangye.change_no_seq;
CREATE TABLE xiangye.ledger (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('event', 'occurrence', 'patrol', 'track_segment', 'finding', 'media', 'unknown')),
    observed_year smallint NOT NULL DEFAULT 0 CHECK (observed_year BETWEEN 0 AND 9999),
    head_digest text CHECK (head_digest ~ '^[0-9a-f]{64}$'),
    state text NOT NULL CHECK (state IN ('expected', 'current', 'waiting', 'conflict', 'deleted')),
    UNIQUE (id, observed_year)
);
CREATE TABLE xiangye.version (
    id uuid NOT NULL REFERENCES xiangye.ledger (id),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    base_digest text CHECK (base_digest ~ '^[0-9a-f]{64}$'),
    kind text NOT NULL,
    author uuid NOT NULL,
    device uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 1),
    protocol smallint NOT NULL,
    app_version text NOT NULL,
    saved_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    change_no bigint,
    PRIMARY KEY (id, digest)
);
CREATE INDEX ix_version_received_at ON xiangye.version (received_at);
CREATE INDEX ix_version_change_no ON xiangye.version (change_no);
CREATE INDEX ix_version_author ON xiangye.version (author);
CREATE TABLE xiangye.import_key (
    dataset_id uuid NOT NULL,
    source_id text NOT NULL,
    id uuid NOT NULL REFERENCES xiangye.ledger (id),
    PRIMARY KEY (dataset_id, source_id)
);
CREATE TABLE xiangye.server_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO xiangye.server_state DEFAULT VALUES;
"""

_AUDIT = """
CREATE TABLE xiangye.audit_entry (
    entry_no bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    previous_hash text NOT NULL,
    entry_hash text NOT NULL
);
"""

_APPEND_ONLY = """
REVOKE UPDATE, DELETE ON xiangye.version, xiangye.audit_entry, xiangye.server_state FROM xiangye_app, xiangye_precise;
GRANT UPDATE (change_no) ON xiangye.version TO xiangye_app, xiangye_precise;
REVOKE DELETE ON xiangye.ledger, xiangye.import_key FROM xiangye_app, xiangye_precise;
"""


def upgrade() -> None:
    for statements in (_RIGHTS, _LEDGER, _AUDIT, _APPEND_ONLY):
        op.execute(statements)
