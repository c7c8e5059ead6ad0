"""What a place lies in beside its county, and what a new layer moved: stamps change, records never."""

from alembic import op

revision = "0011_restamping"
down_revision = "0010_named_places"

_STAMPS = """
ALTER TABLE precise.place ADD COLUMN zones text[] NOT NULL DEFAULT '{}',
    ADD COLUMN elevation_m double precision,
    ADD COLUMN land_cover text,
    ADD COLUMN layer_versions jsonb NOT NULL DEFAULT '{}';
CREATE TABLE xiangye.restamping (
    restamping_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    from_version text REFERENCES xiangye.boundary_version (id),
    to_version text NOT NULL REFERENCES xiangye.boundary_version (id),
    checked_count integer NOT NULL CHECK (checked_count >= 0),
    moved_count integer NOT NULL CHECK (moved_count BETWEEN 0 AND checked_count),
    at timestamptz NOT NULL,
    by_account text NOT NULL
);
CREATE TABLE precise.restamped_place (
    restamping_id bigint NOT NULL REFERENCES xiangye.restamping (restamping_id),
    id uuid NOT NULL REFERENCES xiangye.ledger (id),
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    PRIMARY KEY (restamping_id, id)
);
REVOKE UPDATE, DELETE ON xiangye.restamping FROM xiangye_app, xiangye_precise;
REVOKE UPDATE, DELETE ON precise.restamped_place FROM xiangye_precise;
"""


def upgrade() -> None:
    op.execute(_STAMPS)
