"""Versions, namings and places of the records asked about are found by their ids: a planner that took them for many read the whole
table of each for a batch of a hundred."""

from alembic import op

revision = "0029_lists_by_id"
down_revision = "0028_forks"


def upgrade() -> None:
    op.execute("""
CREATE OR REPLACE FUNCTION precise.lying_in(ids uuid[]) RETURNS TABLE (id uuid, numbers integer[]) LANGUAGE sql STABLE AS $$
    WITH row AS (
        SELECT l.id, o.survey_id, o.dataset_id FROM xiangye.ledger l CROSS JOIN LATERAL (
            SELECT survey_id, dataset_id FROM xiangye.occurrence o WHERE o.observed_year = l.observed_year AND o.id = l.id LIMIT 1) o
        WHERE l.id = ANY (ids)
        UNION ALL SELECT e.id, e.survey_id, e.dataset_id FROM xiangye.event e WHERE e.id = ANY (ids)
        UNION ALL SELECT f.id, f.survey_id, s.dataset_id FROM xiangye.finding f JOIN xiangye.survey s ON s.id = f.survey_id
        WHERE f.id = ANY (ids)),
    placed AS MATERIALIZED (
        SELECT row.id, row.survey_id, p.county_code, p.areas FROM row
        LEFT JOIN (SELECT id, county_code, areas FROM precise.place WHERE id = ANY (ids)) p USING (id)),
    named AS (
        SELECT id, 'county' AS kind, county_code AS code FROM placed WHERE county_code IS NOT NULL
        UNION SELECT id, 'area', area FROM placed CROSS JOIN unnest(areas) AS area
        UNION SELECT placed.id, 'county', county FROM placed JOIN xiangye.survey s ON s.id = placed.survey_id
            CROSS JOIN unnest(s.county_codes) AS county WHERE placed.county_code IS NULL
        UNION SELECT row.id, 'organisation', d.organisation_id::text FROM row JOIN xiangye.dataset d ON d.id = row.dataset_id
        UNION SELECT row.id, 'person', v.author::text FROM row JOIN xiangye.version v USING (id) WHERE v.id = ANY (ids)
        UNION SELECT row.id, 'province', '' FROM row),
    of_group AS (
        SELECT row.id, 0 AS group_no FROM row
        UNION SELECT i.occurrence_id, xiangye.group_no(t.group_zh) FROM row JOIN xiangye.identification i ON i.occurrence_id = row.id
            JOIN xiangye.taxon t USING (taxon_id) WHERE i.occurrence_id = ANY (ids))
    SELECT id, array_agg(DISTINCT scope_no * 16 + group_no) FROM named JOIN xiangye.scope USING (kind, code) JOIN of_group USING (id)
    GROUP BY id
$$;
    """)
