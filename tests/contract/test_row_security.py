"""What the API's role may read is the asker's alone, whatever a query forgets to say."""

from collections.abc import Iterator
from datetime import date, datetime

import psycopg
import pytest
from psycopg import sql

from tests.integration.api.plant import add_alert, add_asset, add_customer, add_stop, add_times, insert

_OF_EVERYBODY = {
    "api_keys",
    "asset_types",
    "deployment",
    "metrics",
    "play_scores",
    "portfolio",
    "public_address",
    "track_records",
}
_GRANTED = "SELECT DISTINCT table_name FROM information_schema.role_table_grants WHERE grantee = 'bellwether_api'"


@pytest.fixture
def plants(conn: psycopg.Connection) -> tuple[int, int]:
    """Two customers, each with a machine, an event of it and an alert."""
    found = []
    for name in ("north", "south"):
        customer = add_customer(conn, name)
        _, asset = add_asset(conn, customer, name)
        insert(conn, "events", record_source="crm", external_id=name, scope_type="asset", scope_id=asset,
               at="2026-01-01Z", kind="retrofit")  # fmt: skip
        add_alert(conn, customer, scope_type="asset", scope_id=asset)
        found.append(customer)
    conn.commit()
    return found[0], found[1]


def asking(conn: psycopg.Connection, customers: str | None) -> None:
    """Be the API's role for the rest of the transaction, for these customers."""
    conn.execute("SET LOCAL ROLE bellwether_api")
    if customers is not None:
        conn.execute("SELECT set_config('bellwether.customers', %s, true)", [customers])


def tables(conn: psycopg.Connection) -> Iterator[str]:
    for (name,) in conn.execute(_GRANTED).fetchall():
        if name not in _OF_EVERYBODY:
            yield name


def test_every_table_of_customers_that_the_role_may_read_is_under_forced_row_security(conn: psycopg.Connection) -> None:
    secured = conn.execute(
        "SELECT array_agg(relname::text) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    ).fetchone()[0]
    assert set(tables(conn)) == set(secured)


def test_the_role_can_neither_log_in_nor_step_around_row_security(conn: psycopg.Connection) -> None:
    told = "SELECT rolcanlogin, rolbypassrls, rolsuper FROM pg_roles WHERE rolname = 'bellwether_api'"
    assert conn.execute(told).fetchone() == (False, False, False)


@pytest.mark.usefixtures("plants")
@pytest.mark.parametrize("asked", [None, ""])
def test_who_names_no_customer_sees_nothing(conn: psycopg.Connection, asked: str | None) -> None:
    names = list(tables(conn))
    asking(conn, asked)
    for name in names:
        assert conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone() == (0,), name


@pytest.mark.parametrize("table", ["customers", "sites", "assets", "placements", "alerts", "events", "model_states"])
def test_who_names_a_customer_sees_its_rows_alone_and_all_means_all(
    conn: psycopg.Connection, plants: tuple[int, int], table: str
) -> None:
    count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    seen = []
    for asked in (str(plants[0]), ",".join(map(str, plants)), "all"):
        with conn.transaction():
            asking(conn, asked)
            seen.append(conn.execute(count).fetchone()[0])
            conn.execute("RESET ROLE")
    assert seen[0] * 2 == seen[1] == seen[2] > 0


def test_nobody_writes_rows_of_customers_that_he_does_not_see(
    conn: psycopg.Connection, plants: tuple[int, int]
) -> None:
    asking(conn, str(plants[0]))
    assert conn.execute("UPDATE alerts SET version = 9 WHERE customer_id = %s", [plants[1]]).rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        insert(conn, "changes", sequence=1, at="2026-01-01Z", customer_id=plants[1], subject="alert", subject_id="1",
               transition="opened", body={})  # fmt: skip


@pytest.mark.parametrize("table", ["samples", "samples_text", "rollups_1h", "series", "models", "dead_letters"])
def test_telemetry_and_the_inside_are_not_granted_at_all(conn: psycopg.Connection, table: str) -> None:
    asking(conn, "all")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table)))


def test_of_a_machine_that_was_sold_each_sees_its_own_time(conn: psycopg.Connection, plants: tuple[int, int]) -> None:
    asset, _ = add_asset(conn, plants[0], "sold")
    _, other = add_asset(conn, plants[1], "elsewhere")
    insert(conn, "placements", asset_id=asset, valid_from="2026-06-01", site_id=other)
    for day in ("2026-05-31", "2026-06-01"):
        add_times(conn, asset, date.fromisoformat(day))
        add_stop(conn, asset, datetime.fromisoformat(f"{day}T12:00Z"), 1.0)
        insert(conn, "events", record_source="crm", external_id=day, scope_type="asset", scope_id=asset,
               at=f"{day}T12:00Z", kind="retrofit")  # fmt: skip
    conn.commit()
    for customer, day in zip(plants, ("2026-05-31", "2026-06-01"), strict=True):
        with conn.transaction():
            asking(conn, str(customer))
            for table, when in (("times_daily", "day"), ("state_intervals", "started_at"), ("events", "at")):
                column = "scope_id" if table == "events" else "asset_id"
                found = conn.execute(f"SELECT {when}::date::text FROM {table} WHERE {column} = %s", [asset]).fetchall()
                assert found == [(day,)], table
            conn.execute("RESET ROLE")


# Written in one transaction with model_states, which tells of the customer.
_TOLD_WITH_OTHERS = {"assessments_due", "forecasts", "signals", "state_intervals", "times_daily"}
_NEVER_KEPT = {"webhooks", "webhook_secrets", "webhook_deliveries"}


def test_every_table_that_answers_are_made_of_tells_of_its_changes(conn: psycopg.Connection) -> None:
    readable = {name for (name,) in conn.execute(_GRANTED).fetchall()}
    telling = conn.execute(
        "SELECT array_agg(DISTINCT tgrelid::regclass::text) FROM pg_trigger WHERE tgname LIKE 'tell%'"
    ).fetchone()[0]
    assert readable - set(telling) <= _TOLD_WITH_OTHERS | _NEVER_KEPT
