"""Telemetry that means something else now is assessed again: changed ranges, as if it had just arrived.

A series whose binding, site or metric changed is rolled up and assessed anew over all its stored samples. A customer
whose contracts, calendars or events changed is assessed anew from the first sample: one range of one moment does it,
since health starts again wherever data older than its checkpoint change.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg

from shared.records.differences import Changes, Names
from shared.records.rows import RecordKind

_RANGES = """
SELECT series_id,
       least(
           (SELECT min(observed_at) FROM samples WHERE samples.series_id = series.series_id),
           (SELECT min(observed_at) FROM samples_text WHERE samples_text.series_id = series.series_id),
           (SELECT min(bucket) FROM rollups_1h WHERE rollups_1h.series_id = series.series_id)
       ) AS first,
       greatest(
           (SELECT max(observed_at) FROM samples WHERE samples.series_id = series.series_id),
           (SELECT max(observed_at) FROM samples_text WHERE samples_text.series_id = series.series_id),
           (SELECT max(bucket) FROM rollups_1h WHERE rollups_1h.series_id = series.series_id)
       ) AS last
"""
_INSERT = "INSERT INTO changed_ranges (series_id, range_from, range_through, received_at)"

_OF_EVENTS = """
SELECT coalesce(customers.customer_id, sites.customer_id)
FROM events
LEFT JOIN assets ON scope_type = 'asset' AND assets.asset_id = scope_id
LEFT JOIN placements ON placements.asset_id = assets.asset_id
LEFT JOIN lines ON scope_type = 'line' AND lines.line_id = scope_id
LEFT JOIN sites ON sites.site_id = CASE scope_type
    WHEN 'site' THEN scope_id WHEN 'line' THEN lines.site_id WHEN 'asset' THEN placements.site_id END
LEFT JOIN customers ON scope_type = 'customer' AND customers.customer_id = scope_id
WHERE events.record_source = %(record_source)s AND events.external_id = ANY(%(keys)s)
"""


@dataclass
class Reopening:
    """The series and customers that one import gives another meaning."""

    series: set[int] = field(default_factory=set)
    customers: set[int] = field(default_factory=set)

    def note(
        self, conn: psycopg.Connection, kind: RecordKind, record_source: str, found: Changes, names: Names
    ) -> None:
        """Remember whom these changes concern; call it before and after they are written, to get both sides."""
        rows = [row.values for row in (*found.added, *(row for row, _ in found.changed))]
        if not rows:
            return
        match kind.table:
            case "sources":
                self._note_series(conn, "source_id", [names.ids["source"].get(row["topic_prefix"]) for row in rows])
            case "bindings":
                self._note_devices(conn, [(row["topic_prefix"], row["device"]) for row in rows])
            case "metrics":
                self._note_metrics(conn, [(row["asset_type"], row["name"]) for row in rows])
            case "asset_types":
                self._note_states(conn, [names.ids["asset_type"].get(row["id"]) for row in rows])
            case "events":
                self._note_customers(conn, _OF_EVENTS, record_source, [row["id"] for row in rows])
            case "placements":
                keys = [names.name_of("asset", row["asset"]) for row in rows]
                self._note_customers(conn, kind.customers, record_source, keys)
            case _ if kind.customers:
                self._note_customers(conn, kind.customers, record_source, [row["id"] for row in rows])

    def add(self, other: "Reopening") -> None:
        """Take over what another one noted."""
        self.series |= other.series
        self.customers |= other.customers

    def _note_customers(
        self, conn: psycopg.Connection, query: str, record_source: str, keys: Iterable[str | None]
    ) -> None:
        found = conn.execute(query, {"record_source": record_source, "keys": list(keys)})
        self.customers.update(customer for (customer,) in found if customer is not None)

    def _note_series(self, conn: psycopg.Connection, column: str, ids: Iterable[int | None]) -> None:
        found = conn.execute(
            "SELECT series_id FROM series JOIN devices USING (device_id) JOIN bindings USING (device_id)"
            f" WHERE {column} = ANY(%s)",
            [[number for number in ids if number is not None]],
        )
        self.series.update(series for (series,) in found)

    def _note_devices(self, conn: psycopg.Connection, devices: list[tuple[int, str]]) -> None:
        found = conn.execute(
            "SELECT series_id FROM series JOIN devices USING (device_id)"
            " JOIN unnest(%s::integer[], %s::text[]) AS bound (source_id, name) USING (source_id, name)",
            [[source for source, _ in devices], [name for _, name in devices]],
        )
        self.series.update(series for (series,) in found)

    def _note_metrics(self, conn: psycopg.Connection, metrics: list[tuple[int, str]]) -> None:
        found = conn.execute(
            "SELECT series_id FROM series JOIN bindings USING (device_id) JOIN assets USING (asset_id)"
            " JOIN unnest(%s::integer[], %s::text[]) AS meant (asset_type_id, metric) USING (asset_type_id, metric)",
            [[asset_type for asset_type, _ in metrics], [name for _, name in metrics]],
        )
        self.series.update(series for (series,) in found)

    def _note_states(self, conn: psycopg.Connection, types: list[int | None]) -> None:
        found = conn.execute(
            "SELECT series_id FROM series JOIN bindings USING (device_id) JOIN assets USING (asset_id)"
            " JOIN metrics ON metrics.asset_type_id = assets.asset_type_id AND metrics.name = series.metric"
            " WHERE metrics.role = 'state' AND assets.asset_type_id = ANY(%s)",
            [[number for number in types if number is not None]],
        )
        self.series.update(series for (series,) in found)

    def write(self, conn: psycopg.Connection) -> None:
        """Append the changed ranges inside the caller's transaction; nothing for what has no samples yet."""
        conn.execute(
            f"{_INSERT} SELECT series_id, first, last, now() FROM ({_RANGES} FROM series WHERE series_id = ANY(%s)) r"
            " WHERE first IS NOT NULL ORDER BY series_id",
            [sorted(self.series)],
        )
        conn.execute(
            f"{_INSERT} SELECT series_id, first, first, now() FROM ("
            f" SELECT DISTINCT ON (customer_id) series_id, first FROM ("
            f" {_RANGES}, sites.customer_id FROM series JOIN devices USING (device_id) JOIN sources USING (source_id)"
            " JOIN sites USING (site_id) JOIN (SELECT DISTINCT device_id FROM bindings) b USING (device_id)"
            " WHERE sites.customer_id = ANY(%s)) r"
            " WHERE first IS NOT NULL ORDER BY customer_id, first, series_id) earliest WHERE series_id <> ALL(%s)",
            [sorted(self.customers), sorted(self.series)],
        )
