"""Which device a device was forked from: told once, when it begins, so that no chain of them closes."""

from alembic import op

revision = "0028_forks"
down_revision = "0027_surveys_by_wire"

_CHANGES: tuple[str, ...] = (
    """
ALTER TABLE xiangye.device
    ADD COLUMN forked_from uuid REFERENCES xiangye.device (id),
    ADD CONSTRAINT device_forked_from_another CHECK (forked_from <> id);
CREATE INDEX ix_device_forked_from ON xiangye.device (forked_from);
""",
    """
CREATE FUNCTION xiangye.keep_forked_from() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.forked_from IS DISTINCT FROM OLD.forked_from THEN
        RAISE EXCEPTION 'what a device was forked from is told once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER device_forked_from BEFORE UPDATE OF forked_from ON xiangye.device
    FOR EACH ROW EXECUTE FUNCTION xiangye.keep_forked_from();
""",
)


def upgrade() -> None:
    for statements in _CHANGES:
        op.execute(statements)
