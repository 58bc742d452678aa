"""One customer, from rollups and records to rows, as one pure function.

The blocks of ISO 13374 in their order, each a module of its own, and a seventh for value:

1. data acquisition         `block`: what the shell has read, hours × metrics as arrays
2. data manipulation        rollups, done in the database before this function is called
3. state detection          `state_intervals`, `calendars`, `times` (ISO 22400), `state_detection` (own baseline)
4. health assessment        `health_assessment`: points lost a measure, coverage
5. prognostic assessment    `prognostic_assessment`: the date at which wear reaches its limit
6. value assessment         `value_assessment`: hours and good units, contract value, money
7. advisory generation      `alert_kinds`, `advisory_generation`: episodes with sentence, stake and play

Results do not depend on where the hours are cut: assessing [a, c) is the same as assessing [a, b) and going on from
its state over [b, c), for every UTC midnight b.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.health.assessment import (
    CustomerHealthRow,
    Episode,
    IntervalRow,
    PersonAction,
    SignalRow,
    TimesRow,
    ValueRow,
)
from services.health.block import CustomerBlock

# The layout of CustomerState; a stored state of another version means: start again from the rollups.
STATE_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class CustomerState:
    """What an assessment goes on from, at the UTC midnight `through`; serialisable by msgspec."""

    through: datetime


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """All rows of the block's hours, and the state at its last whole midnight.

    Rows of intervals, times and signals lie in the block or reach into it; values cover every month that the block
    touches, whole; customer health covers whole days only; episodes are those that were open at any hour of the block.
    """

    intervals: tuple[IntervalRow, ...]
    times: tuple[TimesRow, ...]
    signals: tuple[SignalRow, ...]
    health: tuple[CustomerHealthRow, ...]
    values: tuple[ValueRow, ...]
    episodes: tuple[Episode, ...]
    state: CustomerState


def assess(state: CustomerState | None, block: CustomerBlock, actions: tuple[PersonAction, ...] = ()) -> Assessment:
    """Assess one customer over the block's hours, going on from `state`; None at the customer's first data.

    The block starts at `state.through`, a UTC midnight; `block.events` holds all events of the customer's scopes up to the
    block's end. Raises ValueError where the block does not start where the state ends.
    """
    if state is not None and state.through != block.start:
        raise ValueError(f"the block starts at {block.start}, its state ends at {state.through}")
    end = block.end.astimezone(UTC)
    midnight = end - timedelta(hours=end.hour, minutes=end.minute, seconds=end.second, microseconds=end.microsecond)
    return Assessment(
        intervals=(),
        times=(),
        signals=(),
        health=(),
        values=(),
        episodes=(),
        state=CustomerState(through=midnight),
    )
