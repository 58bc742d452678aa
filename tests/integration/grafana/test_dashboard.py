"""The Grafana dashboard: its SQL executed as its own role on the real database, and its form linted."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from tests.integration.api.plant import TODAY, add_alert, add_asset, add_customer, add_times, insert

GRAFANA = Path(__file__).resolve().parents[3] / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "bellwether.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SOURCE = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "bellwether.yaml").read_text())["datasources"][0]
REFERENCE = {"type": SOURCE["type"], "uid": SOURCE["uid"]}
FROM, TO = datetime.combine(TODAY - timedelta(days=90), datetime.min.time(), UTC), datetime(2026, 9, 22, tzinfo=UTC)
# As Grafana finds them: an argument ends at the first closing parenthesis.
MACRO = re.compile(r"\$(__\w+)\(([^)]*)\)")


def by_title(panel: dict[str, Any]) -> str:
    title: str = panel["title"]
    return title


def expanded(query: str, customers: list[str]) -> str:
    """The query as Grafana sends it: its macros of time, and the chosen customers as quoted text."""
    quoted = {"from": f"'{FROM.isoformat()}'", "to": f"'{TO.isoformat()}'"}

    def macro(match: re.Match[str]) -> str:
        name, argument = match.groups()
        return {
            "__timeFilter": f"{argument} BETWEEN {quoted['from']} AND {quoted['to']}",
            "__timeFrom": quoted["from"],
            "__timeTo": quoted["to"],
        }[name]

    return MACRO.sub(macro, query).replace("$customer", ", ".join(f"'{each}'" for each in customers))


@pytest.fixture
def role(conn: psycopg.Connection) -> Iterator[str]:
    """Grafana's role under a name of this test's own, since roles belong to the whole server."""
    name = f"bellwether_grafana_{os.getpid()}"
    script = (GRAFANA / "role.sql").read_text(encoding="utf-8").replace("bellwether_grafana", name)
    conn.execute(script)
    conn.execute(script)
    conn.commit()
    yield name
    conn.rollback()
    conn.execute("RESET ROLE")
    conn.execute(sql.SQL("DROP OWNED BY {0}").format(sql.Identifier(name)))
    conn.execute(sql.SQL("DROP ROLE {0}").format(sql.Identifier(name)))
    conn.commit()


@pytest.fixture
def customers(conn: psycopg.Connection) -> list[str]:
    """Two customers with a little of everything that the panels show."""
    first, second = add_customer(conn, "Northfield Foods"), add_customer(conn, "Southfield")
    for customer, name in ((first, "Filler 2"), (second, "Filler 3")):
        asset, site = add_asset(conn, customer, name)
        add_alert(conn, customer, scope_id=asset, stake_money=5.0, currency="EUR", expected_at=TO)
        source = insert(conn, "sources", "source_id", topic_prefix=name, site_id=site, received_at=FROM)
        device = insert(conn, "devices", "device_id", source_id=source, name=name)
        series = insert(conn, "series", "series_id", device_id=device, metric="t")
        at = {"series_id": series, "bucket": TO - timedelta(hours=5)}
        insert(conn, "rollups_1h", **at, sample_count=60, covered_s=3600)
        for days in (0, 1, 8):
            day = TODAY - timedelta(days=days)
            add_times(conn, asset, day)
            insert(conn, "customer_health", customer_id=customer, day=day, health=70, coverage=0.9, contributions={})
            scope = {"scope_type": "asset", "scope_id": asset, "kind": "deviation"}
            insert(conn, "signals", customer_id=customer, **scope, day=day, value=2.5)
    letter = {"topic": "a/b", "payload": b"{", "qos": 1, "retained": False, "reason": "not JSON"}
    insert(conn, "dead_letters", received_at=TO - timedelta(hours=3), **letter)
    conn.commit()
    return [str(first), str(second)]


@pytest.mark.parametrize("panel", PANELS, ids=by_title)
def test_every_panels_query_runs_as_grafanas_role_and_finds_rows(
    conn: psycopg.Connection, role: str, customers: list[str], panel: dict[str, Any]
) -> None:
    conn.execute(sql.SQL("SET ROLE {0}").format(sql.Identifier(role)))
    for target in panel["targets"]:
        found = conn.execute(expanded(target["rawSql"], customers))
        columns = [] if found.description is None else [column.name for column in found.description]
        rows = found.fetchall()
        assert rows, panel["title"]
        if target["format"] == "time_series":
            assert columns == ["time", "metric", "value"]
            assert all(isinstance(row[0], datetime) and row[0].tzinfo for row in rows)
            assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_a_panel_shows_only_the_customers_chosen(conn: psycopg.Connection, role: str, customers: list[str]) -> None:
    conn.execute(sql.SQL("SET ROLE {0}").format(sql.Identifier(role)))
    for panel in PANELS:
        rows = conn.execute(expanded(panel["targets"][0]["rawSql"], customers[:1])).fetchall()
        assert not any("Southfield" in str(row) or "Filler 3" in str(row) for row in rows), panel["title"]


def test_availability_leaves_out_time_without_data(conn: psycopg.Connection, role: str, customers: list[str]) -> None:
    conn.execute(sql.SQL("SET ROLE {0}").format(sql.Identifier(role)))
    (panel,) = (each for each in PANELS if each["title"] == "Availability by customer")
    rows = conn.execute(expanded(panel["targets"][0]["rawSql"], customers)).fetchall()
    assert {row[2] for row in rows} == {12 / 15}


def test_the_variable_lists_customers_by_name(conn: psycopg.Connection, role: str, customers: list[str]) -> None:
    conn.execute(sql.SQL("SET ROLE {0}").format(sql.Identifier(role)))
    (variable,) = DASHBOARD["templating"]["list"]
    assert conn.execute(variable["query"]).fetchall() == [
        ("Northfield Foods", customers[0]),
        ("Southfield", customers[1]),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM api_keys",
        "SELECT payload FROM dead_letters",
        "SELECT state FROM model_states",
        "UPDATE alerts SET state = 'resolved'",
        "DELETE FROM customers",
        "CREATE TABLE mine (x int)",
    ],
)
def test_grafanas_role_reads_what_it_shows_and_nothing_else(
    conn: psycopg.Connection, role: str, statement: str
) -> None:
    conn.execute(sql.SQL("SET ROLE {0}").format(sql.Identifier(role)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(statement)


def test_grafanas_role_is_read_only_and_patient_for_half_a_minute(conn: psycopg.Connection, role: str) -> None:
    settings = conn.execute("SELECT rolconfig, rolsuper FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    assert settings is not None
    assert {"default_transaction_read_only=on", "statement_timeout=30s"} <= set(settings[0])
    assert settings[1] is False


def test_the_database_is_named_where_grafana_looks_for_it() -> None:
    assert "database" not in SOURCE
    assert SOURCE["jsonData"]["database"]
    assert SOURCE["jsonData"]["timescaledb"] is True
    assert SOURCE["secureJsonData"]["password"] == "${BELLWETHER_GRAFANA_DATABASE_PASSWORD}"
    assert SOURCE["editable"] is False


def test_the_dashboard_is_provisioned_from_where_it_lies() -> None:
    text = (GRAFANA / "provisioning" / "dashboards" / "bellwether.yaml").read_text(encoding="utf-8")
    (provider,) = yaml.safe_load(text)["providers"]
    assert (provider["options"]["path"], provider["allowUiUpdates"]) == ("/etc/grafana/dashboards", False)


def test_the_dashboard_is_fixed_and_reloads_its_customers_with_the_time_range() -> None:
    assert (DASHBOARD["uid"], DASHBOARD["editable"], DASHBOARD["timezone"]) == ("bellwether", False, "utc")
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["refresh"], variable["datasource"]) == (2, REFERENCE)
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


@pytest.mark.parametrize("panel", PANELS, ids=by_title)
def test_every_panel_has_title_description_unit_source_and_queries(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith((".", "`"))
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == REFERENCE
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == REFERENCE
        # Grafana expands these differently with and without TimescaleDB; ours must run on both.
        assert "$__timeGroup" not in target["rawSql"]
        assert "time_bucket" not in target["rawSql"]


def test_no_panels_overlap() -> None:
    cells = [
        (x, y)
        for panel in PANELS
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
