"""What a batch is listed by is planned once a connection: to plan it anew for every batch took a third of the time that it then took.

Before 0029 a plan for any ids was one that read whole tables."""

from alembic import op

revision = "0031_lists_planned_once"
down_revision = "0030_clock_off"


def upgrade() -> None:
    for function in ("place_in_lists(uuid[])", "show_records(uuid[], uuid[], text[])"):
        op.execute(f"ALTER FUNCTION precise.{function} SET plan_cache_mode = force_generic_plan")
