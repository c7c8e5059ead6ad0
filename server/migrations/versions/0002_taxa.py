"""Taxa, their names as rows, and the lists that speak of them."""

from alembic import op

revision = "0002_taxa"
down_revision = "0001_core"

_TAXON = """
CREATE TABLE xiangye.taxon (
    taxon_id uuid PRIMARY KEY,
    scientific_name text NOT NULL UNIQUE CHECK (scientific_name = btrim(scientific_name) AND scientific_name <> ''),
    authorship text,
    rank text NOT NULL CHECK (rank IN ('kingdom', 'phylum', 'class', 'order', 'family', 'genus', 'section', 'species', 'subspecies',
        'variety', 'form', 'forma_specialis', 'unranked')),
    kingdom text,
    phylum text,
    class_name text,
    order_name text,
    family text,
    genus text,
    section text,
    group_zh text NOT NULL CHECK (group_zh IN ('哺乳类', '鸟类', '爬行类', '两栖类', '鱼类', '昆虫', '其他无脊椎动物', '维管束植物',
        '其他植物', '真菌', '其他')),
    endemic boolean,
    endemic_source text,
    status text NOT NULL CHECK (status IN ('accepted', 'provisional')),
    CHECK (endemic IS NULL OR endemic_source IS NOT NULL)
);
CREATE INDEX ix_taxon_genus ON xiangye.taxon (genus);
CREATE TABLE xiangye.taxon_name (
    taxon_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    name text NOT NULL CHECK (name = btrim(name) AND name <> ''),
    language text NOT NULL CHECK (language IN ('la', 'zh', 'en')),
    kind text NOT NULL CHECK (kind IN ('accepted', 'synonym', 'vernacular', 'misspelling')),
    region text,
    source text NOT NULL,
    status text NOT NULL CHECK (status IN ('verified', 'unverified', 'provisional')),
    search_name text NOT NULL,
    pinyin text,
    initials text,
    PRIMARY KEY (taxon_id, name, language)
);
CREATE UNIQUE INDEX uq_taxon_name_accepted ON xiangye.taxon_name (taxon_id, language) WHERE kind = 'accepted';
CREATE INDEX ix_taxon_name_search_name ON xiangye.taxon_name (search_name text_pattern_ops);
CREATE INDEX ix_taxon_name_initials ON xiangye.taxon_name (initials text_pattern_ops);
CREATE TABLE xiangye.pinyin_reading (
    text text PRIMARY KEY,
    pinyin text NOT NULL
);
"""

_LIST = """
CREATE TABLE xiangye.species_list (
    list_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('protected', 'invasive', 'checklist', 'sensitivity', 'names', 'pinyin')),
    title_zh text NOT NULL,
    title_en text NOT NULL,
    short_title_zh text NOT NULL,
    region text NOT NULL CHECK (region = 'CN' OR region ~ '^[0-9]{2,6}$'),
    issuing_body text NOT NULL,
    legal_basis text NOT NULL,
    populations_excluded text[] NOT NULL,
    populations_excluded_basis text NOT NULL
);
CREATE TABLE xiangye.list_version (
    list_id text NOT NULL REFERENCES xiangye.species_list (list_id),
    version text NOT NULL,
    announcement text NOT NULL,
    issued_on date,
    in_force_on date,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    taxon_count integer NOT NULL CHECK (taxon_count >= 0),
    group_count integer NOT NULL CHECK (group_count >= 0),
    unverified_count integer NOT NULL CHECK (unverified_count >= 0),
    unverified_rows text NOT NULL,
    PRIMARY KEY (list_id, version)
);
CREATE TABLE xiangye.list_entry (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL CHECK (entry_no >= 1),
    taxon_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    scientific_name text NOT NULL,
    name_zh text NOT NULL,
    list_group text,
    category text,
    population text CHECK (population IN ('wild', 'landlocked')),
    managed_by text CHECK (managed_by IN ('forestry', 'agriculture')),
    note text,
    status text NOT NULL CHECK (status IN ('verified', 'unverified')),
    PRIMARY KEY (list_id, version, entry_no),
    FOREIGN KEY (list_id, version) REFERENCES xiangye.list_version (list_id, version)
);
CREATE INDEX ix_list_entry_taxon_id ON xiangye.list_entry (taxon_id);
CREATE TABLE xiangye.list_rule (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL CHECK (entry_no >= 1),
    rank text NOT NULL CHECK (rank IN ('class', 'order', 'family', 'genus', 'section')),
    name text NOT NULL,
    name_zh text NOT NULL,
    kingdom text,
    list_group text,
    category text NOT NULL,
    population text CHECK (population IN ('wild', 'landlocked')),
    managed_by text CHECK (managed_by IN ('forestry', 'agriculture')),
    note text,
    status text NOT NULL CHECK (status IN ('verified', 'unverified')),
    PRIMARY KEY (list_id, version, entry_no),
    FOREIGN KEY (list_id, version) REFERENCES xiangye.list_version (list_id, version)
);
CREATE TABLE xiangye.list_rule_exclusion (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL,
    name_zh text NOT NULL,
    PRIMARY KEY (list_id, version, entry_no, name_zh),
    FOREIGN KEY (list_id, version, entry_no) REFERENCES xiangye.list_rule (list_id, version, entry_no)
);
CREATE TABLE xiangye.sensitivity_rule (
    list_id text NOT NULL,
    version text NOT NULL,
    entry_no integer NOT NULL CHECK (entry_no >= 1),
    rank text NOT NULL,
    name text NOT NULL,
    name_zh text NOT NULL,
    taxon_id uuid REFERENCES xiangye.taxon (taxon_id),
    kingdom text,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    population text CHECK (population IN ('wild', 'landlocked')),
    condition text CHECK (condition IN ('nest', 'roost', 'unidentified')),
    reason text NOT NULL CHECK (reason <> ''),
    coarsest_name text CHECK (coarsest_name IN ('county', 'prefecture', 'province')),
    review_on date NOT NULL,
    status text NOT NULL CHECK (status IN ('verified', 'unverified')),
    PRIMARY KEY (list_id, version, entry_no),
    FOREIGN KEY (list_id, version) REFERENCES xiangye.list_version (list_id, version),
    CHECK ((level = 1) = (coarsest_name IS NOT NULL))
);
CREATE TABLE xiangye.red_list_assessment (
    taxon_id uuid NOT NULL REFERENCES xiangye.taxon (taxon_id),
    scope text NOT NULL,
    edition text NOT NULL,
    category text NOT NULL CHECK (category IN ('EX', 'EW', 'RE', 'CR', 'EN', 'VU', 'NT', 'LC', 'DD')),
    source text NOT NULL,
    PRIMARY KEY (taxon_id, scope, edition)
);
"""


def upgrade() -> None:
    op.execute(_TAXON)
    op.execute(_LIST)


def downgrade() -> None:
    op.execute("""
        DROP TABLE xiangye.red_list_assessment, xiangye.sensitivity_rule, xiangye.list_rule_exclusion, xiangye.list_rule,
            xiangye.list_entry, xiangye.list_version, xiangye.species_list, xiangye.pinyin_reading, xiangye.taxon_name, xiangye.taxon
        """)
