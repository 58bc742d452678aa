"""How a customer's business goes, whether its world changed, and what it could recover, as rows of signals. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from math import isfinite

from services.health.advisory_generation.distress_conditions import evidence_of, may_tell_business
from services.health.assessment import SignalRow
from services.health.health_assessment.customer_work import CustomerWork
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.value_assessment.operating_mode import outlook
from services.health.value_assessment.recoverable_loss import Loss, recoverable
from services.health.value_assessment.world_change import Turn, since_day
from shared.months import month_number

_TOLD_LOSSES = 3


def world_rows(work: CustomerWork, told: Sequence[Turn], peers: Sequence[PeerModel]) -> Iterator[SignalRow]:
    """All rows of the block's whole days."""
    whole_days = work.hours // 24
    yield from mode_rows(work, whole_days)
    yield from proposal_rows(work, told)
    yield from loss_rows(work, whole_days, peers)


def month_ends(work: CustomerWork, whole_days: int) -> list[date]:
    """The last days of months among the block's whole days."""
    days = (work.block.start.date() + timedelta(days=count) for count in range(whole_days))
    return [day for day in days if (day + timedelta(days=1)).day == 1]


def mode_rows(work: CustomerWork, whole_days: int) -> Iterator[SignalRow]:
    """What is asked of the machines as a share of a year ago, with the operating mode, at each month's end; nothing of
    a customer who did not agree to it."""
    if not may_tell_business(work.block):
        return
    for day in month_ends(work, whole_days):
        said = outlook(work.activity, month_number(day))
        value = said.of_a_year_ago if isfinite(said.of_a_year_ago) else None
        if value is not None or said.mode is not None:
            evidence = {"mode": said.mode} | evidence_of(work.activity, said)
            yield customer_signal(work, "operating_mode", day, value, evidence)


def proposal_rows(work: CustomerWork, told: Sequence[Turn]) -> Iterator[SignalRow]:
    """Each proposal of a new baseline on the day on which it was made, 1, and on that of its answer, 0."""
    for turn in told:
        evidence: dict[str, object] = {
            "since": since_day(turn.proposal).isoformat(),
            "changed": [dict(vars(moved)) for moved in turn.proposal.moved],
            "answer": turn.answer,
        }
        yield customer_signal(work, "baseline_proposal", turn.day, float(turn.answer is None), evidence)


def loss_rows(work: CustomerWork, whole_days: int, peers: Sequence[PeerModel]) -> Iterator[SignalRow]:
    """The hours a year of the largest loss against the best peers at each month's end, with the next ones.

    Null with how many peers are missing; nothing of a customer who does not let itself be compared.
    """
    for day in month_ends(work, whole_days):
        found = recoverable(work.activity, work.block, peers, month_number(day))
        if found is not None:
            value = round(found.losses[0].hours, 1) if found.losses else None if found.missing else 0.0
            losses = [_loss_told(loss) for loss in found.losses[:_TOLD_LOSSES]]
            yield customer_signal(
                work, "recoverable_loss", day, value, {"losses": losses, "missing_peers": found.missing}
            )


def _loss_told(loss: Loss) -> dict[str, object]:
    def told(amount: float | None, digits: int) -> dict[str, float] | None:
        if amount is None:
            return None
        named = (("value", 1.0), ("low", loss.low), ("high", loss.high))
        return {name: round(amount * factor, digits) for name, factor in named}

    money = told(loss.money, 2)
    return {
        "asset_type": loss.asset_type,
        "category": loss.category,
        "share": round(loss.share, 4),
        "best_share": loss.level.best,
        "median_share": loss.level.median,
        "peers": loss.level.peers,
        "hours_a_year": told(loss.hours, 1),
        "units_a_year": told(loss.units, 0),
        "money_a_year": None if money is None else money | {"currency": loss.currency},
        "basis": loss.basis,
    }


def customer_signal(
    work: CustomerWork, kind: str, day: date, value: float | None, evidence: dict[str, object]
) -> SignalRow:
    """A signal of the customer as a whole."""
    return SignalRow(
        scope_type="customer",
        scope_id=work.block.customer_id,
        kind=kind,
        day=day,
        value=value,
        evidence=evidence,
    )
