"""What is known of one customer as a whole when its alerts are reckoned."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.health.block import Bools, CustomerBlock, Floats
from services.health.health_assessment.daily_history import DailyHistory, trailing_sum
from services.health.health_assessment.guarantee_work import GuaranteeWork
from services.health.prognostic_assessment.trends import Slope
from services.health.state_detection.times import PBT, STOPPED, UNKNOWN_S
from services.health.value_assessment.activity import ActivityMonth

# Columns of the customer's days after the FIELDS of `times`, which are sums over its assets.
GUARANTEED_KNOWN_S, GUARANTEED_DOWN_S, CONDITION_GOOD, CONDITION_KNOWN, CONDITION_DUE, HEARD_H, LISTENED_H = range(
    12, 19
)
# Of machines that count all and good units: units, rejected ones, production in counted days, and what should be.
COUNTED, REJECTED, COUNTED_RUN_S, COUNTING_S, GUARANTEED_DUE_S = range(19, 24)
# Of machines that count and have a planned pace: counted production, what of it was lost to pace, and what should be.
PACED_S, SLOW_S, PACING_S = range(24, 27)
# How many stops began.
STOPS = 27
COLUMNS = 28
# What one asset loses a day, in `CustomerWork.losses`: seconds of stops by CAUSES, seconds against the guarantee,
# rejected units, machine days of drift, seconds of production lost to pace.
GUARANTEED_LOSS, REJECTED_LOSS, DRIFT_LOSS, SLOW_LOSS = range(5, 9)
LOSSES = 9


@dataclass(frozen=True, kw_only=True)
class Capability:
    """What was bought for some assets: seconds in use and seconds running, a day; None where it never reported."""

    name: str
    entitled_from: int
    entitled_until: float
    annual_fee: float | None
    currency: str | None
    used_s: Floats
    running_s: Floats

    def share(self, days: int) -> Floats:
        """Use as a share of running time over trailing days; NaN where it ran for less than 100 hours."""
        used, running = trailing_sum(self.used_s, days), trailing_sum(self.running_s, days)
        return np.where(running >= 100 * 3600, used / np.maximum(running, 1.0), np.nan)

    def entitled(self, first_day: int, rows: int) -> Bools:
        """On which days it is paid for; row 0 is `first_day`."""
        day = first_day + np.arange(rows)
        return (day >= self.entitled_from) & (day <= self.entitled_until)


@dataclass(frozen=True, kw_only=True)
class Month:
    """One whole month: uptime of all machines, NaN below 80 % coverage, and slopes up to it. stops: how many began;
    known_h: planned hours of which the state is known."""

    number: int
    uptime: float
    slopes: tuple[Slope, ...]
    uptime_of_year: float
    stops: float
    known_h: float


@dataclass(frozen=True, kw_only=True)
class CustomerWork:
    """One customer over the block's hours and the days kept from before.

    days: COLUMNS a day. guaranteed, promised: availability by row, NaN where there is none. months: every whole
    month since the first. activity: what was asked of the machines, by month, the newest under way.
    """

    block: CustomerBlock
    hours: int
    days: DailyHistory
    guaranteed: Floats
    promised: Floats
    guarantees: GuaranteeWork
    months: tuple[Month, ...]
    capabilities: tuple[Capability, ...]
    losses: Mapping[int, Floats]
    silent_h: Mapping[int, Floats]
    activity: tuple[ActivityMonth, ...]

    @property
    def known_s(self) -> Floats:
        """Known PBT a day."""
        return self.days.column(PBT) - self.days.column(UNKNOWN_S)

    @property
    def down_s(self) -> Floats:
        """Time of stops a day, in orders or not."""
        return self.days.column(STOPPED)
