"""Which number the database knows a series by; new sources, devices and series are entered as they speak."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import psycopg

from services.ingest.device import Device
from services.ingest.readings import Reading


class Catalogue:
    """A cache over `sources`, `devices` and `series`. After a rollback, `forget`: some of it was never committed."""

    def __init__(self) -> None:
        self._devices: dict[tuple[str, str], Device] = {}

    def forget(self) -> None:
        """Know nothing again."""
        self._devices.clear()

    def device(self, reading: Reading) -> Device:
        """The device of a reading that `enter` has seen."""
        return self._devices[reading.source, reading.device]

    def enter(self, conn: psycopg.Connection, readings: Sequence[Reading], now: datetime) -> None:
        """Look up, and create where missing, everything that the readings speak of."""
        unknown = [r for r in readings if (d := self._devices.get((r.source, r.device))) is None or not d.knows(r)]
        if unknown:
            self._enter_devices(conn, unknown, now)
            self._enter_series(conn, unknown)
        with_units = [r for r in readings if r.units]
        if with_units:
            self._note_units(conn, with_units)

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

    def _enter_devices(self, conn: psycopg.Connection, readings: Iterable[Reading], now: datetime) -> None:
        keys = sorted({(r.source, r.device) for r in readings} - self._devices.keys())
        if not keys:
            return
        sources = {r.source: r.protocol for r in readings}
        conn.execute(
            "INSERT INTO sources (topic_prefix, protocol, first_seen_at)"
            " SELECT prefix, protocol, %s FROM unnest(%s::text[], %s::text[]) AS t (prefix, protocol)"
            " ON CONFLICT (topic_prefix) DO UPDATE SET protocol = excluded.protocol WHERE sources.protocol IS NULL",
            [now, list(sources), list(sources.values())],
        )
        conn.execute(
            "INSERT INTO devices (source_id, name) SELECT source_id, name"
            " FROM unnest(%s::text[], %s::text[]) AS t (prefix, name) JOIN sources ON topic_prefix = prefix"
            " ON CONFLICT (source_id, name) DO NOTHING",
            [[source for source, _ in keys], [device for _, device in keys]],
        )
        self._load_devices(conn, keys)

    def _load_devices(self, conn: psycopg.Connection, keys: Sequence[tuple[str, str]]) -> None:
        rows = conn.execute(
            "SELECT prefix, t.name, source_id, device_id, series_id, metric,"
            " EXISTS (SELECT FROM samples_text x WHERE x.series_id = s.series_id)"
            " FROM unnest(%s::text[], %s::text[]) AS t (prefix, name) JOIN sources ON topic_prefix = prefix"
            " JOIN devices d USING (source_id, name) LEFT JOIN series s USING (device_id)",
            [[source for source, _ in keys], [device for _, device in keys]],
        )
        for source, name, source_id, device_id, series_id, metric, text in rows:
            device = self._devices.setdefault((source, name), Device(source_id, device_id))
            if series_id is not None:
                device.series[metric] = series_id
                if text:
                    device.text.add(series_id)

    def _enter_series(self, conn: psycopg.Connection, readings: Iterable[Reading]) -> None:
        by_id = {device.device_id: device for device in map(self.device, readings)}
        wanted = sorted(
            {
                (self.device(reading).device_id, metric)
                for reading in readings
                for metric in (*reading.metrics, *(name for name, _ in reading.texts))
                if metric not in self.device(reading).series
            }
        )
        lists = [[device_id for device_id, _ in wanted], [metric for _, metric in wanted]]
        conn.execute(
            "INSERT INTO series (device_id, metric) SELECT * FROM unnest(%s::int[], %s::text[])"
            " ON CONFLICT (device_id, metric) DO NOTHING",
            lists,
        )
        rows = conn.execute(
            "SELECT device_id, metric, series_id FROM series"
            " JOIN unnest(%s::int[], %s::text[]) AS t (device_id, metric) USING (device_id, metric)",
            lists,
        )
        for device_id, metric, series_id in rows:
            by_id[device_id].series[metric] = series_id

    def _note_units(self, conn: psycopg.Connection, readings: Iterable[Reading]) -> None:
        units = {self.device(r).series[metric]: unit for r in readings for metric, unit in r.units}
        conn.execute(
            "UPDATE series SET unit = t.unit FROM unnest(%s::int[], %s::text[]) AS t (series_id, unit)"
            " WHERE series.series_id = t.series_id AND series.unit IS DISTINCT FROM t.unit",
            [list(units), list(units.values())],
        )
