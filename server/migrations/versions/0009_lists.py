"""Lists that an agency keeps itself: every row of every version, what a person confirmed, and what changed between two."""

from alembic import op

revision = "0009_lists"
down_revision = "0008_snapshots"

_KINDS = """
ALTER TABLE xiangye.species_list DROP CONSTRAINT species_list_kind_check;
ALTER TABLE xiangye.species_list ADD CONSTRAINT species_list_kind_check CHECK (kind IN ('protected', 'valued', 'cites', 'invasive', 'checklist',
    'red_list', 'endemic', 'flagship', 'tiny_population', 'indicator', 'ancient_tree', 'traits', 'lookalikes', 'identifiers', 'names', 'pinyin',
    'sensitivity'));
ALTER TABLE xiangye.species_list DROP CONSTRAINT species_list_region_check;
ALTER TABLE xiangye.species_list ADD CONSTRAINT species_list_region_check CHECK (region IN ('CN', 'world') OR region ~ '^[0-9]{2,6}$');
ALTER TABLE xiangye.list_version
    ADD COLUMN loaded_no bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN loaded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN loaded_by text NOT NULL DEFAULT 'system',
    ADD COLUMN replaces text,
    ADD COLUMN descriptor jsonb NOT NULL DEFAULT '{}',
    ADD FOREIGN KEY (list_id, replaces) REFERENCES xiangye.list_version (list_id, version);
CREATE TABLE xiangye.list_row (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL CHECK (entry_no >= 1),
    cells jsonb NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    status text NOT NULL CHECK (status IN ('verified', 'unverified')),
    PRIMARY KEY (list_id, version, entry_no),
    FOREIGN KEY (list_id, version) REFERENCES xiangye.list_version (list_id, version)
);
CREATE INDEX ix_list_row_digest ON xiangye.list_row (list_id, digest);
CREATE TABLE xiangye.list_confirmation (
    list_id text NOT NULL REFERENCES xiangye.species_list (list_id),
    row_digest text NOT NULL CHECK (row_digest ~ '^[0-9a-f]{64}$'),
    basis text NOT NULL CHECK (basis <> ''),
    confirmed_by text NOT NULL,
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (list_id, row_digest)
);
REVOKE UPDATE, DELETE ON xiangye.list_row, xiangye.list_confirmation FROM xiangye_app, xiangye_precise;
"""

_ENTRIES = """
ALTER TABLE xiangye.list_entry ADD COLUMN region_code text CHECK (region_code ~ '^[0-9]{2,6}$'),
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}';
ALTER TABLE xiangye.list_rule ADD COLUMN region_code text CHECK (region_code ~ '^[0-9]{2,6}$'),
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}';
CREATE TABLE xiangye.taxon_bridge (
    list_id text NOT NULL,
    from_version text NOT NULL,
    to_version text NOT NULL,
    bridge_no integer NOT NULL CHECK (bridge_no >= 1),
    change text NOT NULL CHECK (change IN ('added', 'gone', 'renamed', 'split', 'merged', 'reclassified')),
    from_taxon_id uuid REFERENCES xiangye.taxon (taxon_id),
    to_taxon_id uuid REFERENCES xiangye.taxon (taxon_id),
    from_value text,
    to_value text,
    PRIMARY KEY (list_id, from_version, to_version, bridge_no),
    FOREIGN KEY (list_id, from_version) REFERENCES xiangye.list_version (list_id, version),
    FOREIGN KEY (list_id, to_version) REFERENCES xiangye.list_version (list_id, version),
    CHECK (from_taxon_id IS NOT NULL OR to_taxon_id IS NOT NULL)
);
CREATE TABLE xiangye.taxon_trait (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL,
    taxon_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    trait text NOT NULL,
    value text NOT NULL CHECK (value <> ''),
    PRIMARY KEY (list_id, version, entry_no),
    FOREIGN KEY (list_id, version, entry_no) REFERENCES xiangye.list_row (list_id, version, entry_no)
);
CREATE INDEX ix_taxon_trait_taxon_id ON xiangye.taxon_trait (taxon_id);
CREATE TABLE xiangye.taxon_lookalike (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL,
    taxon_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    other_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    difference_zh text NOT NULL CHECK (difference_zh <> ''),
    PRIMARY KEY (list_id, version, entry_no),
    FOREIGN KEY (list_id, version, entry_no) REFERENCES xiangye.list_row (list_id, version, entry_no),
    CHECK (taxon_id <> other_id)
);
CREATE TABLE xiangye.taxon_identifier (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL,
    taxon_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    authority text NOT NULL,
    identifier text NOT NULL CHECK (identifier <> ''),
    PRIMARY KEY (list_id, version, entry_no),
    FOREIGN KEY (list_id, version, entry_no) REFERENCES xiangye.list_row (list_id, version, entry_no)
);
CREATE INDEX ix_taxon_identifier_taxon_id ON xiangye.taxon_identifier (taxon_id);
ALTER TABLE xiangye.taxon_name ADD COLUMN reason text;
ALTER TABLE xiangye.taxon DROP CONSTRAINT taxon_status_check;
ALTER TABLE xiangye.taxon ADD CONSTRAINT taxon_status_check CHECK (status IN ('accepted', 'superseded', 'provisional'));
"""

# The first assessments came as a column of a list of protected plants; a taxon may hold several, each by its own list.
_RED_LISTS = """
ALTER TABLE xiangye.red_list_assessment
    ADD COLUMN list_id text, ADD COLUMN version text, ADD COLUMN entry_no integer,
    ADD COLUMN assessed_year smallint CHECK (assessed_year BETWEEN 1960 AND 2100),
    ADD COLUMN criteria text, ADD COLUMN population_zh text;
UPDATE xiangye.red_list_assessment a SET list_id = e.list_id, version = e.version, entry_no = e.entry_no
    FROM xiangye.list_entry e WHERE e.taxon_id = a.taxon_id AND e.list_id = 'protected_plants_2021';
DELETE FROM xiangye.red_list_assessment WHERE list_id IS NULL;
ALTER TABLE xiangye.red_list_assessment DROP CONSTRAINT red_list_assessment_pkey;
ALTER TABLE xiangye.red_list_assessment ALTER COLUMN edition DROP NOT NULL,
    ADD PRIMARY KEY (list_id, version, entry_no),
    ADD FOREIGN KEY (list_id, version) REFERENCES xiangye.list_version (list_id, version);
CREATE INDEX ix_red_list_assessment_taxon_id ON xiangye.red_list_assessment (taxon_id);
"""


def upgrade() -> None:
    for statements in (_KINDS, _ENTRIES, _RED_LISTS):
        op.execute(statements)
