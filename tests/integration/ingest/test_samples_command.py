"""`bellwether samples`: is what a plant sent stored, and as what?"""

import math

import psycopg
import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.ingest.commands.samples import newest_samples
from shared.database import connect
from shared.errors import NotFoundError
from tests.integration.ingest.messages import NOW_US, SECOND, SOURCE, message, reading
from tests.integration.ingest.stores import store_on


@pytest.fixture(autouse=True)
def stored(database_url: str) -> None:
    """Three instants of two devices, of numbers, text, an integer and "no value"; another source beside them."""
    said = [
        reading(NOW_US - 2 * SECOND, a=1.0, b=0.1),
        reading(NOW_US - SECOND, texts=(("state", "[red]RUN"), ("count", 2**60))),
        reading(NOW_US, a=math.nan),
        reading(NOW_US - 3 * SECOND, device="[/e]", a=7.0),
        reading(NOW_US, source="other", a=9.0),
    ]
    with connect(database_url, application="test") as connection:
        store_on(connection).write([message(*said)])


def shown(database_url: str, *words: str) -> list[str]:
    result = CliRunner().invoke(app, ["samples", *words, "--database", database_url])
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_the_newest_samples_of_a_source_come_first_and_none_of_another(database_url):
    head, *rows = shown(database_url, SOURCE)
    assert head.split() == ["observed", "received", "device", "metric", "unit", "quality", "value"]
    assert [row.split()[4:] for row in rows] == [
        ["d", "a", "bad", "no", "value"],
        ["d", "count", str(2**60)],
        ["d", "state", "[red]RUN"],
        ["d", "a", "1"],
        ["d", "b", "0.1"],
        ["[/e]", "a", "7"],
    ]  # fmt: skip
    assert rows[0].startswith("2026-05-28 20:26:40.000  2026-05-28 20:26:40  d")


@pytest.mark.parametrize(
    ("asked", "found"),
    [(["--limit", "2"], 2), (["--device", "[/e]"], 1), (["--metric", "a"], 3), (["--device", "d", "--metric", "b"], 1)],
    ids=str,
)
def test_they_are_narrowed_by_number_device_and_metric(database_url, asked, found):
    assert len(shown(database_url, SOURCE, *asked)) == 1 + found


def test_where_nothing_is_stored_it_says_where_to_look(database_url):
    assert "dead-letters list" in shown(database_url, SOURCE, "--device", "nope")[0]


@pytest.mark.parametrize("command", [["samples", SOURCE + "q"], ["conflicts", "list", "--source", SOURCE + "q"]])
def test_a_source_that_is_unknown_is_called_so_and_the_nearest_is_named(database_url, command):
    error = CliRunner().invoke(app, [*command, "--database", database_url]).exception
    assert isinstance(error, NotFoundError)
    assert str(error) == f"there is no source '{SOURCE}q'; did you mean '{SOURCE}'?"


def rows_read(conn: psycopg.Connection) -> int:
    """In this transaction, of the tables of samples."""
    row = conn.execute(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int FROM pg_stat_xact_user_tables"
        " WHERE relname LIKE 'samples%'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_of_each_series_no_more_is_read_than_is_asked_for(database_url: str):
    with connect(database_url, application="test") as conn:
        conn.execute(
            "INSERT INTO samples SELECT series_id, to_timestamp(1779990000 + n), now(), n, 192, false"
            " FROM series, generate_series(1, 5000) AS n"
        )
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE")
        conn.autocommit = False
        before = rows_read(conn)
        assert len(newest_samples(conn, SOURCE, limit=5)) == 5
        assert rows_read(conn) - before <= 2 * 5 * 6
