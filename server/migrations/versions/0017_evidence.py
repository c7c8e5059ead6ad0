"""What stands in the audit chain stays: nobody changes or removes an entry or a version; a redaction says what took a text's place."""

from alembic import op

revision = "0017_evidence"
down_revision = "0016_people_rights"

_ONLY_GROWS = """
CREATE FUNCTION xiangye.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entry_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON xiangye.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION xiangye.refuse_change();
ALTER TABLE xiangye.audit_entry ENABLE ALWAYS TRIGGER audit_entry_only_grows;
CREATE TRIGGER version_only_grows
    BEFORE UPDATE OF id, digest, base_digest, kind, author, device, seq, protocol, app_version, saved_at, received_at
    OR DELETE OR TRUNCATE ON xiangye.version FOR EACH STATEMENT EXECUTE FUNCTION xiangye.refuse_change();
CREATE INDEX ix_audit_entry_action ON xiangye.audit_entry (action, entry_no);
CREATE INDEX ix_audit_entry_actor ON xiangye.audit_entry (actor, entry_no);
"""

_REDACTIONS = """
CREATE TABLE xiangye.redaction (
    redaction_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('version', 'photo', 'snapshot')),
    subject text NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    redacted_sha256 text NOT NULL CHECK (redacted_sha256 ~ '^[0-9a-f]{64}$'),
    reason text NOT NULL CHECK (reason IN ('person', 'retention')),
    at timestamptz NOT NULL
);
CREATE INDEX ix_redaction_subject ON xiangye.redaction (kind, subject);
REVOKE UPDATE, DELETE ON xiangye.redaction FROM xiangye_app, xiangye_precise;
CREATE TRIGGER redaction_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON xiangye.redaction
    FOR EACH STATEMENT EXECUTE FUNCTION xiangye.refuse_change();
CREATE FUNCTION xiangye.only_redacted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = OLD.id AND NEW.digest = OLD.digest AND EXISTS (
        SELECT 1 FROM xiangye.redaction r WHERE r.kind = 'version' AND r.subject = NEW.id::text AND r.digest = NEW.digest
        AND r.redacted_sha256 = encode(sha256(NEW.body), 'hex'))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version keeps its body but for a redaction' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER version_body_only_redacted BEFORE UPDATE ON precise.version_body
    FOR EACH ROW EXECUTE FUNCTION xiangye.only_redacted();
CREATE TRIGGER version_body_only_grows BEFORE DELETE OR TRUNCATE ON precise.version_body
    FOR EACH STATEMENT EXECUTE FUNCTION xiangye.refuse_change();
GRANT UPDATE (body) ON precise.version_body TO xiangye_precise;
-- Free words in which a person may be named; what was decided, by whom and when stays as it is.
GRANT UPDATE (message) ON xiangye.decision TO xiangye_app;
"""


def upgrade() -> None:
    for statements in (_ONLY_GROWS, _REDACTIONS):
        op.execute(statements)
