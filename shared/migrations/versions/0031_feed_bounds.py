"""Where the change feed begins and ends, for who may not see whose changes these are: numbers and times alone.

Under row security a key of one customer saw a feed that began with that customer's first change and ended with its
last: going on from a cursor before or after these was refused.
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_BOUNDS = """
    SELECT coalesce(min(sequence), 0), coalesce(max(sequence), 0),
           (SELECT at FROM changes WHERE sequence = after),
           (SELECT at FROM changes ORDER BY sequence DESC LIMIT 1)
    FROM changes"""


def upgrade() -> None:
    op.execute(f"""
        DO $do$ BEGIN EXECUTE format($make$
            CREATE FUNCTION feed_bounds(after bigint, OUT first bigint, OUT last bigint,
                OUT at_after timestamptz, OUT at_last timestamptz)
            STABLE SECURITY DEFINER SET search_path = %I, pg_temp
            LANGUAGE sql AS $sql${_BOUNDS}$sql$ $make$, current_schema());
        END $do$""")
    op.execute("REVOKE ALL ON FUNCTION feed_bounds(bigint) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION feed_bounds(bigint) TO bellwether_api")


def downgrade() -> None:
    op.execute("DROP FUNCTION feed_bounds(bigint)")
