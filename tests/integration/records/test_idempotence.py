"""Whatever right files say: importing them twice changes nothing."""

import csv
import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.records import import_directory

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=8).filter(str.strip)
_DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
_MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
_AMOUNTS = st.decimals(0, 10**13, places=2)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_OBJECTS = st.dictionaries(_WORDS, st.none() | st.booleans() | _NUMBERS | st.integers() | _WORDS, max_size=3)


def write(file: Path, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(columns.split(","))
        table.writerows(["" if value is None else value for value in row] for row in rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    customers=st.dictionaries(_WORDS.map(str.strip), _WORDS, min_size=1, max_size=3),
    contracts=st.dictionaries(st.none() | _DAYS, st.tuples(_DAYS, _AMOUNTS, st.floats(0, 1)), max_size=3),
    objectives=st.dictionaries(st.integers(0, 9), _NUMBERS, max_size=3),
    events=st.dictionaries(st.integers(0, 9), st.tuples(_MOMENTS, _OBJECTS), max_size=3),
)
def test_importing_twice_changes_nothing(
    conn: psycopg.Connection,
    customers: dict[str, str],
    contracts: dict[date | None, tuple[object, ...]],
    objectives: dict[int, float],
    events: dict[int, tuple[datetime, dict[str, object]]],
) -> None:
    customer = next(iter(customers))
    with tempfile.TemporaryDirectory() as folder, conn.transaction(force_rollback=True):
        directory = Path(folder)
        write(directory / "customers.csv", "id,name", customers.items())
        write(
            directory / "contracts.csv",
            "id,customer,valid_from,starts_on,annual_value,currency,guaranteed_availability,guarantee_window_days",
            [
                ("K", customer, valid_from, starts_on, value, "EUR", guaranteed, 90)
                for valid_from, (starts_on, value, guaranteed) in contracts.items()
            ],
        )
        write(
            directory / "objectives.csv",
            "id,customer,kpi,target",
            [(number, customer, "oee", repr(target)) for number, target in objectives.items()],
        )
        write(
            directory / "events.csv",
            "id,scope_type,scope,at,kind,attributes",
            [
                (number, "customer", customer, at.isoformat(), "touchpoint", json.dumps(attributes))
                for number, (at, attributes) in events.items()
            ],
        )
        first = import_directory(conn, directory)
        second = import_directory(conn, directory)
    assert first.errors == second.errors == ()
    expected = {
        "customers.csv": len(customers),
        "contracts.csv": len(contracts),
        "objectives.csv": len(objectives),
        "events.csv": len(events),
    }
    assert {file.file: len(file.added) for file in first.files} == expected
    assert {file.file: file.unchanged for file in second.files} == expected
    assert not any(file.added or file.changed for file in second.files)
