"""The newest samples of a source: whether what a plant sent is stored, and as what."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import psycopg

_GOOD = 192

# By series, so that each is a step or two down the index (series_id, observed_at) however long its history is.
_NEWEST = """
SELECT found.observed_at, found.received_at, devices.name, metric, unit, value, text_value, integer_value, quality
FROM sources JOIN devices USING (source_id) JOIN series USING (device_id) CROSS JOIN LATERAL (
    (SELECT observed_at, received_at, value, NULL AS text_value, NULL::numeric AS integer_value, quality
     FROM samples WHERE series_id = series.series_id ORDER BY observed_at DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT observed_at, received_at, NULL, text_value, integer_value, quality
     FROM samples_text WHERE series_id = series.series_id ORDER BY observed_at DESC LIMIT %(limit)s)
) found
WHERE topic_prefix = %(source)s AND (%(device)s::text IS NULL OR devices.name = %(device)s)
    AND (%(metric)s::text IS NULL OR metric = %(metric)s)
ORDER BY found.observed_at DESC, devices.name, metric LIMIT %(limit)s
"""


class Sample(NamedTuple):
    """One stored sample; of the three kinds of value at most one is there, none where the device said "no value"."""

    observed_at: datetime
    received_at: datetime
    device: str
    metric: str
    unit: str | None
    number: float | None
    text: str | None
    integer: Decimal | None
    quality: int

    @property
    def value(self) -> str:
        """As a person reads it."""
        if self.number is not None:
            return f"{self.number:.15g}"
        if self.integer is not None:
            return f"{self.integer:f}"
        return "no value" if self.text is None else self.text

    @property
    def complaint(self) -> str:
        """What is wrong with it, by OPC UA's severities; empty where nothing is."""
        return "" if self.quality == _GOOD else {64: "uncertain", 0: "bad"}.get(self.quality, str(self.quality))


def newest_samples(
    conn: psycopg.Connection, source: str, *, device: str | None = None, metric: str | None = None, limit: int = 20
) -> list[Sample]:
    """The samples with the newest device times, newest first, of one source; of one device or metric where named."""
    asked = {"source": source, "device": device, "metric": metric, "limit": limit}
    return [Sample(*row) for row in conn.execute(_NEWEST, asked)]
