"""A small plant in the database: records as an import leaves them, samples as ingest stores them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from shared.migrations.engines import ensure_partitions_for

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2024, 3, 4, tzinfo=UTC)
ALWAYS = date(1, 1, 1)
ALWAYS_AT = datetime(1, 1, 1, tzinfo=UTC)
DECODER = {"kind": "text", "states": {"RUN": "production", "WAIT": "idle", "FAULT": "down"}}
METRICS = (
    ("state", "", "state", "on_change", 7200.0),
    ("vibration", "mm/s", "condition", "periodic", 7200.0),
    ("temperature", "degC", "condition", "periodic", 7200.0),
    ("speed", "rpm", "operating_point", "periodic", 7200.0),
)


class Sample(NamedTuple):
    """What ingest stores: text or a number of one series; None is "no value"."""

    series_id: int
    at: datetime
    value: float | str | None


@dataclass
class Machine:
    """An asset with the series that its device reports."""

    asset_id: int
    series: dict[str, int]


@dataclass
class Customer:
    """A customer with one site, one line and one source."""

    customer_id: int
    site_id: int
    line_id: int
    source_id: int
    machines: list[Machine] = field(default_factory=list)


class Plant:
    """Writes records and deliveries into one database; every delivery is one transaction, as ingest's are."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self.asset_type = self._one(
            "INSERT INTO asset_types (record_source, external_id, name, state_decoder)"
            " VALUES ('files', 'pump', 'Pump', %s) RETURNING asset_type_id",
            Jsonb(DECODER),
        )
        for name, unit, role, sampling, hold in METRICS:
            conn.execute(
                "INSERT INTO metrics (asset_type_id, name, unit, role, sampling, max_hold_s)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [self.asset_type, name, unit, role, sampling, hold],
            )
        conn.commit()

    def customer(self, name: str, machines: int = 1) -> Customer:
        """A customer with a 24/7 site whose source reports `machines` machines."""
        customer_id = self._one(
            "INSERT INTO customers (record_source, external_id, name) VALUES ('files', %s, %s) RETURNING customer_id",
            name,
            name,
        )
        site_id = self._one(
            "INSERT INTO sites (record_source, external_id, customer_id, name, timezone)"
            " VALUES ('files', %s, %s, %s, 'UTC') RETURNING site_id",
            name,
            customer_id,
            name,
        )
        line_id = self._one(
            "INSERT INTO lines (record_source, external_id, site_id, name)"
            " VALUES ('files', %s, %s, %s) RETURNING line_id",
            name,
            site_id,
            name,
        )
        source_id = self._one(
            "INSERT INTO sources (topic_prefix, site_id) VALUES (%s, %s) RETURNING source_id",
            f"bellwether/v1/{name}",
            site_id,
        )
        customer = Customer(customer_id, site_id, line_id, source_id)
        for number in range(machines):
            customer.machines.append(self._machine(customer, f"{name}-{number}"))
        self.conn.commit()
        return customer

    def _machine(self, customer: Customer, name: str) -> Machine:
        asset_id = self._one(
            "INSERT INTO assets (record_source, external_id, asset_type_id, name)"
            " VALUES ('files', %s, %s, %s) RETURNING asset_id",
            name,
            self.asset_type,
            name,
        )
        device_id = self._one(
            "INSERT INTO devices (source_id, name) VALUES (%s, %s) RETURNING device_id", customer.source_id, name
        )
        self.conn.execute(
            "INSERT INTO placements (asset_id, valid_from, site_id, line_id) VALUES (%s, %s, %s, %s)",
            [asset_id, ALWAYS, customer.site_id, customer.line_id],
        )
        self.conn.execute(
            "INSERT INTO bindings (device_id, valid_from, asset_id) VALUES (%s, %s, %s)",
            [device_id, ALWAYS_AT, asset_id],
        )
        series = {
            metric[0]: self._one(
                "INSERT INTO series (device_id, metric) VALUES (%s, %s) RETURNING series_id", device_id, metric[0]
            )
            for metric in METRICS
        }
        return Machine(asset_id, series)

    def deliver(self, customer: Customer, samples: Sequence[Sample], received_at: datetime | None = None) -> None:
        """Store samples and what they change, in one transaction; a sample that is stored already stays as it is."""
        if not samples:
            return
        received = received_at or max(sample.at for sample in samples)
        ranges: dict[int, list[datetime]] = defaultdict(list)
        for sample in samples:
            ranges[sample.series_id].append(sample.at)
        with self.conn.transaction(), self.conn.cursor() as cur:
            for table in ("samples", "samples_text"):
                ensure_partitions_for(self.conn, table, [(sample.at, sample.at) for sample in samples])
            cur.executemany(
                "INSERT INTO samples (series_id, observed_at, received_at, value, quality, historical)"
                " VALUES (%s, %s, %s, %s, %s, false) ON CONFLICT DO NOTHING",
                [(s.series_id, s.at, received, s.value, 0 if s.value is None else 192) for s in _numbers(samples)],
            )
            cur.executemany(
                "INSERT INTO samples_text (series_id, observed_at, received_at, text_value, quality, historical)"
                " VALUES (%s, %s, %s, %s, 192, false) ON CONFLICT DO NOTHING",
                [(s.series_id, s.at, received, s.value) for s in samples if isinstance(s.value, str)],
            )
            cur.executemany(
                "INSERT INTO changed_ranges (series_id, range_from, range_through, received_at)"
                " VALUES (%s, %s, %s, %s)",
                [(series_id, min(at), max(at), received) for series_id, at in ranges.items()],
            )
            cur.execute(
                "UPDATE sources SET received_at = %s, observed_through = greatest(observed_through, %s)"
                " WHERE source_id = %s",
                [received, max(sample.at for sample in samples), customer.source_id],
            )
        self.conn.commit()

    def tick(self, customer: Customer, at: datetime) -> None:
        """Ingest says that the source is idle and its time has come to `at`."""
        self.conn.execute(
            "INSERT INTO ticks (source_id, observed_at, received_at) VALUES (%s, %s, %s)", [customer.source_id, at, at]
        )
        self.conn.commit()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the database says now."""
        found = self.conn.execute(query).fetchall()
        self.conn.commit()
        return found

    def _one(self, statement: str, *values: object) -> int:
        row = self.conn.execute(statement, values).fetchone()
        assert row is not None
        return int(row[0])


def _numbers(samples: Iterable[Sample]) -> Iterable[Sample]:
    return (sample for sample in samples if not isinstance(sample.value, str))
