"""Telemetry that means something else now is assessed again: changed ranges, as if it had just arrived.

A series whose binding, site or metric changed is rolled up and assessed anew over all its stored samples. A customer
whose contracts, calendars or events changed is assessed anew from when on they have effect: one range of one moment
does it, since health goes back to wherever data changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import chain

import psycopg

from shared.records.differences import Changes, Names
from shared.records.fields import ALWAYS_INSTANT
from shared.records.rows import RecordKind, Values

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


@dataclass
class Reopening:
    """The series that one import gives another meaning, and the customers with the moment from when on."""

    series: set[int] = field(default_factory=set)
    customers: dict[int, datetime] = field(default_factory=dict)

    def note(
        self, conn: psycopg.Connection, kind: RecordKind, record_source: str, found: Changes, names: Names
    ) -> None:
        """Remember whom these changes concern; call it before and after they are written, to get both sides."""
        rows = [row.values for row in (*found.added, *(row for row, _ in found.changed))]
        if not rows:
            return
        match kind.table:
            case "sources":
                moved = [row.values for row, before in found.changed if row.values["site"] != before["site"]]
                placed = (*(row.values for row in found.added), *moved)
                self._note_bound(conn, "source_id", [names.ids["source"].get(row["topic_prefix"]) for row in placed])
            case "bindings":
                self._note_devices(conn, [(row["topic_prefix"], row["device"]) for row in rows])
            case "metrics":
                self._note_metrics(conn, [(row["asset_type"], row["name"]) for row in rows])
            case "asset_types":
                self._note_states(conn, [names.ids["asset_type"].get(row["id"]) for row in rows])
            case "assets":
                self._note_bound(conn, "asset_id", [names.ids["asset"].get(row["id"]) for row, _ in _pairs(found)])
        if kind.customers:
            self._note_customers(conn, kind, record_source, _effects(kind, found, names))

    def add(self, other: "Reopening") -> None:
        """Take over what another one noted."""
        self.series |= other.series
        for customer, since in other.customers.items():
            self._note_customer(customer, since)

    def _note_customer(self, customer: int, since: datetime) -> None:
        self.customers[customer] = min(since, self.customers.get(customer, since))

    def _note_customers(
        self, conn: psycopg.Connection, kind: RecordKind, record_source: str, effects: Mapping[str, datetime]
    ) -> None:
        for key, customer in conn.execute(kind.customers, {"record_source": record_source, "keys": list(effects)}):
            if customer is not None:
                self._note_customer(customer, effects[key])

    def _note_bound(self, conn: psycopg.Connection, column: str, ids: Iterable[int | None]) -> None:
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
            f"{_INSERT} SELECT series_id, at, at, now() FROM ("
            " SELECT DISTINCT ON (customer_id) series_id, greatest(first, least(since, last)) AS at FROM ("
            f" {_RANGES}, customer_id, since FROM series JOIN devices USING (device_id) JOIN sources USING (source_id)"
            " JOIN sites USING (site_id) JOIN (SELECT DISTINCT device_id FROM bindings) b USING (device_id)"
            " JOIN unnest(%s::integer[], %s::timestamptz[]) AS due (customer_id, since) USING (customer_id)) r"
            " WHERE first IS NOT NULL ORDER BY customer_id, first, series_id) earliest WHERE series_id <> ALL(%s)",
            [list(self.customers), list(self.customers.values()), sorted(self.series)],
        )


def _pairs(found: Changes) -> Iterable[tuple[Values, Values]]:
    return ((row.values, before) for row, before in found.changed)


def _effects(kind: RecordKind, found: Changes, names: Names) -> dict[str, datetime]:
    """From when on each record has or had effect, by the external id that says whom it concerns."""
    effects: dict[str, datetime] = {}
    for values in chain((row.values for row in found.added), *_pairs(found)):
        key = names.name_of("asset", values["asset"]) if kind.table == "placements" else values["id"]
        since = _moment(values[kind.since]) if kind.since else ALWAYS_INSTANT
        effects[str(key)] = min(since, effects.get(str(key), since))
    return effects


def _moment(said: date | datetime) -> datetime:
    return said if isinstance(said, datetime) else datetime.combine(said, time.min, UTC)
