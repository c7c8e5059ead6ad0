"""People and devices, surveys, events, occurrences, identifications, disclosed places; and, apart, what is exact.

Partitions by observed year from the first day: 0 (undated), before 2000, each year to 2040, default.
"""

from alembic import op

revision = "0004_records"
down_revision = "0003_places"

_ACCOUNTS = """
CREATE TABLE xiangye.person (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    organisation text,
    created_at timestamptz NOT NULL
);
CREATE TABLE xiangye.device (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES xiangye.person (id),
    name text NOT NULL,
    app_version text NOT NULL,
    credential_hash text NOT NULL UNIQUE,
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE TABLE xiangye.enrolment (
    code_hash text PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES xiangye.person (id),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    device_id uuid
);
"""

_SURVEYS = """
CREATE TABLE xiangye.dataset (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    owner text NOT NULL,
    licence text NOT NULL,
    citation text,
    funding text,
    embargo_until date,
    demonstration boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
CREATE TABLE xiangye.survey (
    id uuid PRIMARY KEY,
    dataset_id uuid NOT NULL REFERENCES xiangye.dataset (id),
    title text NOT NULL,
    kind text NOT NULL,
    profile text NOT NULL,
    county_codes text[] NOT NULL DEFAULT '{}',
    starts_on date,
    ends_on date,
    created_at timestamptz NOT NULL,
    CHECK (starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on)
);
"""

_OBSERVED = """
    dataset_id uuid NOT NULL REFERENCES xiangye.dataset (id),
    survey_id uuid NOT NULL REFERENCES xiangye.survey (id),
    observed_from timestamptz,
    observed_to timestamptz,
    date_precision text CHECK (date_precision IN ('year', 'month', 'day', 'hour', 'minute', 'second')),
    verbatim_event_date text,
    CHECK (observed_from IS NULL OR observed_to IS NULL OR observed_from <= observed_to)
"""

_EVENTS = f"""
CREATE TABLE xiangye.event (
    id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    parent_event_id uuid REFERENCES xiangye.ledger (id),
    event_type text NOT NULL,
    sampling_protocol text NOT NULL,
    target_group text,
    location_name text,
    effort_length_m numeric CHECK (effort_length_m >= 0),
    effort_duration_min numeric CHECK (effort_duration_min >= 0),
    effort_area_m2 numeric CHECK (effort_area_m2 >= 0),
    effort_observers integer CHECK (effort_observers >= 0),
    weather text,
    habitat_code text,
    disturbance_code text,
    target_taxa text[],
    event_remarks text,
    flags text[] NOT NULL DEFAULT '{{}}',
    CHECK (parent_event_id <> id),
    {_OBSERVED}
);
CREATE INDEX ix_event_survey_id ON xiangye.event (survey_id);
CREATE TABLE xiangye.event_participant (
    event_id uuid NOT NULL REFERENCES xiangye.event (id) ON DELETE CASCADE,
    person_id uuid NOT NULL,
    role text NOT NULL,
    "order" integer NOT NULL DEFAULT 0,
    PRIMARY KEY (event_id, person_id, role)
);
CREATE TABLE xiangye.measurement (
    subject_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    position smallint NOT NULL,
    code text NOT NULL,
    vocabulary text NOT NULL,
    value text NOT NULL,
    unit text,
    canonical_value numeric,
    canonical_unit text,
    method text,
    PRIMARY KEY (subject_id, position)
);
"""

_OCCURRENCES = f"""
CREATE TABLE xiangye.occurrence (
    observed_year smallint NOT NULL,
    id uuid NOT NULL,
    event_id uuid REFERENCES xiangye.ledger (id),
    occurrence_status text NOT NULL CHECK (occurrence_status IN ('present', 'absent')),
    individual_count integer CHECK (individual_count >= 0),
    count_min integer CHECK (count_min >= 0),
    count_max integer CHECK (count_max >= count_min),
    count_method text,
    organism_quantity numeric,
    organism_quantity_type text,
    sex text,
    life_stage text,
    behavior text,
    evidence_class text NOT NULL,
    basis_of_record text NOT NULL,
    establishment_means text,
    degree_of_establishment text,
    pathway text,
    occurrence_remarks text,
    access_class text NOT NULL DEFAULT 'internal' CHECK (access_class IN ('public', 'internal', 'important', 'restricted')),
    flags text[] NOT NULL DEFAULT '{{}}',
    received_at timestamptz NOT NULL,
    {_OBSERVED},
    PRIMARY KEY (observed_year, id),
    FOREIGN KEY (id, observed_year) REFERENCES xiangye.ledger (id, observed_year) ON UPDATE CASCADE,
    CHECK (occurrence_status = 'present' OR coalesce(individual_count, 0) = 0)
) PARTITION BY RANGE (observed_year);
CREATE INDEX ix_occurrence_id ON xiangye.occurrence (id);
CREATE INDEX ix_occurrence_survey_id ON xiangye.occurrence (survey_id);
CREATE TABLE xiangye.identification (
    id uuid PRIMARY KEY,
    occurrence_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    version_digest text NOT NULL,
    taxon_id uuid REFERENCES xiangye.taxon (taxon_id),
    scientific_name text,
    name_zh text,
    verbatim_name text,
    qualifier text,
    method text NOT NULL,
    confidence text,
    identified_by uuid NOT NULL,
    identified_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    UNIQUE (occurrence_id, version_digest)
);
"""

