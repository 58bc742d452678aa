"""The records of every kind that forecasts, over all customers, at every instant at which they are kept. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from services.health.advisory_generation.alert_kinds import KINDS
from services.health.track_record.gathering import FleetRows, history_of
from services.health.track_record.record import Record, record
from services.health.watermark import DAY, floor_day

_WEEK = timedelta(days=7)


def record_instants(first: datetime, through: datetime) -> list[datetime]:
    """UTC Mondays after `first` up to `through`, and the last midnight: when records are kept, in event time."""
    newest = floor_day(through)
    monday = floor_day(first) + timedelta(days=7 - floor_day(first).weekday())
    found = [monday + n * _WEEK for n in range(max(0, (newest - monday) // _WEEK + 1))]
    return found if found[-1:] == [newest] or newest - first < DAY else [*found, newest]


def fleet_records(rows: FleetRows, instants: Sequence[datetime]) -> Iterator[tuple[str, Record]]:
    """Each kind that can be right or wrong, with its record at each instant."""
    for kind in KINDS.values():
        if kind.outcome_test is not None:
            history = history_of(kind.name, kind.outcome_test, rows)
            for at in instants:
                yield kind.name, record(kind.outcome_test, kind.forecast_days, history, at)
