"""Which versions a wrong clock saved, as their first delivery showed it: an edit by a right one, or another order of arrival, takes nothing
of that back."""

from alembic import op

revision = "0030_clock_off"
down_revision = "0029_lists_by_id"


def upgrade() -> None:
    op.execute("ALTER TABLE xiangye.version ADD COLUMN clock_off boolean NOT NULL DEFAULT false")
    op.execute("SELECT set_config('xiangye.scopes', '{0}', true)")
    op.execute("""
        UPDATE xiangye.version v SET clock_off = true FROM (
            SELECT id FROM xiangye.occurrence WHERE 'clock_off' = ANY (flags)
            UNION SELECT id FROM xiangye.event WHERE 'clock_off' = ANY (flags)
        ) AS known WHERE v.id = known.id
    """)
