"""Which stored alert an assessed episode is, and how the two become one row. Pure.

An assessment may find an episode again that began a little earlier or later than the stored one, since data came
late. It is the same alert where the two overlap in event time: people refer to it by its identity.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from services.health.assessment import Episode
from shared.alerts import AlertLife, AlertState, Resolution

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class StoredAlert:
    """What of a stored alert decides whose it is.

    dismissed_at: the event time at which a person resolved it, None where nobody did.
    """

    alert_id: UUID
    kind: str
    scope_type: str
    scope_id: int
    life: AlertLife
    dismissed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Pairs of the same episode, episodes that are new, and stored alerts that the assessment does not support."""

    same: tuple[tuple[StoredAlert, Episode], ...]
    new: tuple[Episode, ...]
    unsupported: tuple[StoredAlert, ...]


def matched(stored: Sequence[StoredAlert], episodes: Sequence[Episode], since: datetime) -> Matches:
    """Match by (kind, scope): first those that began at the same instant, then by overlap, earliest first.

    since: the assessed time's start; a stored alert that was over by then is none of this assessment's.
    """
    alerts: dict[tuple[str, str, int], list[StoredAlert]] = defaultdict(list)
    for alert in sorted(stored, key=lambda a: a.life.pending_since):
        if _stored_end(alert) > since:
            alerts[alert.kind, alert.scope_type, alert.scope_id].append(alert)
    same: list[tuple[StoredAlert, Episode]] = []
    new: list[Episode] = []
    for same_start in (True, False):
        pending = sorted(episodes if same_start else new, key=lambda e: e.life.pending_since)
        new = []
        for episode in pending:
            candidates = alerts[episode.kind, episode.scope_type, episode.scope_id]
            found = next((a for a in candidates if _is(a, episode.life, same_start=same_start)), None)
            if found is None:
                new.append(episode)
            else:
                candidates.remove(found)
                same.append((found, episode))
    left = [alert for candidates in alerts.values() for alert in candidates]
    return Matches(same=tuple(same), new=tuple(new), unsupported=tuple(left))


def merged(stored: StoredAlert, assessed: AlertLife) -> AlertLife:
    """The episode's life as assessed, with what people did to it: health never undoes a person's step.

    A person's resolution stands. Who acknowledged, whose it is and until when it is snoozed stands. An alert that was
    resolved by its condition opens again where the assessment, with more data than before, finds that it went on.
    """
    if stored.dismissed_at is not None:
        return replace(stored.life, pending_since=assessed.pending_since, opened_at=assessed.opened_at)
    life = replace(
        assessed,
        acknowledged_at=stored.life.acknowledged_at,
        acknowledged_by=stored.life.acknowledged_by,
        snoozed_until=stored.life.snoozed_until,
        snooze_reason=stored.life.snooze_reason,
        assigned_to=stored.life.assigned_to,
    )
    if life.state == AlertState.OPEN and life.acknowledged_at is not None:
        return replace(life, state=AlertState.ACKNOWLEDGED)
    if life.state == AlertState.ACKNOWLEDGED and life.acknowledged_at is None:
        return replace(life, state=AlertState.OPEN)
    return life


def withdrawn(stored: StoredAlert, at: datetime) -> AlertLife | None:
    """The life of an alert that the data do not support any more: over, by a `data_gap`; None where that is known.

    What recovered before `at` keeps the time of its end. What a person resolved stays as they said.
    """
    if stored.dismissed_at is not None or stored.life.resolution == Resolution.DATA_GAP:
        return None
    over_at = at if stored.life.resolved_at is None else stored.life.resolved_at
    return replace(stored.life, state=AlertState.RESOLVED, resolved_at=over_at, resolution=Resolution.DATA_GAP)


def retired(stored: StoredAlert, at: datetime) -> AlertLife | None:
    """The life of an alert of a kind that is none any more: over, since another kind or a signal says the same; None
    where it is over already, which stays as it was told."""
    if stored.life.resolved_at is not None:
        return None
    return replace(stored.life, state=AlertState.RESOLVED, resolved_at=at, resolution=Resolution.DUPLICATE)


def _is(stored: StoredAlert, assessed: AlertLife, *, same_start: bool) -> bool:
    if same_start:
        return stored.life.pending_since == assessed.pending_since
    return stored.life.pending_since <= _end(assessed) and assessed.pending_since <= _stored_end(stored)


def _stored_end(stored: StoredAlert) -> datetime:
    return _end(stored.life) if stored.dismissed_at is None else stored.dismissed_at


def _end(life: AlertLife) -> datetime:
    return _END_OF_TIME if life.resolved_at is None else life.resolved_at
