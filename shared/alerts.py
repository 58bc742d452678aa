"""The life of an alert, as one pure function used by health (conditions) and the API (people).

    pending ──held long enough──▶ open ──acknowledge──▶ acknowledged
       │                           │                        │
       └───────condition clears, or a person resolves───────┴──▶ resolved

`snoozed_until` and `assigned_to` stand beside the state: a snoozed alert keeps its state and stays out of default
lists, and whoever an alert is assigned to may be somebody else than who acknowledged it. What a person did by mistake
is taken back by a step of its own: nothing is forgotten.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.errors import InvalidActionError

MOST_A_WEEK = 5
"""New alerts that one owner is shown in any seven days: fatigue comes before the sixth."""


class AlertState(StrEnum):
    """Where an episode stands."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How an episode ended."""

    RECOVERED = "recovered"
    MATERIALISED = "materialised"
    DISMISSED_FALSE = "dismissed_false"
    ACCEPTED_RISK = "accepted_risk"
    DUPLICATE = "duplicate"
    DATA_GAP = "data_gap"
    AVERTED = "averted"


class Tier(StrEnum):
    """How much is known: `watch` something changed, `act` it will cost value at a known date."""

    WATCH = "watch"
    ACT = "act"


@dataclass(frozen=True, kw_only=True)
class AlertLife:
    """The part of an alert that moves. Event times unless said otherwise."""

    state: AlertState
    pending_since: datetime
    opened_at: datetime | None = None
    acknowledged_at: datetime | None = None
    """Wall time."""
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    snoozed_until: datetime | None = None
    """Wall time."""
    snooze_reason: str | None = None
    assigned_to: str | None = None
    """A person or a role."""


@dataclass(frozen=True)
class Acknowledge:
    """A person takes the alert on."""

    actor: str


@dataclass(frozen=True)
class Snooze:
    """A person does not want to see it until `until` (wall time), and says why."""

    actor: str
    until: datetime
    reason: str


@dataclass(frozen=True)
class Unacknowledge:
    """A person takes their acknowledgement back: nobody has the alert on."""

    actor: str


@dataclass(frozen=True)
class Unsnooze:
    """A person wants to see it again before its time."""

    actor: str


@dataclass(frozen=True)
class Assign:
    """A person says whose it is: a person's or a role's; None: nobody's."""

    actor: str
    to: str | None


@dataclass(frozen=True)
class Persist:
    """The condition has held long enough: the episode is real."""


@dataclass(frozen=True)
class Resolve:
    """The episode ends, by its condition or by a person."""

    resolution: Resolution


Step = Acknowledge | Unacknowledge | Snooze | Unsnooze | Assign | Persist | Resolve


def begin(at: datetime) -> AlertLife:
    """A new pending episode whose condition first held at `at` (event time)."""
    return AlertLife(state=AlertState.PENDING, pending_since=at)


def transition(life: AlertLife, step: Step, at: datetime) -> AlertLife:
    """The episode after `step` at `at` (wall time for what people do, else event time).

    What is so already changes nothing: acknowledged twice, taken back though nobody acknowledged, awake, assigned so.
    Raises InvalidActionError for a step that the state does not allow: nothing happens to a resolved episode, and only
    an open one can be acknowledged.
    """
    match step, life.state:
        case _, AlertState.RESOLVED:
            raise InvalidActionError("this alert is resolved; a new episode would be a new alert")
        case Persist(), AlertState.PENDING:
            return replace(life, state=AlertState.OPEN, opened_at=at)
        case Acknowledge(actor), AlertState.OPEN:
            return replace(life, state=AlertState.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=actor)
        case Unacknowledge(), AlertState.ACKNOWLEDGED:
            return replace(life, state=AlertState.OPEN, acknowledged_at=None, acknowledged_by=None)
        case (Acknowledge(), AlertState.ACKNOWLEDGED) | (Unacknowledge(), AlertState.OPEN):
            return life
        case Snooze() | Unsnooze() | Assign(), AlertState.OPEN | AlertState.ACKNOWLEDGED:
            return _beside(life, step, at)
        case Resolve(resolution), _:
            return replace(life, state=AlertState.RESOLVED, resolved_at=at, resolution=resolution)
        case _:
            raise InvalidActionError(f"{type(step).__name__.lower()} does not apply to an alert that is {life.state}")


def _beside(life: AlertLife, step: Snooze | Unsnooze | Assign, at: datetime) -> AlertLife:
    """The episode after a step that leaves its state as it is."""
    match step:
        case Snooze(_, until, reason):
            if until <= at:
                raise InvalidActionError(f"cannot snooze until {until.isoformat()}: that is not in the future")
            return replace(life, snoozed_until=until, snooze_reason=reason)
        case Unsnooze():
            asleep = life.snoozed_until is not None and life.snoozed_until > at
            return replace(life, snoozed_until=None, snooze_reason=None) if asleep else life
        case Assign(_, to):
            return replace(life, assigned_to=to)
