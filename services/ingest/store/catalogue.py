"""Which number the database knows a series by; new sources, devices and series are entered as they speak."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import psycopg

from services.ingest.batch.cardinality import admit
from services.ingest.batch.device import Device
from services.ingest.messages.readings import Decoded, Reading

_FEWER = 0.75
_COUNTS = (
    "SELECT topic_prefix, count(series_id) FROM sources LEFT JOIN devices USING (source_id)"
    " LEFT JOIN series USING (device_id) WHERE topic_prefix = ANY(%s) GROUP BY topic_prefix"
)
_NEW_SOURCES = "SELECT count(*) FROM sources WHERE first_seen_at > %s - interval '1 day'"
_KNOWN = (
    "SELECT prefix, t.name, source_id, device_id, series_id, metric,"
    " (SELECT true FROM samples_text x WHERE x.series_id = s.series_id LIMIT 1)"
    " FROM unnest(%s::text[], %s::text[]) AS t (prefix, name) JOIN sources ON topic_prefix = prefix"
    " JOIN devices d USING (source_id, name) LEFT JOIN series s USING (device_id)"
)

_ENTER_SERIES = (
    "INSERT INTO series (device_id, metric, unit) SELECT * FROM unnest(%s::int[], %s::text[], %s::text[])"
    " ON CONFLICT (device_id, metric) DO NOTHING RETURNING device_id, metric, series_id"
)
# What another writer entered meanwhile.
_FIND_SERIES = (
    "SELECT device_id, metric, series_id FROM series"
    " JOIN unnest(%s::int[], %s::text[], %s::text[]) AS t (device_id, metric, ignored) USING (device_id, metric)"
)


class Catalogue:
    """A cache over `sources`, `devices` and `series`. After a rollback, `forget`: some of it was never committed.

    It keeps the devices that spoke last, with about `cached_series` (30 MB) between batches.
    """

    def __init__(self, series_per_source: int, *, cached_series: int = 150_000) -> None:
        self._limit = series_per_source
        self._cached_series = cached_series
        self._devices: dict[tuple[str, str], Device] = {}
        self._sources: dict[str, int] = {}
        self._batches = 0

    @property
    def devices(self) -> int:
        """How many devices are cached."""
        return len(self._devices)

    def forget(self) -> None:
        """Know nothing again."""
        self._devices.clear()
        self._sources.clear()

    def device(self, reading: Reading) -> Device:
        """The device of a reading that `enter` has seen."""
        return self._devices[reading.source, reading.device]

    def enter(self, conn: psycopg.Connection, batch: Sequence[Decoded], now: datetime) -> list[Decoded]:
        """Look up, and create where missing, everything that the messages speak of; those that speak of too much,
        by what is entered already and their order, come back with a reason."""
        self._batches += 1
        if unknown := self._unknown(batch):
            self._make_room()
            self._load_devices(conn, sorted({(r.source, r.device) for r in unknown} - self._devices.keys()))
            unknown = self._unknown(batch)
        if unknown:
            batch = self._admit(conn, batch, now)
            unknown = self._unknown(batch)
            self._enter_sources(conn, unknown, now)
            self._enter_devices(conn, unknown)
            self._enter_series(conn, unknown)
        self._note_units(conn, batch)
        return list(batch)

    def load(self, conn: psycopg.Connection, source: str, device: str | None) -> list[Device]:
        """The devices of a source that the database knows, with all their series."""
        rows = conn.execute(
            "SELECT d.name FROM devices d JOIN sources s USING (source_id)"
            " WHERE s.topic_prefix = %s AND (%s::text IS NULL OR d.name = %s)",
            [source, device, device],
        ).fetchall()
        keys = [(source, name) for (name,) in rows]
        self._load_devices(conn, keys)
        return [self._devices[key] for key in keys]

    def _unknown(self, batch: Iterable[Decoded]) -> list[Reading]:
        """The readings of which something is not cached."""
        unknown = []
        for decoded in batch:
            for reading in decoded.readings:
                device = self._devices.get((reading.source, reading.device))
                if device is not None and device.knows(reading):
                    device.used = self._batches
                elif reading.metrics or reading.texts or reading.source not in self._sources:
                    unknown.append(reading)
        return unknown

    def _make_room(self) -> None:
        held = sum(len(device.series) for device in self._devices.values())
        if held <= self._cached_series:
            return
        for key, device in sorted(self._devices.items(), key=lambda item: item[1].used):
            if held <= self._cached_series * _FEWER or device.used == self._batches:
                return
            held -= len(device.series)
            del self._devices[key]

    def _admit(self, conn: psycopg.Connection, batch: Sequence[Decoded], now: datetime) -> list[Decoded]:
        """The batch, refused in part; a source that is known to be full is not counted again."""
        sources = {reading.source for decoded in batch for reading in decoded.readings}
        open_sources = [source for source in sources if self._sources.get(source, 0) < self._limit]
        self._sources.update(conn.execute(_COUNTS, [open_sources]).fetchall())
        row = None if sources <= self._sources.keys() else conn.execute(_NEW_SOURCES, [now]).fetchone()
        return admit(
            batch,
            self._new_series,
            existing={source: self._sources[source] for source in sources & self._sources.keys()},
            limit=self._limit,
            new_sources=row[0] if row else 0,
        )

    def _new_series(self, reading: Reading) -> Collection[tuple[str, str]]:
        device = self._devices.get((reading.source, reading.device))
        if device is not None and device.knows(reading):
            return ()
        known = {} if device is None else device.series
        return {(reading.device, metric) for metric in _metrics(reading) if metric not in known}

    def _enter_sources(self, conn: psycopg.Connection, readings: Iterable[Reading], now: datetime) -> None:
        protocols = {r.source: r.protocol for r in readings}
        prefixes = sorted(protocols)
        lists = [prefixes, [protocols[prefix] for prefix in prefixes]]
        conn.execute(
            "INSERT INTO sources (topic_prefix, protocol, first_seen_at)"
            " SELECT prefix, protocol, %s FROM unnest(%s::text[], %s::text[]) AS t (prefix, protocol)"
            " ON CONFLICT (topic_prefix) DO NOTHING",
            [now, *lists],
        )
        conn.execute(
            "UPDATE sources SET protocol = t.protocol FROM unnest(%s::text[], %s::text[]) AS t (prefix, protocol)"
            " WHERE topic_prefix = prefix AND sources.protocol IS NULL",
            lists,
        )
        for prefix in prefixes:
            self._sources.setdefault(prefix, 0)

    def _enter_devices(self, conn: psycopg.Connection, readings: Iterable[Reading]) -> None:
        keys = sorted({(r.source, r.device) for r in readings if r.metrics or r.texts} - self._devices.keys())
        if not keys:
            return
        conn.execute(
            "INSERT INTO devices (source_id, name) SELECT source_id, name"
            " FROM unnest(%s::text[], %s::text[]) AS t (prefix, name) JOIN sources ON topic_prefix = prefix"
            " ON CONFLICT (source_id, name) DO NOTHING",
            [[source for source, _ in keys], [device for _, device in keys]],
        )
        self._load_devices(conn, keys)

    def _load_devices(self, conn: psycopg.Connection, keys: Sequence[tuple[str, str]]) -> None:
        if not keys:
            return
        rows = conn.execute(_KNOWN, [[source for source, _ in keys], [device for _, device in keys]])
        for source, name, source_id, device_id, series_id, metric, text in rows:
            device = self._devices.get((source, name))
            if device is None:
                device = self._devices[source, name] = Device(source_id, device_id)
            device.used = self._batches
            if series_id is not None:
                device.series[metric] = series_id
                if text:
                    device.holds_text((metric,))

    def _enter_series(self, conn: psycopg.Connection, readings: Sequence[Reading]) -> None:
        devices = {self.device(r).device_id: self.device(r) for r in readings if r.metrics or r.texts}
        wanted = sorted(
            {
                (self.device(reading).device_id, metric)
                for reading in readings
                for metric in _metrics(reading)
                if metric not in self.device(reading).series
            }
        )
        units = {(self.device(r).device_id, metric): unit for r in readings for metric, unit in r.units}
        for statement in (_ENTER_SERIES, _FIND_SERIES):
            if wanted:
                columns = [[device_id for device_id, _ in wanted], [metric for _, metric in wanted]]
                for device_id, metric, series_id in conn.execute(
                    statement, [*columns, [units.get(series) for series in wanted]]
                ):
                    devices[device_id].series[metric] = series_id
                wanted = [
                    (device_id, metric) for device_id, metric in wanted if metric not in devices[device_id].series
                ]

    def _note_units(self, conn: psycopg.Connection, batch: Iterable[Decoded]) -> None:
        """Note units that a device gives, unless they are the ones that it gave last: every birth repeats them all."""
        units: dict[int, str] = {}
        for reading in (reading for decoded in batch for reading in decoded.readings if reading.units):
            device, given = self.device(reading), hash(reading.units)
            if given != device.units_given:
                device.units_given = given
                units |= {device.series[metric]: unit for metric, unit in reading.units}
        if units:
            ids = sorted(units)
            conn.execute(
                "UPDATE series SET unit = t.unit FROM unnest(%s::int[], %s::text[]) AS t (series_id, unit)"
                " WHERE series.series_id = t.series_id AND series.unit IS DISTINCT FROM t.unit",
                [ids, [units[series_id] for series_id in ids]],
            )


def _metrics(reading: Reading) -> Iterable[str]:
    return (*reading.metrics, *(name for name, _ in reading.texts))
