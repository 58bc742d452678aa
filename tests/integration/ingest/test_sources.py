"""What is known of sources: their clocks, how far they told their time, and how both are shown."""

import re
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from deploy.cli import app
from services.ingest.batch.device_clocks import ClockState
from services.ingest.commands.sources import list_sources
from services.ingest.messages.readings import Decoded, Silence
from services.ingest.monitoring import store_metrics
from services.ingest.monitoring.standing import read_standing
from services.ingest.sparkplug import SparkplugHost
from services.ingest.store.store import Store
from shared.database import connect
from shared.errors import NotFoundError
from tests.integration.ingest.messages import NOW, NOW_US, SECOND, SOURCE, message, reading
from tests.integration.ingest.stores import store_on
from tests.sparkplug_edge import STEP_MS
from tests.unit.ingest.messages import envelope
from tests.unit.ingest.sparkplug_hosting import edge_node, hear

MINUTE = 60 * SECOND


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with connect(database_url, application="test") as connection:
        yield store_on(connection)


def said(lead_us: int, at_us: int = NOW_US, *, source: str = SOURCE, historical: bool = False) -> Decoded:
    """A message received at `at_us` of what its device says it observed so much later."""
    return message(reading(at_us + lead_us, source=source, historical=historical, a=1.0), at_us=at_us)


def clock(conn: psycopg.Connection) -> tuple:
    row = conn.execute("SELECT clock_offset_s, clock_checked_at - %s FROM sources", [NOW]).fetchone()
    conn.commit()
    assert row is not None
    return row


@pytest.mark.parametrize("lead_us", [-MINUTE, -1, 0, 1, MINUTE, 60 * MINUTE])
def test_no_source_has_told_its_time_further_than_when_it_was_received(store, conn, lead_us):
    for at_us in (NOW_US, NOW_US + SECOND):
        store.write([said(lead_us, at_us)])
    told = timedelta(microseconds=SECOND + min(lead_us, 0))
    assert conn.execute("SELECT observed_through - %s FROM sources", [NOW]).fetchone() == (told,)
    assert conn.execute("SELECT observed_at - received_at FROM samples").fetchall() == [
        (timedelta(microseconds=lead_us),), (timedelta(microseconds=lead_us),),
    ]  # fmt: skip


def test_a_clock_is_noted_with_its_first_live_message_and_then_every_minute(store, conn):
    store.write([said(40 * SECOND)])
    assert clock(conn) == (40.0, timedelta(0))
    store.write([said(45 * SECOND, NOW_US + 30 * SECOND)])
    assert clock(conn) == (40.0, timedelta(0))
    store.write([said(41 * SECOND, NOW_US + MINUTE)])
    assert clock(conn) == (45.0, timedelta(minutes=1))


def test_history_and_a_backlog_leave_a_clock_as_it_was(store, conn):
    store.write([said(0)])
    store.write([said(-3600 * SECOND, NOW_US + MINUTE, historical=True)])
    for minute in range(1, 5):
        store.write([said(-600 * MINUTE + minute * 100 * MINUTE, NOW_US + minute * MINUTE)])
    assert clock(conn) == (0.0, timedelta(minutes=1))


def test_a_change_of_a_clock_is_logged_once(store, capsys):
    for minute, lead_s in enumerate([60, 61, 62, 1, 1, 1]):
        store.write([said(lead_s * SECOND, NOW_US + minute * MINUTE)])
    told = re.findall(r"clock has changed.*?clock\S*=(?:\x1b\S*?m)?(\w+)", capsys.readouterr().out)
    assert told == ["ahead", "right"]


def test_a_source_whose_clock_is_ahead_falls_silent_after_its_last_sample(store, conn, database_url):
    store.write([said(10 * MINUTE)])
    death = Decoded(envelope("t", b"", at_us=NOW_US + SECOND), silences=(Silence(SOURCE, None, None),), alive=False)
    with connect(database_url, application="test") as other:
        store_on(other).write([death])
    at = conn.execute("SELECT observed_at - %s, value FROM samples ORDER BY observed_at", [NOW]).fetchall()
    assert at == [(timedelta(minutes=10), 1.0), (timedelta(minutes=10, seconds=1), None)]


