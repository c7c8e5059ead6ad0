"""Notices and consents, contacts under seal, how long what is kept."""

from alembic import op

revision = "0016_people_rights"
down_revision = "0015_verification"

_NOTICES = """
CREATE TABLE xiangye.notice_version (
    kind text NOT NULL CHECK (kind IN ('track', 'interview', 'volunteer')),
    version text NOT NULL CHECK (version = btrim(version) AND version <> '' AND length(version) <= 40),
    title text NOT NULL,
    text text NOT NULL CHECK (text <> ''),
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (kind, version)
);
REVOKE UPDATE, DELETE ON xiangye.notice_version FROM xiangye_app, xiangye_precise;
-- As the tablet said it: a version that this server never published is kept as well.
CREATE TABLE xiangye.record_notice (
    id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    version text NOT NULL,
    basis text NOT NULL CHECK (basis IN ('duty', 'employment', 'consent')),
    accepted_at timestamptz,
    guardian boolean
);
SELECT xiangye.wall('xiangye.record_notice', 'id');
"""

_CONTACTS = """
CREATE TABLE xiangye.contact (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('interviewee', 'reporter', 'person')),
    person_id uuid REFERENCES xiangye.person (id),
    record_id uuid REFERENCES xiangye.ledger (id),
    county_code text NOT NULL,
    scopes integer[] NOT NULL,
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    sealed bytea NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK ((kind = 'person') = (person_id IS NOT NULL))
);
CREATE INDEX ix_contact_person_id ON xiangye.contact (person_id);
SELECT xiangye.wall_by('xiangye.contact', '(SELECT xiangye.sees_everything()) OR scopes && (SELECT xiangye.viewer_scopes())');
CREATE TABLE xiangye.consent (
    id uuid PRIMARY KEY,
    person_id uuid REFERENCES xiangye.person (id),
    contact_id uuid REFERENCES xiangye.contact (id) ON DELETE CASCADE,
    kind text NOT NULL,
    version text NOT NULL,
    basis text NOT NULL CHECK (basis IN ('duty', 'employment', 'consent')),
    under_14 boolean NOT NULL,
    guardian boolean NOT NULL,
    given_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    FOREIGN KEY (kind, version) REFERENCES xiangye.notice_version (kind, version),
    CHECK ((person_id IS NULL) <> (contact_id IS NULL)),
    CHECK (NOT under_14 OR guardian AND basis = 'consent'),
    CHECK (withdrawn_at >= given_at)
);
SELECT xiangye.wall_by('xiangye.consent',
    '(SELECT xiangye.sees_everything()) OR contact_id IS NULL OR EXISTS (SELECT FROM xiangye.contact c WHERE c.id = contact_id)');
CREATE INDEX ix_consent_person_id ON xiangye.consent (person_id);
CREATE INDEX ix_consent_contact_id ON xiangye.consent (contact_id);
"""

_RETENTION = """
CREATE TABLE xiangye.retention_setting (
    kind text PRIMARY KEY CHECK (kind IN ('track', 'session', 'sign_in_try', 'raw_batch', 'log')),
    days integer NOT NULL CHECK (days BETWEEN 1 AND 36500 AND (kind <> 'log' OR days <= 180)),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
"""


def upgrade() -> None:
    for statements in (_NOTICES, _CONTACTS, _RETENTION):
        op.execute(statements)