_DISCLOSED = """
CREATE TABLE xiangye.disclosed_place (
    id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 4),
    cell_x integer,
    cell_y integer,
    latitude double precision,
    longitude double precision,
    uncertainty_m double precision,
    county_code text,
    county_name text,
    prefecture_name text,
    in_scope boolean NOT NULL,
    uncertain boolean NOT NULL,
    grid_cell text,
    boundary_version text NOT NULL,
    rule text,
    data_generalizations text,
    information_withheld text,
    CHECK (level <> 1 OR (latitude IS NULL AND longitude IS NULL AND grid_cell IS NULL AND cell_x IS NULL AND cell_y IS NULL)),
    CHECK (level = 0 OR data_generalizations IS NOT NULL)
);
CREATE INDEX ix_disclosed_place_cell ON xiangye.disclosed_place (level, cell_x, cell_y);
CREATE TABLE xiangye.level_evidence (
    id uuid NOT NULL REFERENCES xiangye.ledger (id),
    level smallint NOT NULL,
    rule text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (id, level, rule)
);
"""

_PRECISE = """
CREATE TABLE precise.version_body (
    id uuid NOT NULL,
    digest text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (id, digest),
    FOREIGN KEY (id, digest) REFERENCES xiangye.version (id, digest)
);
CREATE TABLE precise.place (
    id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    position public.geometry(Point, 4326) NOT NULL,
    latitude_e7 integer NOT NULL,
    longitude_e7 integer NOT NULL,
    uncertainty_m double precision,
    source text NOT NULL,
    altitude_m numeric,
    vertical_datum text,
    mock boolean NOT NULL,
    county_code text,
    county_name text,
    prefecture_code text,
    prefecture_name text,
    in_scope boolean NOT NULL,
    uncertain boolean NOT NULL,
    distance_to_border_m double precision,
    areas text[] NOT NULL DEFAULT '{}',
    grid_cell text,
    boundary_version text NOT NULL
);
CREATE INDEX ix_place_position ON precise.place USING gist (position);
CREATE INDEX ix_place_county_code ON precise.place (county_code);
CREATE TABLE precise.event_geometry (
    event_id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    line public.geometry(LineString, 4326) NOT NULL
);
CREATE TABLE precise.event_link (
    occurrence_id uuid PRIMARY KEY REFERENCES xiangye.ledger (id),
    event_id uuid NOT NULL REFERENCES xiangye.ledger (id)
);
CREATE TABLE precise.track_point (
    observed_year smallint NOT NULL,
    segment_id uuid NOT NULL,
    position integer NOT NULL,
    patrol_id uuid NOT NULL REFERENCES xiangye.ledger (id),
    leg integer NOT NULL,
    at timestamptz NOT NULL,
    latitude_e7 integer NOT NULL,
    longitude_e7 integer NOT NULL,
    accuracy_cm integer,
    altitude_dm integer,
    PRIMARY KEY (observed_year, segment_id, position),
    FOREIGN KEY (segment_id, observed_year) REFERENCES xiangye.ledger (id, observed_year) ON UPDATE CASCADE
) PARTITION BY RANGE (observed_year);
CREATE INDEX ix_track_point_patrol_id ON precise.track_point (patrol_id);
"""


def upgrade() -> None:
    for statements in (_ACCOUNTS, _SURVEYS, _EVENTS, _OCCURRENCES, _DISCLOSED, _PRECISE):
        op.execute(statements)
    for table in ("xiangye.occurrence", "precise.track_point"):
        op.execute(_partitions(table))
    op.execute("REVOKE UPDATE, DELETE ON xiangye.level_evidence FROM xiangye_app, xiangye_precise")
    op.execute("REVOKE UPDATE, DELETE ON precise.version_body FROM xiangye_precise")


def _partitions(table: str) -> str:
    """Rights are granted on the parent alone: a partition read directly would pass by its parent's policy."""
    ranges = [("undated", 0, 1), ("before_2000", 1, 2000)] + [(str(year), year, year + 1) for year in range(2000, 2041)]
    statements = [
        f"CREATE TABLE {table}_{name} PARTITION OF {table} FOR VALUES FROM ({low}) TO ({high})"
        for name, low, high in ranges
    ]
    statements.append(f"CREATE TABLE {table}_other PARTITION OF {table} DEFAULT")
    names = [f"{table}_{name}" for name, _, _ in ranges] + [f"{table}_other"]
    statements += [f"REVOKE ALL ON {name} FROM xiangye_app, xiangye_precise" for name in names]
    return ";\n".join(statements)
