"""Exactly one row a sample: what comes again stays out, and what comes again otherwise is counted and shown."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import NamedTuple

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.messages.readings import Decoded
from services.ingest.store.conflicts import list_conflicts
from services.ingest.store.store import Store
from shared.database import connect
from tests.integration.ingest.messages import NOW, NOW_US, SECOND, message, reading
from tests.integration.ingest.stores import store_on


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with connect(database_url, application="test") as connection:
        yield store_on(connection)


class Offered(NamedTuple):
    metric: str
    second: int
    value: float | int | str | None


def said(*offered: Offered, at_us: int = NOW_US) -> Decoded:
    """A message with a reading for each of these; None: "no value"."""
    return message(
        *(
            reading(NOW_US - o.second * SECOND, texts=((o.metric, o.value),))
            if isinstance(o.value, str | int)
            else reading(NOW_US - o.second * SECOND, **{o.metric: math.nan if o.value is None else o.value})
            for o in offered
        ),
        at_us=at_us,
    )


def rows(conn: psycopg.Connection) -> dict[tuple[str, int], list[object]]:
    """What is stored of each metric and second before NOW, in both tables."""
    found: dict[tuple[str, int], list[object]] = {}
    for table, columns in (("samples", "value, null, null"), ("samples_text", "null, text_value, integer_value")):
        for metric, at, *values in conn.execute(
            f"SELECT metric, observed_at, {columns} FROM {table} JOIN series USING (series_id)"
        ):
            value = next((v for v in values if v is not None), None)
            stored = int(value) if values[2] is not None else value
            found.setdefault((metric, (NOW - at).seconds), []).append(stored)
    conn.commit()
    return found


def counted(conn: psycopg.Connection) -> dict[str, int]:
    conn.commit()
    return {series.metric: series.conflicts for series in list_conflicts(conn)}


@pytest.mark.parametrize(
    ("first", "second"),
    [(1.5, 2.5), (1.5, None), (None, 1.5), ("RUN", "STOP"), ("RUN", 1.0), (2.0, "RUN"), (2**60, 2**60 + 1), ("1", 1.0)],
    ids=str,
)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two batches"])
def test_of_two_values_the_first_stays_and_the_other_is_counted_and_shown(store, conn, first, second, together):
    one, other = said(Offered("a", 0, first)), said(Offered("a", 0, second), at_us=NOW_US + SECOND)
    for batch in [[one, other]] if together else [[one], [other]]:
        store.write(batch)
    assert rows(conn) == {("a", 0): [first]}
    assert (store.stored, store.repeated, store.conflicts) == (1, 1, 1)
    (shown,) = list_conflicts(conn)
    texts = [None if v is None else f"{v:g}" if isinstance(v, float) else str(v) for v in (first, second)]
    assert [shown.kept, shown.offered] == texts
    assert (shown.source, shown.device, shown.last_observed_at) == ("bellwether/v1/p", "d", NOW)


@pytest.mark.parametrize("value", [1.5, None, "RUN", 2**60], ids=str)
def test_the_same_value_again_is_a_repeat_and_no_conflict(store, conn, value):
    store.write([said(Offered("a", 0, value)), said(Offered("a", 0, value))])
    store.write([said(Offered("a", 0, value))])
    assert (store.stored, store.repeated, store.conflicts) == (1, 2, 0)
    assert list_conflicts(conn) == []


def test_repeats_and_conflicts_of_one_batch_are_told_apart(store, conn):
    store.write([said(Offered("a", 0, 1.0), Offered("b", 0, 1.0))])
    store.write([said(Offered("a", 0, 1.0), Offered("b", 0, 2.0), Offered("c", 0, 3.0))])
    assert (store.stored, store.repeated, store.conflicts) == (3, 2, 1)
    assert counted(conn) == {"b": 1}


def test_conflicts_of_a_series_add_up_and_the_last_one_is_shown(store, conn):
    for second in range(3):
        store.write([said(Offered("a", second, 1.0))])
    for second in range(3):
        store.write([said(Offered("a", second, 2.0 + second), at_us=NOW_US + second * SECOND)])
    (shown,) = list_conflicts(conn, source="bellwether/v1/p")
    assert (shown.conflicts, shown.kept, shown.offered) == (3, "1", "4")
    assert (shown.last_at - shown.first_at).seconds == 2
    assert list_conflicts(conn, source="bellwether/v1/q") == []


def test_a_batch_written_again_after_an_unknown_commit_counts_its_conflicts_once(store, conn, database_url):
    batch = [said(Offered("a", 0, 1.0)), said(Offered("a", 0, 2.0), Offered("b", 0, "x"), Offered("b", 0, "y"))]
    store.write(batch)
    with connect(database_url, application="test") as other:
        retrying = store_on(other)
        retrying.write(batch)
    assert counted(conn) == {"a": 1, "b": 1}
    assert (retrying.stored, retrying.repeated, retrying.conflicts) == (0, 4, 0)


def test_nothing_is_counted_of_a_batch_that_is_not_committed(store, conn):
    store.write([said(Offered("a", 0, 1.0))])
    conn.execute("ALTER TABLE dead_letters RENAME TO elsewhere")
    conn.commit()
    with pytest.raises(Exception, match="dead_letters"):
        store.write([said(Offered("a", 0, 2.0), Offered("a", 1, 1.0))._replace(reason="x")])
    assert (store.stored, store.repeated, store.conflicts) == (1, 0, 0)


VALUES = st.sampled_from([1.0, 2.0, None])
MIXED = st.sampled_from([1.0, 2.0, None, "RUN", "1", 2**60, 2**60 + 1])


def deliveries(values: st.SearchStrategy) -> st.SearchStrategy[list[list[list[Offered]]]]:
    """Batches of messages of samples, few series and instants, so that most come again."""
    sample = st.builds(Offered, st.sampled_from("ab"), st.integers(0, 2), values)
    return st.lists(st.lists(st.lists(sample, min_size=1, max_size=3), min_size=1, max_size=3), min_size=1, max_size=5)


def empty(conn: psycopg.Connection) -> None:
    conn.execute("TRUNCATE samples, samples_text, sample_conflicts, changed_ranges, sources CASCADE")
    conn.commit()


def deliver(stores: Sequence[Store], batches: list[list[list[Offered]]], *, twice: int) -> None:
    """Write the batches in turn with the stores, the one at place `twice` again, as after an unknown commit."""
    at = count(NOW_US, SECOND)
    for place, batch in enumerate(batches):
        decoded = [said(*samples, at_us=next(at)) for samples in batch]
        for _ in range(2 if place == twice else 1):
            stores[place % len(stores)].write(decoded)


def expected(batches: list[list[list[Offered]]]) -> tuple[dict[tuple[str, int], list[object]], dict[str, int]]:
    first: dict[tuple[str, int], object] = {}
    conflicts: dict[str, int] = {}
    for offered in (o for batch in batches for samples in batch for o in samples):
        kept = first.setdefault((offered.metric, offered.second), offered.value)
        if (type(kept), kept) != (type(offered.value), offered.value):
            conflicts[offered.metric] = conflicts.get(offered.metric, 0) + 1
    return {key: [value] for key, value in first.items()}, conflicts


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries(MIXED), st.integers(0, 4))
def test_any_delivery_gives_the_first_received_value_of_each_series_and_instant(conn, database_url, batches, twice):
    empty(conn)
    with connect(database_url, application="test") as connection:
        deliver([store_on(connection)], batches, twice=twice)
        assert (rows(conn), counted(conn)) == expected(batches)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries(VALUES), st.integers(0, 4))
def test_it_is_the_same_with_two_writers_in_turn(conn, database_url, batches, twice):
    empty(conn)
    with connect(database_url, application="one") as one, connect(database_url, application="other") as other:
        deliver([store_on(one), store_on(other)], batches, twice=twice)
        assert (rows(conn), counted(conn)) == expected(batches)


def test_two_writers_of_the_same_samples_at_once_store_each_once_and_lose_none(conn, database_url):
    metrics = [f"m{n}" for n in range(40)]
    forth = [
        [message(reading(NOW_US + (20 * batch + k) * SECOND, **dict.fromkeys(metrics, float(k)))) for k in range(20)]
        for batch in range(15)
    ]
    back = [list(reversed(batch)) for batch in forth]

    def write(batches: list[list[Decoded]]) -> tuple[int, int, int]:
        with connect(database_url, application="test") as connection:
            store = store_on(connection)
            for batch in batches:
                store.write(batch)
            return store.stored, store.repeated, store.conflicts

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(write, [forth, back])
    assert conn.execute("SELECT count(*), count(DISTINCT (series_id, observed_at)) FROM samples").fetchone() == (
        12_000,
        12_000,
    )
    assert np.add(one, other).tolist() == [12_000, 12_000, 0]
