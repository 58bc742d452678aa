"""Machines that fail more often than they and their like use to, and what that costs in repair. Pure.

usual     failures of the other machines of the type here in the year, and of the machine itself before it, in as many
          known hours as it had in the year
chronic   three failures or more, and more than the usual by a conditional test of two rates (Przyborowski and
          Wilenski, Biometrika 31, 1940): one in twenty of the machines that fail as usual

Without as many hours to compare with as the machine's own, three failures alone make it chronic, and one is usual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from scipy.stats import binom

from services.health.account_assessment.account import Account
from services.health.account_assessment.backs import LEAST_FAILURES, failures_before, failures_in_year
from services.health.account_assessment.kpi_months import YEAR, all_months, months_before, standing_here, totals
from shared.kpis import summed

_LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Chronic:
    """failures: instants in the year, oldest first. usual: how many it would have been. repair_h: of the year."""

    asset_id: int
    name: str
    failures: Sequence[datetime]
    usual: float
    repair_h: float

    @property
    def spared_h(self) -> float:
        """Hours of repair of the failures beyond the usual ones."""
        return self.repair_h * (1 - self.usual / len(self.failures))


def chronic(account: Account, day: date) -> list[Chronic]:
    """The machines here that fail too often, by id."""
    year, before = failures_in_year(account, day), failures_before(account, day)
    counts = {asset: len(own) for asset, own in year.items()}
    found = []
    for asset, name in sorted(standing_here(account, day).items()):
        own = year.get(asset, [])
        if len(own) < LEAST_FAILURES:
            continue
        usual = _usual(account, day, asset, counts, len(before.get(asset, [])))
        if usual is not None:
            repair_h = summed(totals(account, months_before(day, YEAR), {asset}))["repair_s"] / 3600
            found.append(Chronic(asset_id=asset, name=name, failures=own, usual=usual, repair_h=repair_h))
    return found


def _usual(account: Account, day: date, asset: int, year: Mapping[int, int], before: int) -> float | None:
    """Failures that a year as usual would have had; None where the year was one."""
    months = months_before(day, YEAR)
    like = {other for other, kind in account.type_of.items() if kind == account.type_of[asset] and other != asset}
    own_h = _known_h(account, months, {asset})
    other_h = _known_h(account, months, like) + _known_h(account, set(all_months(account, day)) - set(months), {asset})
    others = before + sum(year.get(other, 0) for other in like)
    own = year[asset]
    if own_h == 0 or other_h < own_h:
        return 1.0
    by_chance = float(binom.sf(own - 1, own + others, own_h / (own_h + other_h)))
    return others / other_h * own_h if by_chance <= _LEVEL else None


def _known_h(account: Account, months: Sequence[date] | set[date], assets: set[int]) -> float:
    rows = (account.stops.get(month, {}) for month in months)
    return sum(hours.known_h for row in rows for asset, hours in row.items() if asset in assets)