def test_a_death_that_waited_ends_nothing_that_another_process_was_told_since(store, conn, database_url):
    store.write([said(0)])
    death = Decoded(envelope("t", b"", at_us=NOW_US + SECOND), silences=(Silence(SOURCE, None, None),), alive=False)
    with connect(database_url, application="test") as other:
        store_on(other).write([said(0, NOW_US + 2 * SECOND)])
    store.write([death])
    assert conn.execute("SELECT value FROM samples").fetchall() == [(1.0,), (1.0,)]
    assert conn.execute("SELECT alive FROM sources").fetchall() == [(True,)]


def test_a_device_that_dies_in_the_millisecond_of_its_last_word_ends_right_after_it(store, conn):
    """Though another device of its node has spoken since."""
    edge, host = edge_node(), SparkplugHost()
    store.write(hear(host, [*edge.birth(), edge.data("pump")]))
    last_word_ms = edge.clock_ms
    store.write(hear(host, [edge.data()]))
    edge.clock_ms = last_word_ms - STEP_MS
    store.write(hear(host, [edge.device_death("pump")]))
    ends = conn.execute(
        "SELECT metric, observed_at - to_timestamp(%s / 1000.0) FROM samples JOIN series USING (series_id)"
        " WHERE value IS NULL ORDER BY 1",
        [last_word_ms],
    ).fetchall()
    assert ends == [("flow", timedelta(microseconds=1)), ("pressure", timedelta(microseconds=1))]


def test_an_end_takes_no_place_of_what_a_device_said_and_is_no_conflict(store, conn):
    store.write([said(0), said(MINUTE, NOW_US + MINUTE)])
    ending = Decoded(envelope("t", b"", at_us=NOW_US + MINUTE), silences=(Silence(SOURCE, "d", NOW_US),))
    store.write([ending])
    assert conn.execute("SELECT value FROM samples ORDER BY observed_at").fetchall() == [(1.0,), (1.0,)]
    assert (store.conflicts, conn.execute("SELECT count(*) FROM sample_conflicts").fetchone()) == (0, (0,))


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"bellwether_ingest_{name}", labels) or 0.0


def test_what_is_committed_is_counted(store):
    names = ["conflicts_total", "late_samples_total", "batch_samples_count", "batch_samples_sum"]
    before = {name: counted(name) for name in names}
    limits = counted("dead_letters_total", reason="topic")
    store.write([said(0)])
    store.write([said(-MINUTE), Decoded(envelope("t", b""), reason="no mapping fits the topic")])
    store.write([message(reading(a=2.0))])
    assert [counted(name) - before[name] for name in names] == [1, 1, 3, 3]
    assert counted("dead_letters_total", reason="topic") - limits == 1


def test_live_sources_are_measured_and_those_that_are_silent_or_dead_are_not(store, conn):
    store.write([said(0, NOW_US - 6 * MINUTE, source="old")])
    store.write([said(90 * SECOND, source="fast"), said(-20 * SECOND, source="late"), said(-SECOND, source="dead")])
    store.write([Decoded(envelope("t", b""), silences=(Silence("dead", None, None),), alive=False)])
    conn.execute("UPDATE sources SET clock_offset_s = -400 WHERE topic_prefix = 'late'")
    standing = read_standing(conn, NOW + timedelta(seconds=10))
    assert (standing.lag_s, standing.ahead_s, standing.behind_s) == (30.0, 90.0, 400.0)
    assert standing.states == {ClockState.RIGHT: 0, ClockState.AHEAD: 1, ClockState.BEHIND: 1}
    store_metrics.note_sources(standing)
    assert counted("watermark_lag_seconds") == 30.0
    assert counted("clock_skew_seconds", direction="behind") == 400.0
    assert counted("clocks", clock="ahead") == 1


