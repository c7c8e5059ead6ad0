"""Rules as data, what they found, the queue and what reviewers decided."""

from alembic import op

revision = "0015_verification"
down_revision = "0014_guard"

_RULES = """
CREATE TABLE xiangye.verification_rule (
    rule_id text NOT NULL CHECK (rule_id ~ '^[a-z0-9][a-z0-9_-]{1,59}$'),
    version integer NOT NULL CHECK (version >= 1),
    kind text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('flag', 'note')),
    title_zh text NOT NULL,
    reason_zh text NOT NULL,
    scientific_name text,
    group_zh text,
    county_codes text[] NOT NULL DEFAULT '{}',
    parameters jsonb NOT NULL DEFAULT '{}',
    source text NOT NULL,
    source_status text NOT NULL CHECK (source_status IN ('verified', 'unverified')),
    state text NOT NULL CHECK (state IN ('draft', 'active', 'retired')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    activated_by text,
    activated_at timestamptz,
    retired_at timestamptz,
    PRIMARY KEY (rule_id, version),
    CHECK (state = 'draft' OR activated_at IS NOT NULL)
);
CREATE UNIQUE INDEX uq_verification_rule_active ON xiangye.verification_rule (rule_id) WHERE state = 'active';
CREATE TABLE xiangye.rule_trial (
    id uuid PRIMARY KEY,
    rule_id text NOT NULL,
    version integer NOT NULL,
    tried_by text NOT NULL,
    tried_at timestamptz NOT NULL,
    checked_count integer NOT NULL CHECK (checked_count >= 0),
    found_count integer NOT NULL CHECK (found_count BETWEEN 0 AND checked_count),
    FOREIGN KEY (rule_id, version) REFERENCES xiangye.verification_rule (rule_id, version)
);
CREATE INDEX ix_rule_trial_rule_id_version ON xiangye.rule_trial (rule_id, version);
CREATE TABLE xiangye.rule_finding (
    id uuid PRIMARY KEY,
    record_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    rule_id text NOT NULL,
    rule_version integer NOT NULL,
    severity text NOT NULL CHECK (severity IN ('flag', 'note')),
    words_zh text NOT NULL,
    found_at timestamptz NOT NULL,
    gone_at timestamptz,
    FOREIGN KEY (rule_id, rule_version) REFERENCES xiangye.verification_rule (rule_id, version)
);
CREATE INDEX ix_rule_finding_record_id ON xiangye.rule_finding (record_id);
CREATE UNIQUE INDEX uq_rule_finding_standing ON xiangye.rule_finding (record_id, rule_id) WHERE gone_at IS NULL;
CREATE TABLE xiangye.county_taxon (
    county_code text NOT NULL,
    taxon_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    occurrence_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    PRIMARY KEY (county_code, taxon_id)
);
CREATE INDEX ix_county_taxon_occurrence_id ON xiangye.county_taxon (occurrence_id);
"""

_DECISIONS = """
CREATE TABLE xiangye.review (
    record_id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    state text NOT NULL CHECK (state IN ('pending', 'asked', 'confirmed', 'reidentified', 'rejected', 'escalated')),
    queue text NOT NULL CHECK (queue IN ('county', 'prefecture', 'province')),
    decided_in text CHECK (decided_in IN ('county', 'prefecture', 'province')),
    judged_digest text,
    flagged boolean NOT NULL DEFAULT false
);
CREATE INDEX ix_review_waiting ON xiangye.review (queue, record_id) WHERE state IN ('pending', 'escalated');
CREATE TABLE xiangye.decision (
    id uuid PRIMARY KEY,
    record_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    change_no bigint,
    action text NOT NULL
        CHECK (action IN ('confirm', 'reidentify', 'ask', 'answer', 'reject', 'escalate', 'reopen', 'check')),
    state text NOT NULL CHECK (state IN ('pending', 'asked', 'confirmed', 'reidentified', 'rejected', 'escalated')),
    queue text NOT NULL CHECK (queue IN ('county', 'prefecture', 'province')),
    actor_id uuid REFERENCES xiangye.person (id),
    actor_name text NOT NULL,
    actor_role text NOT NULL,
    message text,
    reason_code text,
    answers_id uuid REFERENCES xiangye.decision (id),
    answer_record_id uuid REFERENCES xiangye.ledger (id),
    decided_at timestamptz NOT NULL,
    CONSTRAINT decision_answer_record_id_key UNIQUE (answer_record_id),
    CHECK (action <> 'reject' OR message IS NOT NULL),
    CHECK (action <> 'ask' OR message IS NOT NULL)
);
CREATE INDEX ix_decision_record_id ON xiangye.decision (record_id);
CREATE INDEX ix_decision_change_no ON xiangye.decision (change_no);
ALTER TABLE xiangye.identification
    ALTER COLUMN version_digest DROP NOT NULL,
    ADD COLUMN decision_id uuid REFERENCES xiangye.decision (id),
    ADD CHECK ((version_digest IS NULL) = (decision_id IS NOT NULL));
CREATE INDEX ix_identification_taxon_id ON xiangye.identification (taxon_id);
CREATE INDEX ix_identification_decision_id ON xiangye.identification (decision_id);
"""

