"""Conditions over hours become alerts: pending, open, resolved. Pure, and the same wherever the hours are cut.

A condition rises above one level and clears below another; between them it is as it was. What nobody knows neither
raises nor clears: an alert whose evidence stays away is closed as a data gap. When a person, the feared event itself or
another kind that says the same ended an episode, the same unbroken condition does not raise another, until it is about
something else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from services.health.advisory_generation.alert_kinds import AlertKind
from services.health.assessment import AlertContent, Episode, Issued, PersonAction
from services.health.block import Bools
from shared.alerts import (
    Acknowledge,
    AlertLife,
    AlertState,
    Assign,
    Persist,
    Resolution,
    Resolve,
    Snooze,
    Step,
    Unacknowledge,
    Unsnooze,
    begin,
    transition,
)

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One kind in one scope over the block's T hours; all arrays have shape (T,).

    known: hours with evidence; `raised` and `cleared` count only there. materialised: hours in which what was feared
    happened. superseded: hours in which another kind says the same. acted: hours in which somebody worked on it.
    renewed: hours from which on it is about something else. describe: what to say as of an hour, from nothing later.
    """

    kind: AlertKind
    scope_id: int
    raised: Bools
    cleared: Bools
    known: Bools
    describe: Callable[[int], AlertContent]
    materialised: Bools | None = None
    superseded: Bools | None = None
    acted: Bools | None = None
    renewed: Bools | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one (kind, scope) stands at a block's start.

    life: of the live episode, if any. pended_h: known hours of it while pending. spent: the condition has had its alert
    and must clear first. unknown_h: hours without evidence so far. acted: somebody has worked on the live episode.
    issued: what the live episode said when it opened.
    """

    life: AlertLife | None = None
    pended_h: int = 0
    spent: bool = False
    unknown_h: int = 0
    acted: bool = False
    issued: Issued | None = None


@dataclass(kw_only=True)
class _Run:
    """One condition's way through the hours."""

    condition: Condition
    start: datetime
    actions: tuple[PersonAction, ...]
    life: AlertLife | None
    pended_h: int
    spent: bool
    acted: bool
    issued: Issued | None
    known: NDArray[np.int64]
    gaps: NDArray[np.int64]
    raised: NDArray[np.int64]
    cleared: NDArray[np.int64]
    episodes: list[Episode] = field(default_factory=list)

    def at(self, hour: int) -> datetime:
        """Event time at which an hour is known: its end."""
        return self.start + (hour + 1) * HOUR


