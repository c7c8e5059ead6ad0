"""Layers beside the counties: protected areas and their zones, priority areas, rivers, grids, locations, and rasters."""

from alembic import op

revision = "0010_named_places"
down_revision = "0009_lists"

_VERSIONS = """
ALTER TABLE xiangye.boundary_version DROP CONSTRAINT boundary_version_kind_check;
ALTER TABLE xiangye.boundary_version ADD CONSTRAINT boundary_version_kind_check CHECK (kind IN ('county', 'county_alias', 'protected_area', 'zone',
    'priority_area', 'river_section', 'grid', 'location', 'elevation', 'land_cover'));
ALTER TABLE xiangye.boundary_version ADD COLUMN label text, ADD COLUMN file_name text, ADD COLUMN crs text,
    ADD COLUMN loaded_by text NOT NULL DEFAULT 'system';
ALTER TABLE xiangye.county_alias DROP CONSTRAINT county_alias_basis_check;
ALTER TABLE xiangye.county_alias ADD CONSTRAINT county_alias_basis_check CHECK (basis IN ('upgrade', 'same_name', 'recalled', 'ground', 'none'));
"""

_PLACES = """
CREATE TABLE xiangye.named_place (
    kind text NOT NULL CHECK (kind IN ('protected_area', 'zone', 'priority_area', 'river_section', 'grid', 'location')),
    boundary_version text NOT NULL REFERENCES xiangye.boundary_version (id),
    code text NOT NULL CHECK (code = btrim(code) AND code <> ''),
    name_zh text NOT NULL CHECK (name_zh <> ''),
    parent_code text,
    level text,
    category text,
    scheme text,
    county_codes text[] NOT NULL DEFAULT '{}',
    area_ha numeric CHECK (area_ha > 0),
    status text NOT NULL CHECK (status IN ('verified', 'unverified')),
    source text NOT NULL,
    note text,
    properties jsonb NOT NULL DEFAULT '{}',
    geom public.geometry(Geometry, 4326) CHECK (public.ST_IsValid(geom) AND NOT public.ST_IsEmpty(geom)),
    extent public.geometry(Polygon, 4326),
    PRIMARY KEY (kind, boundary_version, code)
);
CREATE INDEX ix_named_place_geom ON xiangye.named_place USING gist (geom);
CREATE TABLE xiangye.raster_layer (
    boundary_version text PRIMARY KEY REFERENCES xiangye.boundary_version (id),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    byte_count bigint NOT NULL CHECK (byte_count > 0),
    crs text NOT NULL,
    width integer NOT NULL CHECK (width > 0),
    height integer NOT NULL CHECK (height > 0),
    west double precision NOT NULL,
    south double precision NOT NULL,
    east double precision NOT NULL,
    north double precision NOT NULL,
    legend jsonb NOT NULL DEFAULT '{}'
);
"""


def upgrade() -> None:
    op.execute(_VERSIONS)
    op.execute(_PLACES)
