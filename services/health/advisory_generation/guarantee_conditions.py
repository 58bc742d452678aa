"""When a guarantee deserves an alert: its budget will not last, or burns fast while little of it is left. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from services.health.advisory_generation.alert_facts import content, instant, percent, quantity, spoken_day, stake_of
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition
from services.health.assessment import AlertContent, Stake
from services.health.block import Bools, Contract, Floats
from services.health.health_assessment.customer_work import CustomerWork
from services.health.health_assessment.daily_history import at_midnights, hourly
from services.health.health_assessment.guarantee_work import GuaranteeWork
from services.health.prognostic_assessment.guarantees.budget import DOWN_S, RECENT_DAYS, Budget
from services.health.prognostic_assessment.guarantees.burn import Burning, burning
from shared.alerts import Tier

# The probability is calibrated (`make bench-signals`), so an alert raised here is right in six of ten cases at least.
LIKELY_BREACH, UNLIKELY_BREACH = 0.6, 0.35
# A burn is worth a call where the window is expected to end with at least this much of its budget spent.
SCARCE = 0.8


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The guarantee of one contract.

    scope_id: that of its alerts. mornings: what is known of it on the morning of each day of the block, None where
    nothing is claimed.
    """

    scope_id: int
    contract: str
    versions: tuple[Contract, ...]
    mornings: list[Budget | None]


