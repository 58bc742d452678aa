"""What one assessment concludes: rows with the columns of the tables they are saved in, and the alerts' episodes.

All instants are aware UTC datetimes. Money is None where it is unknown, never zero.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from shared.alerts import AlertLife, Resolution, Tier

# The namespace of episode identities; any constant does, as long as it never changes.
_EPISODES = UUID("5b0a6a3e-6c1c-4c55-9c53-8f7f3f1d2b90")


@dataclass(frozen=True, kw_only=True)
class IntervalRow:
    """Row of `state_intervals`."""

    asset_id: int
    started_at: datetime
    ended_at: datetime | None
    state: str
    cause: str | None
    failure: bool
    cause_basis: str | None
    cause_why: str | None


@dataclass(frozen=True, kw_only=True)
class TimesRow:
    """Row of `times_daily`, seconds; the last day may be unfinished and then counts to the block's end.

    None where the input is not declared or not sent: counts, maintenance, orders.
    """

    asset_id: int
    day: date
    pot_s: float
    planned_s: float
    pbt_s: float
    apt_s: float
    stopped_s: float
    adot_s: float
    unknown_s: float
    supplier_down_s: float
    failures: int
    repair_s: float
    produced: float | None
    good: float | None
    asut_s: float
    adet_s: float
    customer_down_s: float
    external_down_s: float
    operator_down_s: float
    unknown_down_s: float
    failed_s: float
    pmt_s: float | None
    cmt_s: float | None
    aubt_s: float | None
    aoet_s: float | None
    scrapped: float | None
    reworked: float | None
    inspected: float | None
    first_pass: float | None
    planned_run_s: float | None
    capacity: float | None
    counted_apt_s: float | None
    waiting_s: float


@dataclass(frozen=True, kw_only=True)
class LifeDayRow:
    """Row of `life_days`: what remaining life is learned from. readings, terms: name to the day's mean.

    confidence: probability of a failure as condition alone foretold it.
    """

    asset_id: int
    day: date
    readings: dict[str, float]
    terms: dict[str, float]
    deviation: float | None
    confidence: float | None
    renewed: bool


@dataclass(frozen=True, kw_only=True)
class RiskStepRow:
    """Row of `risk_steps`: what a machine told from a UTC midnight up to `at`, the next one or the end of an hour with
    a fault; what the risk of failure is learned from."""

    asset_id: int
    at: datetime
    told: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class SignalRow:
    """Row of `signals`; the customer is the assessment's. What foretells nothing has neither confidence nor a date."""

    scope_type: str
    scope_id: int
    kind: str
    day: date
    value: float | None
    confidence: float | None = None
    expected_at: datetime | None = None
    expected_low: datetime | None = None
    expected_high: datetime | None = None
    evidence: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class CustomerHealthRow:
    """Row of `customer_health`; contributions are points lost and sum to 100 - health where health is known.

    groups: what each group weighs, covers and costs, with its measures. exceptions: those that stand. change: points
    against the day before and their parts; None on the first day.
    """

    day: date
    health: float | None
    coverage: float
    contributions: dict[str, float]
    groups: dict[str, object]
    exceptions: list[str]
    change: dict[str, object] | None


@dataclass(frozen=True, kw_only=True)
class ValueRow:
    """Row of `value_monthly`; the last month may be unfinished.

    money: gross; net: less fees and maintenance, None with the reason in `net_unknown`. author, said_on: of the
    assumptions that money rests on.
    """

    month: date
    line_of_business: str
    rung: str
    counterfactual: str
    hours_avoided: float | None
    good_units_gained: float | None
    money: float | None
    money_low: float | None
    money_high: float | None
    currency: str | None
    basis: str
    promised_money: float | None
    coverage: float
    hours_low: float | None = None
    hours_high: float | None = None
    units_low: float | None = None
    units_high: float | None = None
    author: str | None = None
    said_on: date | None = None
    maintenance: float | None = None
    maintenance_currency: str | None = None
    fees: float | None = None
    fees_currency: str | None = None
    net: float | None = None
    net_low: float | None = None
    net_high: float | None = None
    net_unknown: str | None = None


