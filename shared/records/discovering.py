"""`discover`: read what MQTT has said, and write drafts of the records that would explain it."""

from collections.abc import Mapping
from pathlib import Path

import psycopg

from shared.database import storage_errors
from shared.errors import RecordError
from shared.records.drafts import (
    SeenDevice,
    SeenSeries,
    asset_type_yaml,
    assets_csv,
    assign_types,
    bindings_csv,
    sources_csv,
)
from shared.records.mapping_drafts import Letter, mappings_yaml, unmappable

_NEWEST = 500
_LETTERS = 1000

_UNBOUND = """
SELECT topic_prefix, sites.external_id, devices.device_id, devices.name
FROM devices JOIN sources USING (source_id) LEFT JOIN sites USING (site_id)
WHERE NOT EXISTS (SELECT FROM bindings WHERE bindings.device_id = devices.device_id)
ORDER BY topic_prefix, devices.name
"""
_SERIES = "SELECT series_id, device_id, metric, unit FROM series ORDER BY series_id"
_SAMPLES = """
SELECT extract(epoch FROM observed_at)::float8, value, text FROM (
    (SELECT observed_at, value, NULL AS text FROM samples WHERE series_id = %(series)s
     ORDER BY observed_at DESC LIMIT %(newest)s)
    UNION ALL
    (SELECT observed_at, integer_value::float8, text_value FROM samples_text WHERE series_id = %(series)s
     ORDER BY observed_at DESC LIMIT %(newest)s)
) newest ORDER BY observed_at
"""
_TYPES = """
SELECT external_id, array_agg(metrics.name) FROM asset_types JOIN metrics USING (asset_type_id) GROUP BY asset_type_id
"""
_REFUSED = """
SELECT topic, payload, reason FROM dead_letters WHERE replayed_at IS NULL ORDER BY dead_letter_id DESC LIMIT %s
"""
_README = """\
These are drafts from what has been seen on MQTT. Nothing was stored. Go through them, then run

    bellwether import {directory} --dry-run

which says at which line what is still to fill in. Leave out what should not be stored.

- sources.csv: `site` is empty; write the id of the site where the source stands. `credential` is the user name or
  certificate by which it logs in to the broker; `bellwether broker-acl` lets no other publish as this source.
- assets.csv: `id` is made from the topic; write the id or serial by which your ERP knows the machine, and the same in
  bindings.csv. `site` is empty where the source has none yet.
- asset_types.yaml: roles are guessed from names, sampling from the data. `unit` is empty where no message named one.
  A state without a meaning is empty.
- mappings.yaml: guessed from dead letters. Check `{{source}}` and `{{device}}` in the topic, and add `unit` and `to`
  where a value is to be converted. After the import, `bellwether dead-letters replay --all` sends what was refused
  again, and `bellwether dead-letters replay NUMBER` one that `bellwether dead-letters list` shows.
"""
_UNMAPPABLE = """
No mapping can read these, since their topics are of a documented format; each line says why they were refused:

"""


def discover(conn: psycopg.Connection, directory: Path) -> list[Path]:
    """Write drafts of sources, asset types, assets, bindings and mappings; return the files written.

    Only what no record explains yet is drafted; none where there is nothing. What was refused although its topic is of
    a documented format stands in the README with its reason, since no mapping mends it. The database is only read.
    Raises RecordError where one of the files exists already: a draft never overwrites a person's work.
    """
    with storage_errors(), conn.transaction():
        letters = [
            Letter(topic, bytes(payload), reason) for topic, payload, reason in conn.execute(_REFUSED, [_LETTERS])
        ]
        contents = _drafts(conn, letters)
    refused = unmappable(letters)
    if not contents and not refused:
        return []
    contents["README.md"] = _README.format(directory=directory) + _said_of(refused)
    for name in contents:
        if (directory / name).exists():
            raise RecordError(str(directory / name), None, "this file exists already", "name an empty directory")
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in contents.items():
        with (directory / name).open("x", encoding="utf-8") as file:
            file.write(content)
        written.append(directory / name)
    return written


def _said_of(refused: list[str]) -> str:
    return _UNMAPPABLE + "\n".join(refused) + "\n" if refused else ""


def _drafts(conn: psycopg.Connection, letters: list[Letter]) -> dict[str, str]:
    devices = _unbound_devices(conn)
    known = {name: frozenset(metrics) for name, metrics in conn.execute(_TYPES)}
    assigned = assign_types(devices, known)
    unassigned = conn.execute("SELECT topic_prefix FROM sources WHERE site_id IS NULL ORDER BY topic_prefix").fetchall()
    drafted = {
        "sources.csv": sources_csv(prefix for (prefix,) in unassigned) if unassigned else "",
        "asset_types.yaml": _types(assigned, known),
        "assets.csv": assets_csv(assigned) if devices else "",
        "bindings.csv": bindings_csv(devices) if devices else "",
        "mappings.yaml": mappings_yaml(letters),
    }
    return {name: content for name, content in drafted.items() if content}


def _types(assigned: Mapping[str, list[SeenDevice]], known: Mapping[str, frozenset[str]]) -> str:
    return "".join(asset_type_yaml(name, devices) for name, devices in assigned.items() if name not in known)


def _unbound_devices(conn: psycopg.Connection) -> list[SeenDevice]:
    series_of: dict[int, list[SeenSeries]] = {}
    unbound = conn.execute(_UNBOUND).fetchall()
    wanted = {device_id for _, _, device_id, _ in unbound}
    for series_id, device_id, metric, unit in conn.execute(_SERIES).fetchall():
        if device_id in wanted:
            series_of.setdefault(device_id, []).append(_seen(conn, series_id, metric, unit))
    return [
        SeenDevice(topic_prefix=prefix, site=site, device=name, series=tuple(series_of[device_id]))
        for prefix, site, device_id, name in unbound
        if device_id in series_of
    ]


def _seen(conn: psycopg.Connection, series_id: int, metric: str, unit: str | None) -> SeenSeries:
    rows = conn.execute(_SAMPLES, {"series": series_id, "newest": _NEWEST}).fetchall()
    return SeenSeries(
        metric=metric,
        unit=unit,
        at=tuple(at for at, _, _ in rows),
        values=tuple(value for _, value, _ in rows if value is not None),
        texts=tuple(sorted({text for _, _, text in rows if text is not None})),
    )
