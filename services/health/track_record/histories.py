"""What the record is reckoned from, as arrays over all customers. Pure.

All instants are float64 Unix seconds, NaN for never. `scope` numbers the scopes from 0; `through` is how far in event
time the scope's customer is assessed, so that nobody concludes from what is not known yet.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats

Ints = NDArray[np.int64]
SCOPE_S = 2.0**36
"""Seconds that separate two scopes in a key of scope and instant; 2,000 years."""


class _Rows:
    """Rows as arrays of one length."""

    def where(self, chosen: Bools) -> Self:
        """The chosen rows."""
        own = fields(self)  # type: ignore[arg-type]
        return type(self)(**{each.name: getattr(self, each.name)[chosen] for each in own})


@dataclass(frozen=True, kw_only=True)
class AlertHistory(_Rows):
    """Alerts of one kind that opened, shape (n,) each. resolution: empty while nothing ended it. dated: it named a
    date when it opened."""

    scope: Ints
    opened: Floats
    ended: Floats
    through: Floats
    resolution: NDArray[np.str_]
    dated: Bools


@dataclass(frozen=True, kw_only=True)
class OutcomeHistory(_Rows):
    """Outcomes of one name, shape (n,) each, ascending by (scope, at)."""

    scope: Ints
    at: Floats
    happened: Bools


@dataclass(frozen=True, kw_only=True)
class ForecastHistory(_Rows):
    """Forecasts of one kind, shape (n,) each; probability NaN where none was told."""

    scope: Ints
    horizon_days: Ints
    at: Floats
    until: Floats
    through: Floats
    probability: Floats


@dataclass(frozen=True, kw_only=True)
class KindHistory:
    """All that one kind is judged by. work: what people did on the scopes; unseen: days, by their start, of which
    most is unknown; both as outcomes that happened."""

    alerts: AlertHistory
    outcomes: OutcomeHistory
    work: OutcomeHistory
    unseen: OutcomeHistory
    forecasts: ForecastHistory

    def as_of(self, at: float) -> "KindHistory":
        """What was known at an instant: nothing that happened later, and no end that came later."""
        alerts = self.alerts.where(self.alerts.opened <= at)
        later = ~(alerts.ended <= at)
        known = AlertHistory(
            scope=alerts.scope,
            opened=alerts.opened,
            ended=np.where(later, np.nan, alerts.ended),
            through=np.minimum(alerts.through, at),
            resolution=np.where(later, "", alerts.resolution),
            dated=alerts.dated,
        )
        forecasts = self.forecasts.where(self.forecasts.at <= at)
        return KindHistory(
            alerts=known,
            outcomes=self.outcomes.where(self.outcomes.at <= at),
            work=self.work.where(self.work.at <= at),
            unseen=self.unseen.where(self.unseen.at <= at),
            forecasts=ForecastHistory(**vars(forecasts) | {"through": np.minimum(forecasts.through, at)}),
        )

    def since(self, at: float) -> "KindHistory":
        """Alerts, outcomes and forecasts from an instant on."""
        return KindHistory(
            alerts=self.alerts.where(self.alerts.opened >= at),
            outcomes=self.outcomes.where(self.outcomes.at >= at),
            work=self.work,
            unseen=self.unseen,
            forecasts=self.forecasts.where(self.forecasts.at >= at),
        )


def key(scope: Ints, at: Floats) -> Floats:
    """Ascending by scope, then by instant."""
    return np.asarray(scope * SCOPE_S + at, dtype=np.float64)


def next_after(history: OutcomeHistory, scope: Ints, at: Floats) -> tuple[Floats, Bools]:
    """The first row of each scope after an instant: when it was, NaN for none, and whether it happened."""
    keys = key(history.scope, history.at)
    index = np.searchsorted(keys, key(scope, at), side="right")
    inside = np.minimum(index, max(0, len(keys) - 1))
    if not len(keys):
        return np.full(len(scope), np.nan), np.zeros(len(scope), dtype=np.bool_)
    found = (index < len(keys)) & (history.scope[inside] == scope)
    return np.where(found, history.at[inside], np.nan), found & history.happened[inside]


def count_between(history: OutcomeHistory, scope: Ints, after: Floats, until: Floats) -> Ints:
    """How many rows of each scope lie in (after, until]."""
    keys = key(history.scope, history.at)
    last = np.searchsorted(keys, key(scope, until), side="right")
    return np.asarray(last - np.searchsorted(keys, key(scope, after), side="right"), dtype=np.int64)
