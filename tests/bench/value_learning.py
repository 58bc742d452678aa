"""What a made-up world's own contracts that came due teach, quarter by quarter, as they do live.

The signs of a contract do not hang on what was learned. So customers are assessed one by one without it, and each risk
is told anew by the model of its day: what a fleet that is assessed together comes to.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import cast

from services.health.assessment import SignalRow
from services.health.portfolio.past_renewals import Judged, past_renewals
from services.health.portfolio.portfolio_rows import ContractVersion
from services.health.prognostic_assessment.renewal_learning import learn
from services.health.prognostic_assessment.renewal_model import RenewalModel
from tests.bench.value_plants import month_start
from tests.bench.value_told import Told
from tests.bench.value_truth import MONTHS

_QUARTER = 3


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def signs_of(row: SignalRow) -> Mapping[str, float]:
    """The signs by which a renewal was judged."""
    return cast(Mapping[str, float], row.evidence["signs"])


def models_of(world: Sequence[Told]) -> tuple[RenewalModel, ...]:
    """The models of the quarters of one world, each of what was known at its first midnight."""
    contracts = [contract for told in world for contract in _contracts(told)]
    judged = [row for told in world for row in _judged(told)]
    days = (month_start(month).date() for month in range(_QUARTER, MONTHS, _QUARTER))
    found = (learn(past_renewals(contracts, (), judged, day), day_number(day)) for day in days)
    return tuple(model for model in found if model is not None)


def _contracts(told: Told) -> Iterator[ContractVersion]:
    for number, term in enumerate(told.truth.terms, 1):
        begins = month_start(term.start).date()
        yield ContractVersion(
            customer_id=told.truth.customer,
            contract=str(number),
            valid_from=begins,
            signed_on=None,
            starts_on=begins,
            ends_on=month_start(term.end).date() - timedelta(days=1),
            annual_value=None,
            currency=None,
        )


def _judged(told: Told) -> Iterator[Judged]:
    for row in told.signals:
        if row.kind == "renewal_risk":
            yield Judged(customer_id=told.truth.customer, contract=str(row.scope_id), day=row.day, signs=signs_of(row))
