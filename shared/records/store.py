"""Records in the database: what is stored, and writing what differs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from shared.records.differences import Changes, Names
from shared.records.fields import ALWAYS
from shared.records.rows import RecordKind, Row, Values

Stored = dict[tuple[Any, ...], Values]

_NOUNS = {
    "customer": ("customers", "external_id"),
    "site": ("sites", "external_id"),
    "line": ("lines", "external_id"),
    "asset_type": ("asset_types", "external_id"),
    "asset": ("assets", "external_id"),
    "source": ("sources", "topic_prefix"),
}
_INITIAL_PLACE = f"coalesce(assets.commissioned_on, date '{ALWAYS.isoformat()}')"


def load_names(conn: psycopg.Connection, record_source: str) -> Names:
    """Every external id of this record source, and every topic prefix."""
    names = Names()
    for noun in _NOUNS:
        reload_names(conn, record_source, names, noun)
    return names


def reload_names(conn: psycopg.Connection, record_source: str, names: Names, noun: str) -> None:
    """Read the ids of one noun again, after rows were added; a noun that nothing refers to has none."""
    if noun not in _NOUNS:
        return
    table, column = _NOUNS[noun]
    where = "" if column == "topic_prefix" else "WHERE record_source = %(record_source)s"
    found = conn.execute(f"SELECT {column}, {noun}_id FROM {table} {where}", {"record_source": record_source})
    names.ids[noun] = dict(found.fetchall())


def stored(conn: psycopg.Connection, kind: RecordKind, record_source: str) -> Stored:
    """Every stored record of the kind by its key, in the shape of resolved rows."""
    query = _SPECIAL_QUERIES.get(kind.table)
    if query is None:
        columns = ", ".join(field.column for field in kind.fields)
        where = "WHERE record_source = %(record_source)s" if kind.of_record_source else ""
        query = f"SELECT {columns} FROM {kind.table} {where}"
    names = [field.name for field in kind.fields]
    found = (dict(zip(names, row, strict=True)) for row in conn.execute(query, {"record_source": record_source}))
    return {kind.key_of(values): values for values in found}


_SPECIAL_QUERIES = {
    "assets": (
        "SELECT assets.external_id, asset_type_id, name, serial, commissioned_on, site_id, line_id FROM assets"
        f" LEFT JOIN placements ON placements.asset_id = assets.asset_id AND valid_from = {_INITIAL_PLACE}"
        " WHERE record_source = %(record_source)s"
    ),
    "bindings": "SELECT source_id, devices.name, asset_id, valid_from FROM bindings JOIN devices USING (device_id)",
}


def write(conn: psycopg.Connection, kind: RecordKind, record_source: str, found: Changes) -> None:
    """Insert what is added and update what is changed."""
    match kind.table:
        case "assets":
            _write_assets(conn, kind, record_source, found)
        case "bindings":
            _write_bindings(conn, found)
        case _:
            columns = {field.name: field.column for field in kind.fields}
            _insert(conn, kind, record_source, columns, [row.values for row in found.added])
            _update(conn, kind, record_source, columns, [row.values for row, _ in found.changed])


def _insert(
    conn: psycopg.Connection,
    kind: RecordKind,
    record_source: str,
    columns: Mapping[str, str],
    rows: Sequence[Values],
) -> None:
    source = ["record_source"] if kind.of_record_source else []
    places = ", ".join(["%s"] * (len(source) + len(columns)))
    with conn.cursor() as cur:
        cur.executemany(
            f"INSERT INTO {kind.table} ({', '.join([*source, *columns.values()])}) VALUES ({places})",
            [[record_source] * len(source) + [_adapted(values[name]) for name in columns] for values in rows],
        )


def _update(
    conn: psycopg.Connection,
    kind: RecordKind,
    record_source: str,
    columns: Mapping[str, str],
    rows: Sequence[Values],
) -> None:
    said = [name for name in columns if name not in kind.key]
    assignments = ", ".join(f"{columns[name]} = %s" for name in said)
    where = " AND ".join(
        [*(["record_source = %s"] if kind.of_record_source else []), *(f"{columns[name]} = %s" for name in kind.key)]
    )
    source = [record_source] if kind.of_record_source else []
    with conn.cursor() as cur:
        cur.executemany(
            f"UPDATE {kind.table} SET {assignments} WHERE {where}",
            [
                [_adapted(values[name]) for name in said] + source + [values[name] for name in kind.key]
                for values in rows
            ],
        )


def _adapted(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict) else value


def _write_assets(conn: psycopg.Connection, kind: RecordKind, record_source: str, found: Changes) -> None:
    """Assets, and their first placement, which moves with the day of commissioning."""
    columns = {field.name: field.column for field in kind.fields if field.name not in ("site", "line")}
    _insert(conn, kind, record_source, columns, [row.values for row in found.added])
    _update(conn, kind, record_source, columns, [row.values for row, _ in found.changed])
    moved = [(row, before["commissioned_on"] or ALWAYS) for row, before in found.changed]
    with conn.cursor() as cur:
        cur.executemany(
            "DELETE FROM placements USING assets WHERE placements.asset_id = assets.asset_id"
            " AND record_source = %s AND external_id = %s AND valid_from = %s",
            [(record_source, row.values["id"], before) for row, before in moved],
        )
        cur.executemany(
            "INSERT INTO placements (asset_id, valid_from, site_id, line_id)"
            f" SELECT asset_id, {_INITIAL_PLACE}, %s, %s FROM assets WHERE record_source = %s AND external_id = %s",
            [
                (row.values["site"], row.values["line"], record_source, row.values["id"])
                for row in (*found.added, *(row for row, _ in moved))
            ],
        )


def _write_bindings(conn: psycopg.Connection, found: Changes) -> None:
    """Bindings, and the devices that no message has named yet."""
    rows: list[Row] = [*found.added, *(row for row, _ in found.changed)]
    with conn.cursor() as cur:
        cur.executemany(
            "INSERT INTO devices (source_id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", sorted(_devices(rows))
        )
        cur.executemany(
            "INSERT INTO bindings (device_id, valid_from, asset_id)"
            " SELECT device_id, %(valid_from)s, %(asset)s FROM devices"
            " WHERE source_id = %(topic_prefix)s AND name = %(device)s"
            " ON CONFLICT (device_id, valid_from) DO UPDATE SET asset_id = excluded.asset_id",
            [row.values for row in rows],
        )


def _devices(rows: Iterable[Row]) -> set[tuple[int, str]]:
    return {(row.values["topic_prefix"], row.values["device"]) for row in rows}
