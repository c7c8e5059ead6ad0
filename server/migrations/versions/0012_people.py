"""Organisations, accounts, roles granted for an area, console sessions and personal tokens."""

from alembic import op

revision = "0012_people"
down_revision = "0011_restamping"

_ORGANISATIONS = """
CREATE TABLE xiangye.organisation (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name = btrim(name) AND name <> ''),
    level text NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'station', 'other')),
    area_code text,
    parent_id uuid REFERENCES xiangye.organisation (id),
    created_at timestamptz NOT NULL,
    CHECK (parent_id <> id)
);
INSERT INTO xiangye.organisation (id, name, level, created_at)
SELECT gen_random_uuid(), btrim(organisation), 'other', min(created_at) FROM xiangye.person
WHERE btrim(organisation) <> '' GROUP BY btrim(organisation);
ALTER TABLE xiangye.person
    ADD COLUMN organisation_id uuid REFERENCES xiangye.organisation (id),
    ADD COLUMN account text UNIQUE CHECK (account ~ '^[a-z0-9][a-z0-9._-]{1,39}$'),
    ADD COLUMN password_hash text,
    ADD COLUMN pseudonym uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN disabled_at timestamptz,
    ADD COLUMN erased_at timestamptz;
UPDATE xiangye.person SET organisation_id = o.id FROM xiangye.organisation o WHERE o.name = btrim(person.organisation);
ALTER TABLE xiangye.person DROP COLUMN organisation;
ALTER TABLE xiangye.dataset ADD COLUMN organisation_id uuid REFERENCES xiangye.organisation (id);
"""

_GRANTS = """
CREATE TABLE xiangye.role_grant (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES xiangye.person (id),
    role text NOT NULL,
    area_kind text NOT NULL CHECK (area_kind IN ('province', 'prefecture', 'county', 'area', 'organisation')),
    area_code text NOT NULL,
    taxon_group text,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CHECK (expires_at > granted_at)
);
CREATE INDEX ix_role_grant_person_id ON xiangye.role_grant (person_id);
"""

_CREDENTIALS = """
CREATE TABLE xiangye.console_session (
    token_hash text PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES xiangye.person (id),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX ix_console_session_person_id ON xiangye.console_session (person_id);
CREATE TABLE xiangye.personal_token (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES xiangye.person (id),
    name text NOT NULL,
    token_hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    seen_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX ix_personal_token_person_id ON xiangye.personal_token (person_id);
CREATE TABLE xiangye.oidc_identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    person_id uuid NOT NULL REFERENCES xiangye.person (id),
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE TABLE xiangye.oidc_request (
    state_hash text PRIMARY KEY,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    person_id uuid REFERENCES xiangye.person (id),
    expires_at timestamptz NOT NULL
);
CREATE TABLE xiangye.recent_try (
    subject_hash text PRIMARY KEY,
    tried_at timestamptz[] NOT NULL
);
ALTER TABLE xiangye.device ADD COLUMN seen_at timestamptz;
CREATE INDEX ix_device_person_id ON xiangye.device (person_id);
"""


def upgrade() -> None:
    for statements in (_ORGANISATIONS, _GRANTS, _CREDENTIALS):
        op.execute(statements)
