"""How much of a guarantee's error budget is spent, whether the rest will last, and what the end will cost. Pure.

    attributed availability = 1 - supplier-attributed downtime / known PBT      (time without data is in neither)
    budget = sum of (1 - guaranteed availability) x known PBT: of days so far as they were, of those ahead as planned
    points = 100 x (downtime - budget) / known PBT      credit = points x credit a point, up to its cap

All machines under the contract count together. The days ahead are simulated (`breach`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from services.health.block import Contract, Floats
from services.health.prognostic_assessment.guarantees.breach import CHANGE_A_YEAR, STEPS, Fleet, Losses, simulate
from services.health.prognostic_assessment.guarantees.burn import COVERED, Burn, burns
from services.health.prognostic_assessment.guarantees.terms import Terms, allowed_share
from services.health.state_detection.states import DAY_S
from services.health.state_detection.supplier_stops import Stops

RECENT_DAYS = 90
LEAST_DAYS = 28
PBT_S, KNOWN_S, DOWN_S = range(3)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Expected money with the 10 % and 90 % points of what may come, in the contract's currency."""

    expected: float
    low: float
    high: float
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A guarantee as of one evening; days since 1970-01-01, seconds, summed over the machines under it.

    first_day, last_day: the window's, `days` long unless the contract ends. spent_s: supplier-attributed downtime of
    the window so far, expected_s: what it is expected to come to at its end. known_s, pbt_s: known and planned time
    so far. probability: of a breach by last_day. expected: Unix seconds at which the budget runs out in the simulations
    in which it does: median, 10 and 90 %; NaN where it does in none, or already has. credit, bonus: None where the
    contract names none. assumed: machines that are left out because nobody said when they should run. heard: at least
    half of the planned time of the last day that had any is known.
    """

    contract_id: int
    contract: str
    guaranteed: float
    rolling: bool
    days: int
    first_day: int
    last_day: int
    spent_s: float
    budget_s: float
    expected_s: float
    known_s: float
    pbt_s: float
    probability: float
    expected: tuple[float, float, float]
    credit: Amount | None
    bonus: Amount | None
    burns: tuple[Burn, ...]
    machines: int
    assumed: int
    heard: bool

    @property
    def breached(self) -> bool:
        """Whether more than the budget is spent."""
        return self.spent_s > self.budget_s

    @property
    def spent_share(self) -> float:
        """Part of the budget that is spent; NaN for a guarantee of 100 %, which leaves none."""
        return self.spent_s / self.budget_s if self.budget_s > 0 else nan

    @property
    def expected_share(self) -> float:
        """Part of the budget that will be spent at the window's end; NaN for a guarantee of 100 %."""
        return self.expected_s / self.budget_s if self.budget_s > 0 else nan

    @property
    def attributed_availability(self) -> float:
        """Of the window so far; NaN where nothing of it is known."""
        return 1 - self.spent_s / self.known_s if self.known_s > 0 else nan

    @property
    def coverage(self) -> float:
        """Share of the window's planned time so far for which data exists; NaN where none was planned."""
        return self.known_s / self.pbt_s if self.pbt_s > 0 else nan


def enough_known(days: Floats, row: int) -> bool:
    """Whether anything is claimed: some of at least 28 of the last 90 days is known."""
    return int((days[max(0, row + 1 - RECENT_DAYS) : row + 1, KNOWN_S] > 0).sum()) >= LEAST_DAYS


def budget(
    terms: Terms,
    versions: Sequence[Contract],
    days: Floats,
    first_day: int,
    row: int,
    fleet: Fleet,
    stops: Stops,
    *,
    hours: Floats,
    change: float = CHANGE_A_YEAR,
    assumed: int = 0,
) -> Budget | None:
    """A guarantee on the evening of `row`; None while fewer than 28 days are known.

    days: shape (n, 3), planned, known and supplier-attributed lost seconds a day; row 0 is `first_day`. hours: the
    same an hour, up to that evening. stops: as known on it. versions: of this contract. change: of the rate in a year.
    """
    if not enough_known(days, row):
        return None
    today = first_day + row
    outlook = _outlook(terms, versions, days, first_day, row, float(fleet.ahead_s.sum()))
    losses = simulate(fleet, stops, today=today, left_days=terms.last - today, origin=terms.origin, change=change)
    points = outlook.points(losses)
    return Budget(
        contract_id=min(version.contract_id for version in versions),
        contract=terms.contract.external_id,
        guaranteed=terms.guaranteed,
        rolling=terms.rolling,
        days=terms.length,
        first_day=terms.first,
        last_day=terms.last,
        spent_s=float(outlook.down_s[0]),
        budget_s=float(outlook.allowed_s[0]),
        expected_s=float(outlook.down_s[-1] + losses.total.mean()),
        known_s=outlook.seen_s,
        pbt_s=outlook.planned_s,
        probability=float((points > 0).mean()),
        expected=_crossing(outlook, losses, (today + 1) * DAY_S),
        credit=_amount(points, terms.contract.credit_per_point, terms.contract, terms.contract.credit_cap),
        bonus=_amount(-points, terms.contract.bonus_per_point, terms.contract, None),
        burns=burns(hours, terms.guaranteed, terms.length),
        machines=len(fleet.asset_id),
        assumed=assumed,
        heard=_heard(days[: row + 1]),
    )


