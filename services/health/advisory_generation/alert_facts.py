"""What an alert says and what is at stake, from facts and records. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import isfinite, sqrt

from services.health.advisory_generation.alert_kinds import AlertKind
from services.health.assessment import AlertContent, Stake
from services.health.block import AssetBlock, CustomerBlock
from services.health.health_assessment.records_in_force import annual_value_on, economics_on
from services.health.value_assessment.value_realized import line_of_business_of
from shared.alerts import Tier

_Z90 = 1.645


def quantity(value: float | None, unit: str, digits: int = 1) -> dict[str, object]:
    """A number of the evidence with its unit; None where it is unknown."""
    return {"value": None if value is None or not isfinite(value) else round(float(value), digits), "unit": unit}


def percent(share: float, digits: int = 1) -> str:
    """A share as people write it."""
    return f"{100 * share:.{digits}f} %"


def spoken_day(at: datetime) -> str:
    """The day as people write it: 7 October 2026."""
    return f"{at.day} {at:%B %Y}"


def instant(seconds: float) -> datetime | None:
    """UTC datetime of Unix seconds, to the hour: no forecast is finer; None for NaN and beyond the calendar."""
    if not isfinite(seconds) or seconds > 2.5e11:
        return None
    return datetime.fromtimestamp(round(seconds / 3600) * 3600, UTC)


def content(
    kind: AlertKind,
    block: CustomerBlock,
    facts: dict[str, object],
    evidence: dict[str, object],
    stake: Stake,
    *,
    tier: Tier | None = None,
    expected: tuple[float, float, float] | None = None,
    confidence: float | None = None,
) -> AlertContent:
    """An alert's content. expected: when it will happen, low and high, in Unix seconds."""
    at, low, high = (None, None, None) if expected is None else (instant(seconds) for seconds in expected)
    return AlertContent(
        tier=tier or kind.tier,
        sentence=kind.sentence.format(**facts),
        evidence=evidence,
        stake=stake,
        expected_at=at,
        expected_low=low,
        expected_high=high,
        confidence=None if confidence is None or not isfinite(confidence) else round(float(confidence), 2),
        owner_role=kind.owner_role(block.owner_roles),
        play=kind.play,
    )


def stake_of(
    block: CustomerBlock, assets: Sequence[AssetBlock], day: date, *, hours: float | None, cases: int
) -> Stake:
    """What `hours` of downtime of some assets cost on a day, and their part of the contract's value.

    cases: how many past cases `hours` is the mean of. The error of money is that of a mean of so many exponential
    durations, sd = mean / sqrt(cases); low and high are its 5 % and 95 % points. Money is None where an asset's hour
    has no price or currencies differ.
    """
    annual, currency = annual_value_on(block.contracts, day)
    part = len(assets) / len(block.assets) if block.assets else 0.0
    value = None if annual is None else round(annual * part, 2)
    if hours is None or not assets:
        return Stake(contract_value=value, currency=currency, basis="measured" if value is None else "supplier")
    hours = round(hours, 1)
    businesses = line_of_business_of(block)
    prices = [economics_on(block.economics, a.site_id, businesses[a.line_id], day) for a in assets]
    known = [(p.downtime_cost_per_hour, p) for p in prices if p is not None and p.downtime_cost_per_hour is not None]
    if (
        len(known) < len(assets)
        or len({p.currency for _, p in known}) > 1
        or known[0][1].currency != (currency or known[0][1].currency)
    ):
        basis = "measured" if value is None else "supplier"
        return Stake(hours=hours, contract_value=value, currency=currency, basis=basis)
    money = hours * sum(cost for cost, _ in known) / len(known)
    error = _Z90 / sqrt(cases) if cases else 1.0
    return Stake(
        hours=hours,
        contract_value=value,
        money=round(money, 2),
        money_low=round(max(0.0, money * (1 - error)), 2),
        money_high=round(money * (1 + error), 2),
        currency=known[0][1].currency,
        basis=known[0][1].basis,
    )