@dataclass(frozen=True, kw_only=True)
class CumulatedRow:
    """Row of `value_cumulated`: value since the start up to a month, of a line of business, or of all of them (`*`).

    months: with planned time; money_months: those of them in which the money of no line that ran is unknown, which are
    the ones that money and net add up. ratio: realized over promised, of the months in which both are known.
    """

    month: date
    line_of_business: str
    rung: str
    counterfactual: str
    months: int
    money_months: int
    hours_avoided: float | None
    hours_low: float | None
    hours_high: float | None
    good_units_gained: float | None
    units_low: float | None
    units_high: float | None
    money: float | None
    money_low: float | None
    money_high: float | None
    money_unknown: str | None
    net: float | None
    net_low: float | None
    net_high: float | None
    net_unknown: str | None
    currency: str | None
    basis: str
    author: str | None
    said_on: date | None
    promised_money: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_of: str | None
    coverage: float


@dataclass(frozen=True, kw_only=True)
class OutlookRow:
    """Row of `value_outlooks`: value since the start as it will stand on a day, foretold at the end of `month`.

    horizon: renewal, 1_year, 3_years, 5_years, 15_years. Each figure with its 5 % and 95 % points.
    """

    month: date
    line_of_business: str
    horizon: str
    at: date
    hours_avoided: float | None
    hours_low: float | None
    hours_high: float | None
    money: float | None
    money_low: float | None
    money_high: float | None
    net: float | None
    net_low: float | None
    net_high: float | None
    currency: str | None
    basis: str
    promised_money: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_of: str | None


@dataclass(frozen=True, kw_only=True)
class UpdateEffectRow:
    """Row of `update_effects`: what a software release did to a customer's machines of a type, by difference in
    differences against those that did not get it; each figure with its 5 % and 95 % points, more is better.

    uptime: share of known planned time; rate: good units an hour of production, as a share of the rate before. None
    where it is not known, with the reason.
    """

    asset_type: str
    version: str
    released_on: date
    as_of: date
    days: int
    machines: int
    controls: int
    uptime: float | None
    uptime_low: float | None
    uptime_high: float | None
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    unknown: str | None


@dataclass(frozen=True, kw_only=True)
class Stake:
    """What an alert is about to cost; each figure None where nobody can know it."""

    hours: float | None = None
    contract_value: float | None = None
    money: float | None = None
    money_low: float | None = None
    money_high: float | None = None
    currency: str | None = None
    basis: str = "measured"


@dataclass(frozen=True, kw_only=True)
class AlertContent:
    """What an alert says: the columns of `alerts` that are not its life."""

    tier: Tier
    sentence: str
    evidence: dict[str, object]
    stake: Stake
    expected_at: datetime | None
    expected_low: datetime | None
    expected_high: datetime | None
    confidence: float | None
    owner_role: str
    play: str


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What an alert said when it opened: by this it is judged, whatever it says later."""

    tier: Tier
    expected_at: datetime | None
    expected_low: datetime | None
    expected_high: datetime | None
    confidence: float | None


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One alert: an opened episode of (kind, scope) and how it stands at the end of the block.

    `pending_since` identifies the episode of its (kind, scope), so assessing the same data again finds the same
    alert. Episodes that never held long enough to open are not alerts and not listed.
    """

    kind: str
    scope_type: str
    scope_id: int
    life: AlertLife
    content: AlertContent
    issued: Issued | None = None

    def alert_id(self, customer_id: int) -> UUID:
        """The alert's identity: the same for the same customer, kind, scope and start."""
        start = self.life.pending_since.isoformat()
        return uuid5(_EPISODES, f"{customer_id}/{self.kind}/{self.scope_type}/{self.scope_id}/{start}")


@dataclass(frozen=True, kw_only=True)
class OutcomeRow:
    """Row of `outcomes`: what happened to a scope, or did not happen where it could have, that alerts are judged by."""

    scope_type: str
    scope_id: int
    outcome: str
    at: datetime
    happened: bool


@dataclass(frozen=True, kw_only=True)
class ForecastRow:
    """Row of `forecasts`: the probability, None where there was none, of a kind's outcome in (at, until]."""

    kind: str
    scope_type: str
    scope_id: int
    horizon_days: int
    at: datetime
    until: datetime
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class PersonAction:
    """What a person did to an episode.

    action: acknowledge, unacknowledge, snooze, unsnooze, assign, comment or resolve. at: wall time. effective_at: the
    event time up to which the customer was assessed when the person acted, from which a resolution counts.
    """

    kind: str
    scope_type: str
    scope_id: int
    pending_since: datetime
    at: datetime
    effective_at: datetime
    actor: str
    action: str
    until: datetime | None = None
    reason: str | None = None
    resolution: Resolution | None = None
    assigned_to: str | None = None
