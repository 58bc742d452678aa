"""What is known of the sources, to show it."""

from datetime import datetime
from typing import NamedTuple

import psycopg

from services.ingest.batch.device_clocks import ClockState, judge
from shared.errors import NotFoundError
from shared.records.vocabulary import suggestion

_LIST = """
SELECT topic_prefix, protocol, customers.name, sites.name, alive, received_at, observed_through, clock_offset_s,
    coalesce(named.series, 0), coalesce(named.conflicts, 0)
FROM sources LEFT JOIN sites USING (site_id) LEFT JOIN customers USING (customer_id) LEFT JOIN (
    SELECT source_id, count(*) AS series, sum(conflicts)::bigint AS conflicts
    FROM devices JOIN series USING (device_id) LEFT JOIN sample_conflicts USING (series_id) GROUP BY source_id
) named USING (source_id)
ORDER BY topic_prefix
"""


class Source(NamedTuple):
    """One source; None for what was never said, or is assigned to nobody. clock_offset_s: + is ahead of ours."""

    topic_prefix: str
    protocol: str | None
    customer: str | None
    site: str | None
    alive: bool | None
    received_at: datetime | None
    observed_through: datetime | None
    clock_offset_s: float | None
    series: int
    conflicts: int

    @property
    def clock(self) -> ClockState | None:
        """Whether its clock is right enough; None where that is not known."""
        return None if self.clock_offset_s is None else judge(self.clock_offset_s)


def list_sources(conn: psycopg.Connection) -> list[Source]:
    """All sources, by topic prefix."""
    return [Source(*row) for row in conn.execute(_LIST)]


def require_source(conn: psycopg.Connection, topic_prefix: str) -> None:
    """Raise NotFoundError, with the name that may be meant, where no source has this topic prefix."""
    known = {prefix for (prefix,) in conn.execute("SELECT topic_prefix FROM sources")}
    if topic_prefix not in known:
        remedy = suggestion(topic_prefix, known, "`bellwether sources list` shows those that are known")
        raise NotFoundError(f"there is no source '{topic_prefix}'; {remedy}")
