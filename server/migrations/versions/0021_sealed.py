"""Sealed records: their bytes as they came, beside what the province opened."""

from alembic import op

revision = "0021_sealed"
down_revision = "0020_device_keys"

_CHANGES: tuple[str, ...] = (
    """
CREATE TABLE precise.sealed_version (
    id uuid NOT NULL,
    digest text NOT NULL,
    key_id text NOT NULL CHECK (key_id ~ '^[0-9a-f]{64}$'),
    header bytea NOT NULL,
    sealed bytea,
    opened_sha256 text NOT NULL CHECK (opened_sha256 ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (id, digest),
    FOREIGN KEY (id, digest) REFERENCES xiangye.version (id, digest)
);
SELECT xiangye.wall('precise.sealed_version', 'id');
REVOKE UPDATE, DELETE ON precise.sealed_version FROM xiangye_precise;
GRANT UPDATE (sealed) ON precise.sealed_version TO xiangye_precise;
CREATE FUNCTION xiangye.only_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed IS NULL AND EXISTS (
        SELECT 1 FROM xiangye.redaction r
        WHERE r.kind = 'version' AND r.subject = NEW.id::text AND r.digest = NEW.digest)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a sealed version keeps its bytes but for a redaction' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER sealed_version_only_redacted BEFORE UPDATE ON precise.sealed_version
    FOR EACH ROW EXECUTE FUNCTION xiangye.only_unsealed();
CREATE TRIGGER sealed_version_only_grows BEFORE DELETE OR TRUNCATE ON precise.sealed_version
    FOR EACH STATEMENT EXECUTE FUNCTION xiangye.refuse_change();
""",
)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