def test_sources_are_listed_with_what_they_name_and_contradict(store, conn):
    store.write([message(reading(NOW_US, a=1.0, b=1.0), reading(NOW_US, device="e", a=1.0))])
    store.write([message(reading(NOW_US, a=2.0, b=3.0))])
    conn.execute("INSERT INTO sources (topic_prefix) VALUES ('bellwether/v1/unheard')")
    (heard, unheard) = list_sources(conn)
    assert (heard.topic_prefix, heard.protocol, heard.alive, heard.series, heard.conflicts) == (
        "bellwether/v1/p", "json", True, 3, 2,
    )  # fmt: skip
    assert (heard.received_at, heard.observed_through, heard.clock) == (NOW, NOW, ClockState.RIGHT)
    assert (unheard.received_at, unheard.series, unheard.conflicts, unheard.clock) == (None, 0, 0, None)


def shown(*words: str, database_url: str) -> str:
    result = CliRunner().invoke(app, [*words, "--database", database_url])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_line_shows_sources_conflicts_and_dead_letters(store, database_url):
    assert "No source was ever heard" in shown("sources", "list", database_url=database_url)
    assert "No sample came again" in shown("conflicts", "list", database_url=database_url)
    store.write([said(75 * SECOND), Decoded(envelope("t/x", b"secret"), reason="unreadable")])
    store.write([message(reading(NOW_US + 75 * SECOND, a=2.5))])
    sources = shown("sources", "list", database_url=database_url)
    assert re.search(r"bellwether/v1/p .* json .* nobody's .* yes .*\+75\.0 s AHEAD +1 +1\n", sources)
    assert re.search(r" d .* a .* 1 .* 1 .* 2\.5\n", shown("conflicts", "list", database_url=database_url))
    assert "1 deleted" in shown("dead-letters", "delete", "1", database_url=database_url)
    assert "There are no dead letters" in shown("dead-letters", "list", database_url=database_url)


def test_what_a_plant_wrote_is_shown_as_it_is(store, database_url):
    topic, reason = "bellwether/v1/line[/b]/dev[/x]", "no such part as [/{device}] or [red] in it \x1b[31m"
    store.write([Decoded(envelope(topic, b"[/b] \x1b[31m\nend"), reason=reason)])
    store.write([message(reading(source="a[/b]/[red]c", device="[/d]", a=1.0))])
    store.write([message(reading(source="a[/b]/[red]c", device="[/d]", a=2.0))])
    (_, listed) = shown("dead-letters", "list", database_url=database_url).splitlines()
    assert topic in listed
    assert listed.endswith("no such part as [/{device}] or [red] in it \\x1b[31m")
    assert shown("dead-letters", "show", "1", database_url=database_url).endswith("[/b] \\x1b[31m\nend\n")
    assert "\na[/b]/[red]c  json" in shown("sources", "list", database_url=database_url)
    assert "\na[/b]/[red]c  [/d]    a" in shown("conflicts", "list", database_url=database_url)


def test_a_dead_letter_that_is_not_there_is_not_deleted_nor_those_beside_it(store, conn, database_url):
    store.write([Decoded(envelope("t", b"x"), reason="unreadable")])
    error = CliRunner().invoke(app, ["dead-letters", "delete", "1", "999", "--database", database_url]).exception
    assert isinstance(error, NotFoundError)
    assert "no dead letter 999" in str(error)
    assert conn.execute("SELECT dead_letter_id FROM dead_letters").fetchall() == [(1,)]


def test_of_dead_letters_the_replayed_can_be_deleted_and_no_others(store, conn, database_url):
    store.write([Decoded(envelope("t", b"x"), reason="unreadable") for _ in range(3)])
    conn.execute("UPDATE dead_letters SET replayed_at = received_at WHERE dead_letter_id < 3")
    conn.commit()
    assert "2 deleted" in shown("dead-letters", "delete", "--replayed", database_url=database_url)
    assert conn.execute("SELECT dead_letter_id FROM dead_letters").fetchall() == [(3,)]
    result = CliRunner().invoke(app, ["dead-letters", "delete", "--database", database_url])
    assert result.exit_code == 2
