"""What is known of one asset when its alerts and its customer's figures are reckoned."""

from dataclasses import dataclass

from services.health.block import AssetBlock, Bools, Floats
from services.health.health_assessment.asset_life import AssetLifeResult
from services.health.health_assessment.daily_history import DailyHistory
from services.health.health_assessment.month_uptime import Months
from services.health.health_assessment.sensor_faults import SensorFaults
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.change_detection.change import ChangeFindings
from services.health.state_detection.condition import ConditionFindings
from services.health.state_detection.state_intervals import Intervals
from services.health.value_assessment.counterfactuals import Counterfactual


@dataclass(frozen=True, kw_only=True)
class AssetStates:
    """What one asset was doing up to a block's end, and its times.

    intervals: None for an asset that reports no states. calendar: while it stood here. daily: DAILY_FIELDS of the
    block's days, the first of which is `first_day` (days since 1970-01-01); the last one counts up to the block's end.
    """

    asset: AssetBlock
    intervals: Intervals | None
    calendar: Calendar
    first_day: int
    daily: Floats


@dataclass(frozen=True, kw_only=True)
class AssetWork:
    """One asset over the block's hours and the days kept from before.

    days: FIELDS of `times` a day. usage: capability to seconds in use and seconds running of known use, a day.
    intervals: None for an asset that reports no states. findings, changes, life: None for one without condition
    metrics. covered: hours in which any condition metric was known; running: hours of production; repaired: hours in
    which a repair ended. older_failures, older_repair_s, older_known_s: totals of the days before the kept ones.
    calendar: when it was meant to run while it stood here. months: number and uptime of each whole month.
    """

    asset: AssetBlock
    site_name: str
    days: DailyHistory
    usage: dict[str, DailyHistory]
    intervals: Intervals | None
    findings: ConditionFindings | None
    changes: ChangeFindings | None
    life: AssetLifeResult | None
    covered: Bools
    running: Bools
    repaired: Bools
    first_day: int | None
    older_failures: float
    older_repair_s: float
    older_known_s: float
    calendar: Calendar
    counterfactual: Counterfactual | None
    sensors: SensorFaults
    months: Months