def _hour_of(start: datetime, at: datetime) -> int:
    """The first hour of the block whose end is at or after an instant."""
    return max(0, -((start - at) // HOUR) - 1)


def advance_alerts(
    standing: Mapping[str, Standing],
    conditions: Iterable[Condition],
    actions: Iterable[PersonAction],
    *,
    start: datetime,
    keep_hours: int,
) -> tuple[list[Episode], dict[str, Standing]]:
    """Episodes open at any hour of the block, and how everything stands after its first `keep_hours` hours.

    standing: by `kind/scope_id`. A (kind, scope) without a condition in this block keeps its standing.
    """
    found: list[Episode] = []
    kept = dict(standing)
    done = tuple(actions)
    for condition in conditions:
        key = f"{condition.kind.name}/{condition.scope_id}"
        own = tuple(a for a in done if a.kind == condition.kind.name and a.scope_id == condition.scope_id)
        before = standing.get(key, Standing())
        at_checkpoint, early = _advanced(before, condition, own, start, 0, keep_hours)
        after, late = _advanced(at_checkpoint, condition, own, start, keep_hours, len(condition.raised))
        found += early + late + _live(after, condition, own, start)
        if at_checkpoint == Standing():
            kept.pop(key, None)
        else:
            kept[key] = at_checkpoint
    return found, kept


def _live(
    standing: Standing, condition: Condition, actions: tuple[PersonAction, ...], start: datetime
) -> list[Episode]:
    if standing.life is None or standing.life.state is AlertState.PENDING:
        return []
    content = condition.describe(_described_at(standing.life, start, len(condition.raised) - 1))
    return [_episode(condition, _with_actions(standing.life, actions), content, standing.issued)]


def _episode(condition: Condition, life: AlertLife, content: AlertContent, issued: Issued | None) -> Episode:
    kind = condition.kind
    return Episode(
        kind=kind.name,
        scope_type=kind.scope_type,
        scope_id=condition.scope_id,
        life=life,
        content=content,
        issued=issued,
    )


def _issued(content: AlertContent) -> Issued:
    return Issued(
        tier=content.tier,
        expected_at=content.expected_at,
        expected_low=content.expected_low,
        expected_high=content.expected_high,
        confidence=content.confidence,
    )


def _advanced(
    before: Standing, condition: Condition, actions: tuple[PersonAction, ...], start: datetime, first: int, last: int
) -> tuple[Standing, list[Episode]]:
    """Walk the hours [first, last), from one turning point to the next."""
    if first == last:
        return before, []
    known = condition.known[first:last]
    silent = _silent_hours(known, before.unknown_h)
    run = _Run(
        condition=condition,
        start=start,
        actions=actions,
        life=before.life,
        pended_h=before.pended_h,
        spent=before.spent,
        acted=before.acted,
        issued=before.issued,
        known=first + np.flatnonzero(known),
        gaps=first + np.flatnonzero(silent >= condition.kind.gap_h),
        raised=first + np.flatnonzero(condition.raised[first:last] & known),
        cleared=first + np.flatnonzero(condition.cleared[first:last] & known),
    )
    hour: int | None = first
    while hour is not None and hour < last:
        hour = _step(run, hour, last)
    standing = Standing(
        life=run.life,
        pended_h=run.pended_h,
        spent=run.spent,
        unknown_h=int(silent[-1]),
        acted=run.acted,
        issued=run.issued,
    )
    return standing, run.episodes


def _silent_hours(known: Bools, before: int) -> NDArray[np.int64]:
    """Consecutive hours without evidence up to each hour."""
    index = np.arange(len(known))
    last_known = np.maximum.accumulate(np.where(known, index, -1 - before))
    return np.asarray(index - last_known, dtype=np.int64)


def _next(hours: NDArray[np.int64], hour: int, otherwise: int) -> int:
    """The first of the hours at or after `hour`."""
    index = int(np.searchsorted(hours, hour))
    return int(hours[index]) if index < len(hours) else otherwise


def _step(run: _Run, hour: int, last: int) -> int | None:
    """Go to the next turning point and return the hour to go on from; None when there is none before `last`."""
    if run.life is None:
        return _wait(run, hour, last)
    if run.life.state is AlertState.PENDING:
        return _pend(run, run.life, hour, last)
    return _stay_open(run, run.life, hour, last)


def _wait(run: _Run, hour: int, last: int) -> int | None:
    if run.spent:
        hour = min(_next(run.cleared, hour, last), _first_true(run.condition.renewed, hour, last))
        if hour == last:
            return None
        run.spent = False
    hour = _next(run.raised, hour, last)
    if hour == last:
        return None
    run.life = begin(run.at(hour))
    return hour


def _pend(run: _Run, life: AlertLife, hour: int, last: int) -> int | None:
    held = run.known[np.searchsorted(run.known, hour) :]
    missing = run.condition.kind.pending_h + 1 - run.pended_h
    due = int(held[missing - 1]) if missing <= len(held) else last
    stop = min(_next(run.cleared, hour, last), _next(run.gaps, hour, last))
    if stop <= due and stop < last:
        run.life, run.pended_h = None, 0
        return stop + 1
    if due == last:
        run.pended_h += len(held)
        return None
    run.life, run.pended_h = transition(life, Persist(), run.at(due)), 0
    run.acted, run.issued = False, _issued(run.condition.describe(due))
    return due


def _stay_open(run: _Run, life: AlertLife, hour: int, last: int) -> int | None:
    opened = life.opened_at or life.pending_since
    held = max(hour, _hour_of(run.start, opened + run.condition.kind.minimum_hold_h * HOUR))
    person = next((a for a in run.actions if a.action == "resolve" and a.pending_since == life.pending_since), None)
    ends = {
        "materialised": _first_true(run.condition.materialised, hour, last),
        "person": last if person is None else min(last, max(hour, _hour_of(run.start, person.effective_at))),
        "superseded": _first_true(run.condition.superseded, hour, last),
        "cleared": _next(run.cleared, held, last),
        "gap": _next(run.gaps, hour, last),
    }
    why = min(ends, key=lambda reason: ends[reason])
    end = ends[why]
    if run.condition.acted is not None:
        run.acted = run.acted or bool(run.condition.acted[hour : end + 1].any())
    if end == last:
        return None
    resolution = _resolution(run, why, person)
    at = max(person.effective_at, opened) if why == "person" and person is not None else run.at(end)
    content = run.condition.describe(_described_at(life, run.start, end))
    resolved = transition(_with_actions(life, run.actions), Resolve(resolution), at)
    run.episodes.append(_episode(run.condition, resolved, content, run.issued))
    run.life, run.acted, run.issued = None, False, None
    told = why in ("person", "materialised", "superseded")
    run.spent = told and _first_true(run.condition.renewed, end, end + 1) > end
    return end + (why != "person")


def _resolution(run: _Run, why: str, person: PersonAction | None) -> Resolution:
    """Why an episode ended. Averted: it would have cost value at a known date, and somebody worked on it."""
    if why == "person" and person is not None:
        return person.resolution or Resolution.ACCEPTED_RISK
    if why == "materialised":
        return Resolution.MATERIALISED
    if why == "superseded":
        return Resolution.DUPLICATE
    return Resolution.DATA_GAP if why == "gap" else Resolution.AVERTED if run.acted else Resolution.RECOVERED


def _first_true(hours: Bools | None, hour: int, last: int) -> int:
    if hours is None:
        return last
    found = np.flatnonzero(hours[hour:last])
    return hour + int(found[0]) if len(found) else last


def _described_at(life: AlertLife, start: datetime, hour: int) -> int:
    """The hour that an alert speaks of: the first of its last day, or the one in which it opened if that was later."""
    return max(_hour_of(start, life.opened_at or life.pending_since), hour - hour % 24)


def _with_actions(life: AlertLife, actions: Iterable[PersonAction]) -> AlertLife:
    """The life with what people did to this episode, in the order in which they did it."""
    for action in sorted(actions, key=lambda a: a.at):
        if action.pending_since != life.pending_since:
            continue
        step = _step_of(action)
        life = life if step is None else transition(life, step, action.at)
    return life


def _step_of(action: PersonAction) -> Step | None:
    """What an action moves; None for a comment, and for a resolution, which counts from its event time."""
    match action.action, action.until:
        case "acknowledge", _:
            return Acknowledge(action.actor)
        case "unacknowledge", _:
            return Unacknowledge(action.actor)
        case "snooze", datetime() as until:
            return Snooze(action.actor, until, action.reason or "")
        case "unsnooze", _:
            return Unsnooze(action.actor)
        case "assign", _:
            return Assign(action.actor, action.assigned_to)
        case _:
            return None
