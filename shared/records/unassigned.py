"""What MQTT has said and no record explains: kept, and listed until somebody assigns it."""

from dataclasses import dataclass
from datetime import datetime

import psycopg


@dataclass(frozen=True, kw_only=True)
class Unassigned:
    """A source without a site (`device` None), or a device of an assigned source that speaks for no asset."""

    topic_prefix: str
    device: str | None
    protocol: str | None
    first_seen_at: datetime | None
    received_at: datetime | None
    series: int

    @property
    def remedy(self) -> str:
        """What to write so that it counts."""
        if self.device is None:
            return f"add '{self.topic_prefix}' to sources.csv"
        return f"add device '{self.device}' of '{self.topic_prefix}' to bindings.csv"


_QUERY = """
SELECT topic_prefix, CASE WHEN site_id IS NOT NULL THEN devices.name END AS device, protocol, first_seen_at,
       received_at, count(series_id)
FROM sources LEFT JOIN devices USING (source_id) LEFT JOIN series USING (device_id)
WHERE site_id IS NULL
   OR device_id IS NOT NULL AND NOT EXISTS (SELECT FROM bindings WHERE bindings.device_id = devices.device_id)
GROUP BY source_id, 2
ORDER BY topic_prefix, device
"""


def list_unassigned(conn: psycopg.Connection) -> list[Unassigned]:
    """Every source without a site and every device without an asset, by topic prefix."""
    return [
        Unassigned(
            topic_prefix=topic_prefix,
            device=device,
            protocol=protocol,
            first_seen_at=first_seen_at,
            received_at=received_at,
            series=series,
        )
        for topic_prefix, device, protocol, first_seen_at, received_at, series in conn.execute(_QUERY)
    ]
