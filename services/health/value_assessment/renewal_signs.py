"""The signs by which a contract's renewal is judged, at the ends of months and at any time of its term. Pure.

promise  stops of the last twelve months against what the promised availability leaves for them
gain     the same against the customer's first two months
trend    the same against the twelve months before, of a shorter past its later half against its earlier
orders   hours of production of the last 90 days against those of 90 days ten months earlier
unused   share of the bought capabilities that are hardly used
alerts   1 - 0.5 ^ alerts that stand open
survey   what customers answered, from 0.7 of the best downwards, half as much after each quarter
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from services.health.assessment import Episode, SignalRow
from services.health.block import Contract, Floats
from services.health.health_assessment.customer_health.relation import survey
from services.health.health_assessment.customer_work import CustomerWork
from services.health.health_assessment.records_in_force import contracts_on
from services.health.prognostic_assessment.renewal_model import RenewalModel, newest
from services.health.state_detection.times import APT, PBT, UNKNOWN_S
from services.health.value_assessment.renewal_risk import doubling, renewal_risk
from shared.months import month_start

LEAST_MONTHS, YEAR, FIRST_MONTHS = 6, 12, 2
ORDER_DAYS, EARLIER_DAYS = 90, 300
USE_DAYS, UNUSED = 60, 0.10
_PLEASED = 0.7


def renewal_rows(
    work: CustomerWork, episodes: Sequence[Episode], models: Sequence[RenewalModel]
) -> Iterator[SignalRow]:
    """A signal `renewal_risk` of each contract in force on the last day of each month that ended in the block.

    By the newest model that was learned by then; its evidence holds the signs, from which later ones are learned.
    """
    for place, month in enumerate(work.months, 1):
        day = month_start(month.number + 1) - timedelta(days=1)
        row = work.days.row_of(day)
        if row < work.days.kept:
            continue
        common = _common(work, np.array([m.uptime for m in work.months[:place]]), row, episodes)
        model = newest(models, work.days.first_day + row)
        for contract in contracts_on(work.block.contracts, day):
            signs = common | _of_promise(work, contract, place)
            risk = renewal_risk(signs, model)
            if risk is not None:
                evidence: dict[str, object] = {
                    "prior": risk.prior,
                    "contributions": risk.contributions,
                    "signs": signs,
                    "learned_from": model.contracts,
                }
                yield _signal(_first_version(work, contract), day, risk.value, evidence)


def _first_version(work: CustomerWork, contract: Contract) -> int:
    return min(c.contract_id for c in work.block.contracts if c.external_id == contract.external_id)


def _signal(contract_id: int, day: date, value: float, evidence: dict[str, object]) -> SignalRow:
    return SignalRow(
        scope_type="contract",
        scope_id=contract_id,
        kind="renewal_risk",
        day=day,
        value=value,
        evidence=evidence,
    )


def _common(work: CustomerWork, uptime: Floats, row: int, episodes: Sequence[Episode]) -> dict[str, float]:
    """What is the same for every contract of the customer."""
    found = {
        **_course(1 - uptime),
        "orders": _orders(work, row),
        "unused": _unused(work, row),
        "alerts": _alerts(episodes, work.days.day(row)),
        "survey": _survey(work, row),
    }
    return {name: sign for name, sign in found.items() if sign is not None}


def _course(stops: Floats) -> dict[str, float]:
    """Gain and trend from the share of stops of each month since the first."""
    if np.isfinite(stops).sum() < LEAST_MONTHS:
        return {}
    span = min(YEAR, len(stops) // 2)
    now, before, first = (_mean(part) for part in (stops[-span:], stops[-2 * span : -span], stops[:FIRST_MONTHS]))
    found = {"trend": doubling(now, before), "gain": doubling(_mean(stops[-YEAR:]), first)}
    return {name: sign for name, sign in found.items() if np.isfinite(sign)}


def _mean(part: Floats) -> float:
    known = part[np.isfinite(part)]
    return float(known.mean()) if len(known) else float("nan")


def _of_promise(work: CustomerWork, contract: Contract, months: int) -> dict[str, float]:
    """The promise of the contract itself, against at least six months."""
    stops = 1 - np.array([m.uptime for m in work.months[max(0, months - YEAR) : months]])
    if contract.promised_availability is None or np.isfinite(stops).sum() < LEAST_MONTHS:
        return {}
    return {"promise": doubling(_mean(stops), 1 - contract.promised_availability)}


def _orders(work: CustomerWork, row: int) -> float | None:
    """Fewer hours of production than ten months earlier, 0 to 1: more of them promise nothing."""
    now, before = (_production(work, last) for last in (row, row - EARLIER_DAYS))
    if now is None or not before:
        return None
    return min(1.0, max(0.0, 1.0 if now <= 0 else float(np.log2(before / now))))


def _production(work: CustomerWork, last: int) -> float | None:
    """Seconds of production in 90 days, as if what is not known were like what is; None below half known."""
    first = last + 1 - ORDER_DAYS
    if first < 0:
        return None
    days = work.days.table[first : last + 1]
    planned, known = float(days[:, PBT].sum()), float((days[:, PBT] - days[:, UNKNOWN_S]).sum())
    return float(days[:, APT].sum()) * planned / known if known > 0 and known >= 0.5 * planned else None


def _unused(work: CustomerWork, row: int) -> float | None:
    idle = []
    for capability in work.capabilities:
        share = float(capability.share(USE_DAYS)[row])
        if capability.entitled(work.days.first_day, len(work.days.table))[row] and np.isfinite(share):
            idle.append(share < UNUSED)
    return float(np.mean(idle)) if idle else None


def _alerts(episodes: Sequence[Episode], day: date) -> float:
    midnight = datetime.combine(day, time(), UTC) + timedelta(days=1)
    standing = 0
    for episode in episodes:
        opened, resolved = episode.life.opened_at, episode.life.resolved_at
        standing += opened is not None and opened < midnight and (resolved is None or resolved >= midnight)
    return 1 - 0.5**standing


def _survey(work: CustomerWork, row: int) -> float | None:
    said = survey(work.block, np.array([work.days.first_day + row]))
    if not said.applies[0] or said.freshness is None or said.freshness[0] <= 0:
        return None
    sour = (_PLEASED - float(said.goodness[0])) / (1 - _PLEASED)
    return float(min(1.0, max(-1.0, sour)) * said.freshness[0])