_CHECKS = """
CREATE TABLE xiangye.quality_check (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('rewalk', 'blind', 'voucher')),
    survey_id uuid NOT NULL REFERENCES xiangye.survey (id),
    original_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    repeat_id uuid REFERENCES xiangye.ledger (id),
    identification_id uuid REFERENCES xiangye.identification (id),
    state text NOT NULL CHECK (state IN ('open', 'done')),
    agrees boolean,
    outcome jsonb,
    drawn_by text NOT NULL,
    drawn_at timestamptz NOT NULL,
    share text NOT NULL,
    done_by uuid REFERENCES xiangye.person (id),
    done_at timestamptz,
    CONSTRAINT quality_check_kind_original_id_key UNIQUE (kind, original_id),
    CHECK (repeat_id <> original_id),
    CHECK ((state = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX ix_quality_check_survey_id ON xiangye.quality_check (survey_id);
"""

_INDEXES = """
CREATE INDEX ix_track_point_longitude_e7_latitude_e7 ON precise.track_point (longitude_e7, latitude_e7);
CREATE INDEX ix_version_device_saved_at_id ON xiangye.version (device, saved_at, id) WHERE kind = 'occurrence';
"""

_ANSWERS = """
ALTER TABLE xiangye.ledger DROP CONSTRAINT ledger_kind_check;
ALTER TABLE xiangye.ledger ADD CONSTRAINT ledger_kind_check CHECK (kind IN
    ('event', 'occurrence', 'patrol', 'track_segment', 'finding', 'media', 'identification_answer', 'unknown'));
"""

_APPEND_ONLY = """
REVOKE UPDATE, DELETE ON xiangye.decision, xiangye.rule_trial FROM xiangye_app, xiangye_precise;
GRANT UPDATE (change_no) ON xiangye.decision TO xiangye_app, xiangye_precise;
REVOKE DELETE ON xiangye.verification_rule, xiangye.rule_finding, xiangye.quality_check FROM xiangye_app, xiangye_precise;
"""

# The second wall: what a grant gives is read through this alone, and what the program forgets to ask, it asks. A name that the
# reader gave as a reviewer opens nothing: else whoever may read one taxon in a county would call any record by its name.
_GRANTED = """
CREATE FUNCTION precise.granted(grant_asked uuid, reader uuid, at_time timestamptz, ids uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT p.id FROM precise.place p JOIN xiangye.precise_grant g ON g.id = grant_asked
    WHERE p.id = ANY (ids) AND g.person_id = reader AND g.state = 'approved' AND at_time BETWEEN g.decided_at AND g.expires_at AND (
        EXISTS (SELECT FROM xiangye.precise_grant_record r WHERE r.grant_id = g.id AND r.record_id = p.id)
        OR p.county_code = g.county_code AND EXISTS (
            SELECT FROM xiangye.identification i LEFT JOIN xiangye.decision d ON d.id = i.decision_id
            WHERE i.occurrence_id = p.id AND i.taxon_id = g.taxon_id AND d.actor_id IS DISTINCT FROM reader))
$$;
"""

_WALLED = {
    "rule_finding": "record_id",
    "review": "record_id",
    "decision": "record_id",
    "quality_check": "original_id",
}


def upgrade() -> None:
    for statements in (_RULES, _DECISIONS, _CHECKS, _INDEXES, _ANSWERS, _APPEND_ONLY, _GRANTED):
        op.execute(statements)
    for table, column in _WALLED.items():
        op.execute(f"SELECT xiangye.wall('xiangye.{table}', '{column}')")
    # Which record was first is the program's own knowledge.
    op.execute("SELECT xiangye.wall_by('xiangye.county_taxon', '(SELECT xiangye.sees_everything())')")