def _heard(days: Floats) -> bool:
    planned = days[days[:, PBT_S] > 0]
    return bool(planned[-1, KNOWN_S] >= COVERED * planned[-1, PBT_S])


@dataclass(frozen=True, kw_only=True)
class _Outlook:
    """What is fixed already about the window that is looked at, now and at the end of each step: shape (steps + 1,).

    down_s: attributed downtime of the known days in it. allowed_s: its budget. known_s: its known time, with what is
    planned for the days ahead. seen_s, planned_s: known and planned time of its days so far.
    """

    rolling: bool
    down_s: Floats
    allowed_s: Floats
    known_s: Floats
    seen_s: float
    planned_s: float

    def points(self, losses: Losses) -> Floats:
        """Percentage points below the guarantee, negative above it, a draw: at a fixed window's end, or at worst."""
        if not self.rolling:
            over = self.down_s[-1] + losses.total - self.allowed_s[-1]
            return np.asarray(100 * over / max(self.known_s[-1], 1.0), dtype=np.float64)
        over = self.over(losses) / np.maximum(self.known_s[1:], 1.0)
        now = (self.down_s[0] - self.allowed_s[0]) / max(self.known_s[0], 1.0)
        return np.asarray(100 * np.maximum(over.max(axis=1), now), dtype=np.float64)

    def over(self, losses: Losses) -> Floats:
        """By how many seconds each path is beyond the budget at the end of each step."""
        return np.asarray(losses.paths + (self.down_s - self.allowed_s)[1:], dtype=np.float64)


def _outlook(
    terms: Terms, versions: Sequence[Contract], days: Floats, first_day: int, row: int, ahead_s: float
) -> _Outlook:
    today = first_day + row
    left = terms.last - today
    earliest = max(0, terms.first - first_day)
    share = allowed_share(versions, first_day + earliest, today)
    window = np.where(np.isnan(share)[:, None], 0.0, days[earliest : row + 1])
    allowed = window[:, KNOWN_S] * np.nan_to_num(share)
    steps = max(1, min(left, STEPS))
    after = np.concatenate([[0], np.rint(np.arange(1, steps + 1) * left / steps)]).astype(np.int64)
    if terms.rolling:
        leaves = today + after - terms.length + 1
        from_row = np.clip(leaves - first_day - earliest, 0, len(window))
        planned = ahead_s * (after + np.maximum(terms.origin - leaves, 0))
    else:
        from_row = np.zeros(len(after), dtype=np.int64)
        planned = np.full(len(after), ahead_s * left)
    down, known, budgeted = (
        _from_each(column, from_row) for column in (window[:, DOWN_S], window[:, KNOWN_S], allowed)
    )
    return _Outlook(
        rolling=terms.rolling,
        down_s=down,
        allowed_s=budgeted + (1 - terms.guaranteed) * planned,
        known_s=known + planned,
        seen_s=float(window[:, KNOWN_S].sum()),
        planned_s=float(window[:, PBT_S].sum()),
    )


def _from_each(column: Floats, from_row: NDArray[np.int64]) -> Floats:
    """Sums from some rows to the end."""
    total = np.append(np.cumsum(column[::-1])[::-1], 0.0)
    return np.asarray(total[from_row], dtype=np.float64)


def _crossing(outlook: _Outlook, losses: Losses, now: float) -> tuple[float, float, float]:
    """Median, 10 % and 90 % of when the budget runs out, over the paths on which it does."""
    beyond = outlook.over(losses) > 0
    crosses = beyond.any(axis=1)
    if not crosses.any() or outlook.down_s[0] > outlook.allowed_s[0]:
        return nan, nan, nan
    step = beyond[crosses].argmax(axis=1) + 1
    at, low, high = np.quantile(now + DAY_S * losses.step_days * step, (0.5, 0.1, 0.9))
    return float(at), float(low), float(high)


def _amount(points: Floats, per_point: float | None, contract: Contract, cap: float | None) -> Amount | None:
    if per_point is None:
        return None
    money = np.clip(points * per_point, 0.0, cap)
    low, high = np.quantile(money, (0.1, 0.9))
    expected = float(money.mean())
    return Amount(
        expected=round(expected, 2),
        low=round(min(expected, float(low)), 2),
        high=round(max(expected, float(high)), 2),
        currency=contract.currency,
    )
