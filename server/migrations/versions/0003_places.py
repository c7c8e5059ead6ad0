"""Counties by boundary version, and the codes by which older lists call them.

A shape belongs to a boundary version, a code has its own life: nothing here assumes that a county is immutable.
"""

from alembic import op

revision = "0003_places"
down_revision = "0002_taxa"

_BOUNDARIES = """
CREATE TABLE xiangye.boundary_version (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('county', 'county_alias')),
    source text NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    valid_from date,
    valid_to date,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, digest),
    CHECK (valid_from <= valid_to)
);
CREATE UNIQUE INDEX uq_boundary_version_in_force ON xiangye.boundary_version (kind) WHERE valid_to IS NULL;
CREATE TABLE xiangye.county (
    code text NOT NULL CHECK (code ~ '^[0-9]{6}$'),
    boundary_version text NOT NULL REFERENCES xiangye.boundary_version (id),
    name_zh text NOT NULL CHECK (name_zh <> ''),
    prefecture_code text NOT NULL CHECK (prefecture_code ~ '^[0-9]{6}$'),
    prefecture_name text NOT NULL,
    province_code text NOT NULL CHECK (province_code ~ '^[0-9]{2}0000$' AND left(province_code, 2) = left(code, 2)),
    province_name text NOT NULL,
    valid_from date,
    valid_to date,
    geom public.geometry(MultiPolygon, 4326) NOT NULL CHECK (public.ST_IsValid(geom) AND NOT public.ST_IsEmpty(geom)),
    PRIMARY KEY (code, boundary_version),
    CHECK (valid_from <= valid_to)
);
CREATE INDEX ix_county_geom ON xiangye.county USING gist (geom);
CREATE INDEX ix_county_province_code ON xiangye.county (boundary_version, province_code);
"""

_ALIASES = """
CREATE TABLE xiangye.county_alias (
    code text PRIMARY KEY CHECK (code ~ '^[0-9]{6}$'),
    name_zh text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('retired', 'zone')),
    current_code text CHECK (current_code ~ '^[0-9]{6}$' AND current_code <> code),
    retired_on date,
    basis text NOT NULL CHECK (basis IN ('upgrade', 'same_name', 'recalled', 'none')),
    note text,
    CHECK ((current_code IS NULL) = (basis = 'none'))
);
"""


def upgrade() -> None:
    op.execute(_BOUNDARIES)
    op.execute(_ALIASES)
