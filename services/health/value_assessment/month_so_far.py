"""What a month under way keeps of each machine, so that one that leaves within it still counts for its days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.daily_history import DailyHistory, day_number
from services.health.state_detection.times import APT, ASUT, CUSTOMER_DOWN, FIELDS, GOOD, PBT, STOPPED, UNKNOWN_S
from services.health.value_assessment.accruals import Place
from services.health.value_assessment.counterfactuals import Counterfactual

_KEPT = (PBT, APT, ASUT, STOPPED, CUSTOMER_DOWN, UNKNOWN_S, GOOD)


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """A machine that reports states. first_day: when it was first seen; own: its acceptance window."""

    place: Place
    asset_type: str
    first_day: int | None
    own: Counterfactual | None
    days: DailyHistory

    def planned(self, first: date, until: date) -> bool:
        """Whether it was planned to run here on any day from `first` up to `until`."""
        rows = slice(max(0, self.days.row_of(first)), max(0, self.days.row_of(until)))
        return bool(self.days.table[rows, PBT].any())


@dataclass(frozen=True, kw_only=True)
class MonthSoFar:
    """A machine's days of the month from its first on: `_KEPT` of FIELDS, row by row, float64."""

    place: Place
    asset_type: str
    first_day: int | None
    own: Counterfactual | None
    days: bytes


def reporting(work: AssetWork, business: str) -> Reporting:
    """A machine of the block."""
    asset = work.asset
    place = Place(asset_id=asset.asset_id, site_id=asset.site_id, line_id=asset.line_id, business=business)
    return Reporting(
        place=place, asset_type=asset.asset_type, first_day=work.first_day, own=work.counterfactual, days=work.days
    )


def so_far(machines: Sequence[Reporting], first: date, until: date) -> dict[int, MonthSoFar]:
    """What to keep at the midnight of `until` of the month that is then under way, by asset."""
    found = {}
    for machine in machines:
        if not machine.planned(first, until):
            continue
        days = np.zeros((day_number(until) - day_number(first), len(_KEPT)))
        days[:, _KEPT.index(GOOD)] = np.nan
        since = max(0, machine.days.row_of(first))
        rows = machine.days.table[since : machine.days.row_of(until), _KEPT]
        days[machine.days.day(since).day - 1 :][: len(rows)] = rows
        found[machine.place.asset_id] = MonthSoFar(
            place=machine.place,
            asset_type=machine.asset_type,
            first_day=machine.first_day,
            own=machine.own,
            days=days.tobytes(),
        )
    return found


def departed(before: Mapping[int, MonthSoFar], present: Sequence[Reporting], first: date) -> list[Reporting]:
    """Machines that stood here in the month that begins on `first` and are gone, with the days that they had."""
    here = {machine.place.asset_id for machine in present}
    return [_gone(own, first) for asset_id, own in sorted(before.items()) if asset_id not in here]


def _gone(own: MonthSoFar, first: date) -> Reporting:
    told = np.frombuffer(own.days, dtype=np.float64).reshape(-1, len(_KEPT))
    table = np.zeros((len(told), len(FIELDS)))
    table[:, _KEPT] = told
    days = DailyHistory(first_day=day_number(first), kept=0, table=table)
    return Reporting(place=own.place, asset_type=own.asset_type, first_day=own.first_day, own=own.own, days=days)
