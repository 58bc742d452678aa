"""What is known of each guarantee as rows of signals, a contract and day. Pure."""

from collections.abc import Iterator
from math import isfinite, nan

from services.health.advisory_generation.alert_facts import instant
from services.health.assessment import SignalRow
from services.health.health_assessment.customer_work import CustomerWork
from services.health.health_assessment.daily_history import day_of
from services.health.prognostic_assessment.guarantees.budget import Amount, Budget
from services.health.prognostic_assessment.guarantees.terms import Terms, terms_on
from services.health.state_detection.states import DAY_S

NO_CALENDAR = "no machine reports its states on a calendar that somebody gave"
TOO_LITTLE = "fewer than 28 of the last 90 days are known"


def guarantee_rows(work: CustomerWork, whole_days: int) -> Iterator[SignalRow]:
    """Every guarantee on the evening before each whole day; one on which nothing can be claimed says why."""
    for day in range(whole_days):
        row = work.days.kept + day
        judged = {budget.contract: budget for budget in work.guarantees.known_on(day)}
        for terms in terms_on(work.block.contracts, work.days.first_day + row - 1):
            budget = judged.get(terms.contract.external_id)
            yield from _unclaimed(work, terms, row) if budget is None else _claimed(work, budget, row)


def _claimed(work: CustomerWork, budget: Budget, row: int) -> Iterator[SignalRow]:
    evidence: dict[str, object] = {
        "window": "rolling" if budget.rolling else "fixed",
        "first_day": day_of(budget.first_day).isoformat(),
        "last_day": day_of(budget.last_day).isoformat(),
        "guaranteed": budget.guaranteed,
        "coverage": _rounded(budget.coverage, 4),
        "spent_h": _rounded(budget.spent_s / 3600, 2),
        "budget_h": _rounded(budget.budget_s / 3600, 2),
        "expected_h": _rounded(budget.expected_s / 3600, 2),
        "machines": budget.machines,
        "machines_without_calendar": budget.assumed,
        "burn": [
            {
                "hours": burn.pair.long_h,
                "long": _rounded(burn.long, 2),
                "short": _rounded(burn.short, 2),
                "threshold": _rounded(burn.pair.threshold, 2),
            }
            for burn in budget.burns
        ],
        "credit": _money(budget.credit),
        "bonus": _money(budget.bonus),
    }
    yield _signal(
        work,
        budget.contract_id,
        "attributed_availability",
        row,
        budget.attributed_availability,
        confidence=budget.probability,
        expected=budget.expected,
        evidence=evidence,
    )
    yield _signal(work, budget.contract_id, "guarantee_budget_spent", row, budget.spent_share)
    yield _signal(work, budget.contract_id, "guarantee_breach", row, budget.probability, expected=budget.expected)
    if budget.burns:
        yield _signal(work, budget.contract_id, "guarantee_burn", row, budget.burns[-1].long)
    if budget.credit is not None:
        evidence = {"low": budget.credit.low, "high": budget.credit.high, "currency": budget.credit.currency}
        yield _signal(work, budget.contract_id, "guarantee_credit", row, budget.credit.expected, evidence=evidence)


def _unclaimed(work: CustomerWork, terms: Terms, row: int) -> Iterator[SignalRow]:
    versions = [c for c in work.block.contracts if c.external_id == terms.contract.external_id]
    why = TOO_LITTLE if work.guarantees.given_from < DAY_S * (work.days.first_day + row) else NO_CALENDAR
    scope_id = min(version.contract_id for version in versions)
    yield _signal(work, scope_id, "attributed_availability", row, nan, evidence={"not_claimed": why})


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if isfinite(value) else None


def _money(amount: Amount | None) -> dict[str, object] | None:
    return None if amount is None else dict(vars(amount))


def _signal(
    work: CustomerWork,
    contract_id: int,
    kind: str,
    row: int,
    value: float,
    *,
    confidence: float = nan,
    expected: tuple[float, float, float] = (nan, nan, nan),
    evidence: dict[str, object] | None = None,
) -> SignalRow:
    at, low, high = (instant(seconds) for seconds in expected)
    return SignalRow(
        scope_type="contract",
        scope_id=contract_id,
        kind=kind,
        day=work.days.day(row),
        value=value if isfinite(value) else None,
        confidence=confidence if isfinite(confidence) else None,
        expected_at=at,
        expected_low=low,
        expected_high=high,
        evidence=evidence or {},
    )
