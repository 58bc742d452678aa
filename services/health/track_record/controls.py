"""What alerts at the same times would have been right of by chance: judged by the outcomes of other scopes. Pure."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from services.health.advisory_generation.alert_kinds import OutcomeTest
from services.health.track_record.histories import KindHistory
from services.health.track_record.judging import JUDGED, Verdict, verdicts

_MOST_SHIFTS = 50


def shuffled_precision(test: OutcomeTest, whole: KindHistory, as_of: datetime, since: float = -np.inf) -> float | None:
    """Precision where each alert is given to another scope; None where nothing is judged or there is no other.

    Scopes are moved on in a circle, by every distance (by 50 of them in a large fleet), so that nothing is left to
    chance: what is left of precision comes of when alerts are raised, and not of where.
    """
    history = whole.as_of(as_of.timestamp()).since(since)
    parts = (history.alerts.scope, history.outcomes.scope, history.forecasts.scope)
    scopes = np.unique(np.concatenate(parts))
    if len(scopes) < 2:
        return None
    place = np.searchsorted(scopes, history.alerts.scope)
    unended = replace(history.alerts, resolution=np.full(len(place), "", dtype="U20"))
    right = judged = 0
    for shift in np.unique(np.linspace(1, len(scopes) - 1, _MOST_SHIFTS).astype(np.int64)).tolist():
        moved = replace(unended, scope=scopes[(place + shift) % len(scopes)])
        told = verdicts(test, replace(history, alerts=moved))
        right += int((told == Verdict.RIGHT).sum())
        judged += int(np.isin(told, JUDGED).sum())
    return right / judged if judged else None