def promises(work: CustomerWork) -> list[Promise]:
    """The guarantees that a customer has, had or will have, by contract."""
    found = []
    for name in sorted({c.external_id for c in work.block.contracts if c.guaranteed_availability is not None}):
        versions = tuple(c for c in work.block.contracts if c.external_id == name)
        told = (work.guarantees.known_on(day) for day in range(-(-work.hours // 24)))
        mornings = [next((b for b in budgets if b.contract == name), None) for budgets in told]
        scope_id = min(version.contract_id for version in versions)
        found.append(Promise(scope_id=scope_id, contract=name, versions=versions, mornings=mornings))
    return found


def guarantee_breach(work: CustomerWork, promise: Promise) -> Condition:
    """The error budget will probably not last until the window ends, or is spent already; or it burns, with most of it
    expected to be spent: one alert, which either raises, and which is over when neither is so any more.

    It ends as materialised where a window closes with its budget overspent, or a rolling one first is; the next window
    is told of anew. After a day of which little was heard nothing is known, though the probability goes on.
    """
    mornings, guarantees = promise.mornings, work.guarantees
    broken = [_materialised(guarantees, promise.contract, day) for day in range(len(mornings))]
    renewed = [guarantees.renewed(promise.contract, day) for day in range(len(mornings))]
    feared, calm, heard = (
        hourly(np.array(by_day, dtype=np.bool_), work.hours)
        for by_day in (
            [b is not None and b.heard and b.probability >= LIKELY_BREACH for b in mornings],
            [b is not None and b.heard and b.probability < UNLIKELY_BREACH for b in mornings],
            [b is not None and b.heard for b in mornings],
        )
    )
    told = _burning(work, promise)
    fires, over, burn_known = _burn_hours(work, told)

    def describe(hour: int) -> AlertContent:
        budget, pairs = mornings[hour // 24], told[hour // 24]
        if budget is None:
            return _unjudged_content(work)
        if pairs and _is_told_as_burn(budget, pairs, hour):
            return _burn_content(work, promise, budget, pairs, hour)
        return _breach_content(work, promise, budget, hour)

    return Condition(
        kind=KINDS["guarantee_breach"],
        scope_id=promise.scope_id,
        raised=feared | (fires & _scarce(work, promise)),
        cleared=calm & over,
        known=heard | burn_known,
        describe=describe,
        materialised=at_midnights(np.array(broken, dtype=np.bool_), work.hours),
        renewed=at_midnights(np.array(renewed, dtype=np.bool_), work.hours),
    )


def _materialised(guarantees: GuaranteeWork, contract: str, day: int) -> bool:
    """Whether by a morning a fixed window was over that had been broken, or a rolling one began to be broken."""
    whole = any(b.contract == contract and not b.breached for b in guarantees.evenings[day])
    begun = any(b.contract == contract and b.breached and b.rolling for b in guarantees.known_on(day))
    return (whole and begun) or any(b.contract == contract and b.breached for b in guarantees.closed(day))


def _unjudged_content(work: CustomerWork) -> AlertContent:
    facts: dict[str, object] = {
        "customer": work.block.name,
        "guaranteed": "an",
        "said": "whether it holds can no longer be judged",
    }
    return content(KINDS["guarantee_breach"], work.block, facts, {}, Stake(), tier=Tier.ACT)


def _breach_content(work: CustomerWork, promise: Promise, budget: Budget, hour: int) -> AlertContent:
    when = "is broken already" if budget.breached else "will be broken"
    at = instant(budget.expected[0])
    if not budget.breached and at is not None:
        when += f" around {spoken_day(at)}"
    return content(
        KINDS["guarantee_breach"],
        work.block,
        {
            "customer": work.block.name,
            "guaranteed": percent(budget.guaranteed),
            "said": f"at this rate the guarantee {when}",
        },
        {"told_by": "breach"} | _evidence(budget),
        _stake(work, promise, budget, hour),
        tier=Tier.ACT,
        expected=budget.expected,
        confidence=budget.probability,
    )


def _evidence(budget: Budget) -> dict[str, object]:
    return {
        "contract": budget.contract,
        "attributed_availability": quantity(100 * budget.attributed_availability, "%", 2),
        "guaranteed_availability": quantity(100 * budget.guaranteed, "%", 2),
        "supplier_downtime": quantity(budget.spent_s / 3600, "h"),
        "budget": quantity(budget.budget_s / 3600, "h"),
        "budget_spent": quantity(100 * budget.spent_share, "%", 0),
        "expected_downtime": quantity(budget.expected_s / 3600, "h"),
        "window": quantity(budget.days, "d", 0),
        "coverage": quantity(100 * budget.coverage, "%", 0),
    }


def _stake(work: CustomerWork, promise: Promise, budget: Budget, hour: int) -> Stake:
    """Hours expected beyond the budget at the window's end, and the credit that the contract agrees for them.

    The contract's value is left out where it is in another currency than the credit.
    """
    day: date = work.days.day(work.days.kept + hour // 24)
    over_h = max(0.0, max(budget.spent_s, budget.expected_s) - budget.budget_s) / 3600
    block = replace(work.block, contracts=promise.versions)
    stake = stake_of(block, block.assets, day, hours=over_h, cases=RECENT_DAYS)
    if budget.credit is None:
        return stake
    credit = budget.credit
    return replace(
        stake,
        contract_value=stake.contract_value if stake.currency == credit.currency else None,
        money=credit.expected,
        money_low=credit.low,
        money_high=credit.high,
        currency=credit.currency,
        basis="agreed",
    )


def _burn_hours(work: CustomerWork, told: Sequence[tuple[Burning, ...]]) -> tuple[Bools, Bools, Bools]:
    """Hours in which a pair fires, in which all are over, and in which all are known; shape (T,) each. A guarantee of
    100 % has nothing to burn, so that it is over."""
    fires, known = np.zeros(work.hours, dtype=np.bool_), np.zeros(work.hours, dtype=np.bool_)
    over = np.ones(work.hours, dtype=np.bool_)
    for day, pairs in enumerate(told):
        own = slice(24 * day, min(24 * day + 24, work.hours))
        if pairs:
            known[own] = np.logical_and.reduce([np.isfinite(pair.long[own]) for pair in pairs])
            fires[own] = np.logical_or.reduce([pair.fires[own] for pair in pairs]) & known[own]
            over[own] = np.logical_and.reduce([pair.over[own] for pair in pairs]) & known[own]
    return fires, over, known


def _is_told_as_burn(budget: Budget, pairs: Sequence[Burning], hour: int) -> bool:
    """Whether what burns says more than what is feared: it fires while a breach is not likely yet, or nothing else
    is left to say."""
    if budget.probability >= LIKELY_BREACH or budget.breached:
        return False
    lost = any(np.nan_to_num(pair.long[hour]) > 0 for pair in pairs)
    return any(bool(pair.fires[hour]) for pair in pairs) or (lost and budget.probability < UNLIKELY_BREACH)


def _burning(work: CustomerWork, promise: Promise) -> list[tuple[Burning, ...]]:
    """Pairs of the guarantee as it holds on each morning, over all hours; none where nothing is claimed."""
    by_terms: dict[tuple[float, int], tuple[Burning, ...]] = {}
    found: list[tuple[Burning, ...]] = []
    for budget in promise.mornings:
        if budget is None:
            found.append(())
            continue
        terms = (budget.guaranteed, budget.days)
        if terms not in by_terms:
            by_terms[terms] = burning(work.guarantees.hours, *terms, work.hours)
        found.append(by_terms[terms])
    return found


def _scarce(work: CustomerWork, promise: Promise) -> Bools:
    """Hours in which the window is expected to end with at least 80 % of the budget spent, today's downtime added."""
    down = work.guarantees.hours[-work.hours :, DOWN_S]
    found = np.zeros(work.hours, dtype=np.bool_)
    for day, budget in enumerate(promise.mornings):
        if budget is not None and budget.budget_s > 0:
            own = slice(24 * day, min(24 * day + 24, work.hours))
            found[own] = budget.expected_s + np.cumsum(down[own]) >= SCARCE * budget.budget_s
    return found


def _burn_content(
    work: CustomerWork, promise: Promise, budget: Budget, told: Sequence[Burning], hour: int
) -> AlertContent:
    """What burns as of an hour: the fastest pair that fires, else the one nearest to it."""
    burns: Floats = np.array([np.nan_to_num(pair.long[hour]) / pair.pair.threshold for pair in told])
    chosen = next((pair for pair in told if pair.fires[hour]), told[int(burns.argmax())])
    hours = chosen.pair.long_h
    lost_s = float(work.guarantees.hours[: len(work.guarantees.hours) - work.hours + hour + 1, DOWN_S][-hours:].sum())
    fast = chosen is not told[-1] and bool(chosen.fires[hour])
    share, window = percent(lost_s / budget.budget_s, 0), f"{hours} hours" if hours < 48 else f"{hours / 24:.0f} days"
    return content(
        KINDS["guarantee_breach"],
        work.block,
        {
            "customer": work.block.name,
            "guaranteed": percent(budget.guaranteed),
            "said": f"it has lost {share} of all that its guarantee allows within {window}, and the rest is short",
        },
        {"told_by": "burn"}
        | _evidence(budget)
        | {
            "burn": quantity(float(chosen.long[hour]), "times what the budget allows"),
            "burn_short": quantity(float(chosen.short[hour]), "times what the budget allows"),
            "threshold": quantity(chosen.pair.threshold, "times what the budget allows"),
            "burn_window": quantity(hours, "h", 0),
        },
        _stake(work, promise, budget, hour),
        tier=Tier.ACT if fast else Tier.WATCH,
        expected=budget.expected,
        confidence=budget.probability,
    )
