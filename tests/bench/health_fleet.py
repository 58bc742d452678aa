"""A supplier's fleet for the health benchmark: records, daily history with its model states, and what plants tell live.

History is lived by the engine itself for a few machines and given to all the others: what is stored for a machine has
the size and the form that a machine's own life would leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from services.health.assess import CustomerState, assess
from services.health.data_acquisition.record_reading import digest, read_records
from services.health.saving.checkpoint import LAYOUT_VERSION, Checkpoint, to_bytes
from shared.migrations.engines import ensure_partitions_for
from tests.bench.health_history import DECODER, HOLD_S, METRICS, machines_lived

TODAY = datetime(2026, 6, 10, tzinfo=UTC)
ASSETS_A_CUSTOMER = 100
_LIVED = 4
_SILENT = """
SELECT source_id FROM sources JOIN sites USING (site_id) WHERE customer_id = %s AND topic_prefix ^@ 'silent'
"""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Series of the nine numeric metrics, shape (assets, 9), and of the state, shape (assets,)."""

    customer_ids: tuple[int, ...]
    asset_ids: tuple[int, ...]
    numbers: NDArray[np.int32]
    states: NDArray[np.int32]


def enter_records(conn: psycopg.Connection, assets: int) -> Fleet:
    """Customers of a hundred machines each, one site with three shifts, one source and a guarantee."""
    customers = -(-assets // ASSETS_A_CUSTOMER)
    conn.execute(
        "INSERT INTO asset_types (record_source, external_id, name, state_decoder) VALUES ('files', 'p', 'Pump', %s)",
        [Jsonb(DECODER)],
    )
    for name, unit, role, capability in (("state", "", "state", None), *METRICS):
        conn.execute(
            "INSERT INTO metrics (asset_type_id, name, unit, role, capability, sampling, max_hold_s)"
            " SELECT asset_type_id, %s, %s, %s, %s, 'periodic', %s FROM asset_types",
            [name, unit, role, capability, HOLD_S],
        )
    for statement in _RECORDS:
        conn.execute(statement, {"customers": customers, "assets": assets, "since": TODAY - timedelta(days=1200)})
    conn.execute("ANALYZE")
    rows = conn.execute(
        "SELECT asset_id, array_agg(series_id ORDER BY series_id) FROM bindings JOIN series USING (device_id)"
        " GROUP BY asset_id ORDER BY asset_id"
    ).fetchall()
    series = np.array([row[1] for row in rows], dtype=np.int32)
    ids = conn.execute("SELECT customer_id FROM customers ORDER BY customer_id").fetchall()
    return Fleet(
        customer_ids=tuple(row[0] for row in ids),
        asset_ids=tuple(row[0] for row in rows),
        numbers=series[:, 1:],
        states=series[:, 0],
    )


_RECORDS = (
    "INSERT INTO customers (record_source, external_id, name)"
    " SELECT 'files', n, 'Customer ' || n FROM generate_series(1, %(customers)s) n",
    "INSERT INTO sites (record_source, external_id, customer_id, name, timezone)"
    " SELECT 'files', external_id, customer_id, 'Site ' || external_id, 'Europe/Berlin' FROM customers"
    " ORDER BY customer_id",
    "INSERT INTO shifts (record_source, external_id, site_id, valid_from, weekdays, starts_at, ends_at)"
    " SELECT 'files', external_id || '-' || n, site_id, %(since)s::date, '{0,1,2,3,4,5}',"
    " lpad((6 + 8 * n)::text, 2, '0') || ':00', lpad(((14 + 8 * n) %% 24)::text, 2, '0') || ':00'"
    " FROM sites, generate_series(0, 2) n",
    "INSERT INTO lines (record_source, external_id, site_id, name)"
    " SELECT 'files', external_id, site_id, 'Line' FROM sites ORDER BY site_id",
    "INSERT INTO contracts (record_source, external_id, customer_id, valid_from, starts_on, annual_value, currency,"
    " guaranteed_availability) SELECT 'files', external_id, customer_id, %(since)s::date, %(since)s::date, 100000,"
    " 'EUR', 0.95 FROM customers",
    "INSERT INTO entitlements (record_source, external_id, customer_id, capability, starts_on)"
    " SELECT 'files', external_id, customer_id, 'adaptive_control', %(since)s::date FROM customers",
    "INSERT INTO owners (record_source, external_id, customer_id, role, person, valid_from)"
    " SELECT 'files', external_id, customer_id, 'service_manager', 'Service', %(since)s::date FROM customers",
    "INSERT INTO sources (topic_prefix, site_id) SELECT 'bellwether/v1/' || external_id, site_id FROM sites"
    " ORDER BY site_id",
    "INSERT INTO assets (record_source, external_id, asset_type_id, name)"
    " SELECT 'files', n, asset_type_id, 'Pump ' || n FROM asset_types, generate_series(1, %(assets)s) n",
    "INSERT INTO devices (source_id, name)"
    " SELECT 1 + (n - 1) / 100, 'pump-' || n FROM generate_series(1, %(assets)s) n ORDER BY n",
    "INSERT INTO placements (asset_id, valid_from, site_id, line_id)"
    " SELECT asset_id, '0001-01-01', 1 + (asset_id - 1) / 100, 1 + (asset_id - 1) / 100 FROM assets",
    "INSERT INTO bindings (device_id, valid_from, asset_id) SELECT asset_id, '0001-01-01Z', asset_id FROM assets",
    "INSERT INTO series (device_id, metric)"
    " SELECT device_id, metrics.name FROM devices, metrics ORDER BY device_id, metric_id",
)


def add_silent_gateways(conn: psycopg.Connection) -> None:
    """Beside each customer's source another one at its site, silent since yesterday at eleven."""
    conn.execute("INSERT INTO sources (topic_prefix, site_id) SELECT 'silent/' || site_id, site_id FROM sites")
    conn.execute(
        "INSERT INTO devices (source_id, name) SELECT source_id, 'box' FROM sources WHERE topic_prefix ^@ 'silent'"
    )
    conn.execute("INSERT INTO series (device_id, metric) SELECT device_id, 'level' FROM devices WHERE name = 'box'")
    ensure_partitions_for(conn, "rollups_1h", [(TODAY - timedelta(days=1), TODAY)])
    conn.execute(
        "INSERT INTO rollups_1h SELECT series_id, %s, 1, 1, 1, 1, %s, 0, 1, 3600 FROM series WHERE metric = 'level'",
        [TODAY - timedelta(hours=13), TODAY - timedelta(hours=12, minutes=30)],
    )


def remember(conn: psycopg.Connection, fleet: Fleet, days: int) -> None:
    """Days of history up to TODAY: model states, daily times and daily rollups of every machine and series."""
    start = TODAY - timedelta(days=days)
    series = [int(number) for number in np.column_stack([fleet.states, fleet.numbers]).ravel()]
    for table in ("rollups_1d", "rollups_1h"):
        ensure_partitions_for(conn, table, [(start, TODAY)])
    conn.execute(
        "INSERT INTO rollups_1d SELECT s, d, 50, 49, 51, 50, d + interval '23:59', 0, 1440, 86400"
        " FROM generate_series(%s, %s - interval '1 day', interval '1 day') d, unnest(%s::int[]) s",
        [start, TODAY, series],
    )
    conn.execute(
        "INSERT INTO times_daily SELECT a, d, 86400, 0, 86400, 82000, 4400, 0, 0, 0, 0, 0, 100, 97"
        " FROM generate_series(%s, %s - interval '1 day', interval '1 day') d, unnest(%s::int[]) a",
        [start, TODAY, list(fleet.asset_ids)],
    )
    conn.execute(
        "INSERT INTO state_intervals SELECT a, %s, NULL, 'production', NULL, false FROM unnest(%s::int[]) a",
        [TODAY - timedelta(hours=1), list(fleet.asset_ids)],
    )
    lived = assess(None, machines_lived(start, days, _LIVED))
    for customer_id in fleet.customer_ids:
        records = read_records(conn, customer_id)
        silent = conn.execute(_SILENT, [customer_id]).fetchall()
        hours = {customer_id: 0.0} | {source_id: 13.0 for (source_id,) in silent}
        state = _given(lived.state, [asset.asset_id for asset in records.assets], hours)
        checkpoint = Checkpoint(states=(state,), records_digests=(digest(records, state.through),))
        conn.execute(
            "INSERT INTO model_states (customer_id, assessed_through, assessed_at, state_version, state)"
            " VALUES (%s, %s, %s, %s, %s)",
            [customer_id, TODAY, TODAY, LAYOUT_VERSION, to_bytes(checkpoint)],
        )


def _given(lived: CustomerState, asset_ids: Sequence[int], silent_h: dict[int, float]) -> CustomerState:
    states = list(lived.assets.values())
    return replace(
        lived,
        assets={asset_id: states[n % len(states)] for n, asset_id in enumerate(asset_ids)},
        silent_h=silent_h,
        alerts={},
    )
