"""A small invented world, as health would have left it, for the API to show."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg.types.json import Jsonb

from shared.changes import Change, append_changes

NOW = datetime(2026, 9, 21, 8, 0, tzinfo=UTC)
THROUGH = datetime(2026, 9, 21, 6, 0, tzinfo=UTC)
TODAY = THROUGH.date()
_IDS = UUID("3c1bb5a0-3f0e-4f0e-9a57-5f0a4c2f1d11")


def insert(conn: psycopg.Connection, table: str, returning: str | None = None, **columns: Any) -> Any:
    """Insert one row; return the column asked for."""
    names = ", ".join(columns)
    marks = ", ".join(["%s"] * len(columns))
    back = "" if returning is None else f" RETURNING {returning}"
    values = [Jsonb(value) if isinstance(value, dict) else value for value in columns.values()]
    row = conn.execute(f"INSERT INTO {table} ({names}) VALUES ({marks}){back}", values)
    return None if returning is None else row.fetchone()[0]


def record(external_id: str) -> dict[str, str]:
    return {"record_source": "crm", "external_id": external_id}


def add_customer(conn: psycopg.Connection, name: str, through: datetime | None = THROUGH) -> int:
    customer = insert(conn, "customers", "customer_id", **record(name), name=name, segment="food", data_use=["service"])
    if through is not None:
        insert(
            conn,
            "model_states",
            customer_id=customer,
            assessed_through=through,
            assessed_at=NOW,
            state_version=1,
            state=b"",
        )
    return customer


def add_asset(conn: psycopg.Connection, customer: int, name: str, **placed: Any) -> tuple[int, int]:
    """An asset at a new site of the customer; returns its id and the site's."""
    kind = insert(conn, "asset_types", "asset_type_id", **record(f"type of {name}"), name="filler")
    site = insert(
        conn,
        "sites",
        "site_id",
        **record(f"site of {name}"),
        customer_id=customer,
        name="Malmö",
        timezone="Europe/Paris",
    )
    line = insert(conn, "lines", "line_id", **record(f"line of {name}"), site_id=site, name="Line 2")
    asset = insert(conn, "assets", "asset_id", **record(name), asset_type_id=kind, name=name)
    place(conn, asset, site, line, **placed)
    return asset, site


def place(
    conn: psycopg.Connection, asset: int, site: int, line: int | None = None, valid_from: date = date(2020, 1, 1)
) -> None:
    insert(conn, "placements", asset_id=asset, valid_from=valid_from, site_id=site, line_id=line)


def add_times(conn: psycopg.Connection, asset: int, day: date, **hours: float) -> None:
    """A day of 16 planned hours: 12 running, 2 down by one failure, 1 idle, 1 unknown, unless said otherwise."""
    times = {
        "pot": 24,
        "planned": 8,
        "pbt": 16,
        "apt": 12,
        "adet": 2,
        "adot": 1,
        "unknown": 1,
        "supplier_down": 2,
        "waiting": 1,
    }
    seconds = {f"{name}_s": value * 3600.0 for name, value in {**times, "repair": 2, **hours}.items()}
    insert(conn, "times_daily", asset_id=asset, day=day, failures=1, **seconds)


def add_stop(
    conn: psycopg.Connection, asset: int, started_at: datetime, hours: float | None = None, **columns: Any
) -> None:
    """A failure that the default rule gives to the supplier; still open without `hours`."""
    ended_at = None if hours is None else started_at + timedelta(hours=hours)
    said = {"state": "down", "cause": "supplier", "failure": True, "cause_basis": "default", "cause_why": "a stop"}
    insert(conn, "state_intervals", asset_id=asset, started_at=started_at, ended_at=ended_at, **said | columns)


def add_alert(conn: psycopg.Connection, customer: int, **columns: Any) -> UUID:
    """An open alert of tier act; each call another scope unless named."""
    number = conn.execute("SELECT count(*) FROM alerts").fetchone()[0]
    alert_id = uuid5(_IDS, f"{customer}/{number}")
    since = NOW - timedelta(days=10) + timedelta(hours=int(number))
    columns = {
        "alert_id": alert_id,
        "customer_id": customer,
        "kind": "wear",
        "scope_type": "asset",
        "scope_id": 1000 + number,
        "tier": "act",
        "state": "open",
        "pending_since": since,
        "opened_at": since + timedelta(hours=1),
        "sentence": "Filler 2 is likely to stop around 24 September.",
        "evidence": {"metrics": {"vibration": 0.8}},
        "basis": "measured",
        "owner_role": "service",
        "play": "Replace valve block 4.",
        "version": 1,
        "updated_at": NOW,
        **columns,
    }
    insert(conn, "alerts", **columns)
    return columns["alert_id"]


def append(conn: psycopg.Connection, customer: int, *subjects: str) -> None:
    """Tell the feed of alerts by these names, and commit."""
    append_changes(conn, [Change(customer, "alert", subject, "open", {"id": subject}) for subject in subjects], NOW)
    conn.commit()
