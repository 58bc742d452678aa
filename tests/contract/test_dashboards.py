"""Every query of every dashboard, as Grafana sends it, executed as its role on both engines on the simulated plants."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from deploy.grafana.rules import queries
from deploy.grafana.write import FOLDER
from shared.database import connect
from tests.contract.conftest import ENGINES, empty
from tests.contract.grafana import All, Chosen, expanded
from tests.contract.simulated_plants import FROM, TO, fill, records
from tests.databases import Server

BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


@pytest.fixture(scope="module", params=ENGINES)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "timescaledb":
        wasm: str = request.getfixturevalue("wasm_url")
        yield wasm
        empty(wasm)
        return
    server = request.getfixturevalue("postgres" if request.param == "postgresql" else "database_server")
    name = server.migrated()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture(scope="module")
def recorded(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """The demo's records, as PostgreSQL has imported them."""
    name = postgres.migrated()
    with connect(postgres.url_of(name), application="test") as conn:
        found = records(conn, tmp_path_factory.mktemp("records"))
    postgres.drop(name)
    return found


@pytest.fixture(scope="module")
def plants(url: str, recorded: dict[str, list[object]]) -> Iterator[psycopg.Connection]:
    """A connection to the filled database, as Grafana's role."""
    with connect(url, application="test") as conn:
        if url.endswith("sslmode=disable"):
            conn.prepare_threshold = None
        fill(conn, recorded)
        conn.commit()
        conn.autocommit = True
        conn.execute("SET ROLE bellwether_grafana")
        yield conn
        conn.execute("RESET ROLE")


def choices(conn: psycopg.Connection, board: dict[str, Any]) -> Chosen:
    """The first value of each variable, of what those before it leave; of one that may be several, two."""
    chosen: dict[str, list[str]] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found = conn.execute(expanded(variable["query"], chosen, FROM, TO))
            assert [column.name for column in found.description or ()] == ["__text", "__value"]
            values = [value for _, value in found]
            chosen[variable["name"]] = values[: 2 if variable.get("multi") else 1]
            assert chosen[variable["name"]], f"variable {variable['name']} offers nothing"
    return chosen


def everything(board: dict[str, Any], chosen: Chosen) -> Chosen:
    """With all instead of two, where that is offered."""
    several = {each["name"]: All(each["allValue"]) for each in board["templating"]["list"] if each.get("includeAll")}
    return {**chosen, **several}


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_every_query_of_a_dashboard_runs_as_grafanas_role_and_finds_rows(
    plants: psycopg.Connection, board: dict[str, Any]
) -> None:
    chosen = choices(plants, board)
    for picked in (chosen, everything(board, chosen)):
        for where, query in queries(board):
            assert plants.execute(expanded(query, picked, FROM, TO)).fetchone() is not None, where


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_courses_over_time_are_in_order_and_call_their_time_time(
    plants: psycopg.Connection, board: dict[str, Any]
) -> None:
    chosen = choices(plants, board)
    for panel in board["panels"]:
        for target in panel["targets"]:
            if target["format"] == "time_series":
                found = plants.execute(expanded(target["rawSql"], chosen, FROM, TO))
                names = [column.name for column in found.description or ()]
                rows = found.fetchall()
                times = [row[0] for row in rows]
                assert names[0] == "time", panel["title"]
                assert all(isinstance(each, datetime) and each.tzinfo for each in times), panel["title"]
                assert times == sorted(times), panel["title"]
                numbers = [name for name in names[1:] if name != "metric"]
                values = [row[names.index(name)] for row in rows for name in numbers]
                assert any(value is not None for value in values), f"{panel['title']} draws nothing"


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_annotations_say_when_and_what(plants: psycopg.Connection, board: dict[str, Any]) -> None:
    chosen = choices(plants, board)
    for annotation in board["annotations"].get("list", []):
        found = plants.execute(expanded(annotation["target"]["rawSql"], chosen, FROM, TO))
        names = [column.name for column in found.description or ()]
        assert names[0] == "time"
        assert {"text", "tags"} <= set(names) <= {"time", "timeend", "text", "tags"}


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_links_and_widths_are_of_columns_that_are_there(plants: psycopg.Connection, board: dict[str, Any]) -> None:
    chosen = choices(plants, board)
    for panel in board["panels"]:
        found = plants.execute(expanded(panel["targets"][0]["rawSql"], chosen, FROM, TO))
        names = {column.name for column in found.description or ()}
        named = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
        assert named <= names, panel["title"]


def test_the_role_reads_nothing_but_the_views(plants: psycopg.Connection) -> None:
    readable = plants.execute("""
        SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            AND n.nspname NOT LIKE '%timescaledb%' AND n.nspname NOT LIKE 'pg_toast%'
            AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')""").fetchall()
    assert readable == [("bellwether_views",)]
    for table in ("api_keys", "alerts", "samples", "rollups_1h"):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
            plants.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        plants.execute("UPDATE bellwether_views.dead_letters SET reason = 'mine'")


def test_one_machines_readings_can_be_found_by_index_whatever_others_sent(plants: psycopg.Connection) -> None:
    plants.execute("RESET ROLE")
    # Few rows are read faster as a whole.
    plants.execute("SET enable_seqscan = off")
    asset = plants.execute("SELECT min(asset_id) FROM bellwether_views.asset_series").fetchone()
    query = "EXPLAIN SELECT * FROM bellwether_views.asset_readings_hourly WHERE asset_id = %s AND time >= %s"
    plan = "\n".join(row[0] for row in plants.execute(query, [asset[0] if asset else None, FROM]))
    plants.execute("RESET enable_seqscan")
    plants.execute("SET ROLE bellwether_grafana")
    assert "Seq Scan" not in plan
    assert re.search(r"Index Cond: \(\(?series_id = ", plan), plan


def test_firmware_is_told_when_it_changed_and_not_when_it_was_only_said_again(plants: psycopg.Connection) -> None:
    told = plants.execute("""
        SELECT version_before, version FROM bellwether_views.firmware_versions
        WHERE asset_id = (SELECT min(asset_id) FROM bellwether_views.firmware_versions) ORDER BY time""").fetchall()
    assert told == [(None, "4.1"), ("4.1", "4.2")]


def test_a_board_shows_only_the_customers_chosen(plants: psycopg.Connection) -> None:
    names = [row[0] for row in plants.execute("SELECT customer FROM bellwether_views.customers ORDER BY 1")]
    first = plants.execute("SELECT customer_id::text FROM bellwether_views.customers ORDER BY customer").fetchone()
    assert first is not None
    for panel in BOARDS["fleet"]["panels"]:
        sent = expanded(panel["targets"][0]["rawSql"], {"customer": [first[0]]}, FROM, TO)
        shown = str(plants.execute(sent).fetchall())
        assert not any(name in shown for name in names[1:]), panel["title"]
