"""A customer's value in the months that a block touches: by month, since the start, and what is kept. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from services.health.assessment import CumulatedRow, OutlookRow, ValueRow
from services.health.block import CustomerBlock, Event
from services.health.health_assessment.asset_work import AssetWork
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.value_assessment.accruals import MonthOf, WorkOrders, month_of, work_orders
from services.health.value_assessment.counterfactuals import Counterfactual, counterfactual_of, declared, of_peers
from services.health.value_assessment.cumulated import ALL, cumulated_row, since_start, together
from services.health.value_assessment.month_so_far import Reporting, departed, reporting, so_far
from services.health.value_assessment.outlook import outlook_rows
from services.health.value_assessment.tallies import BusinessTally, ValueState
from services.health.value_assessment.value_months import BusinessMonth, business_month
from services.health.value_assessment.value_realized import Machine, line_of_business_of
from shared.months import month_number, month_start


@dataclass(frozen=True, kw_only=True)
class CustomerValue:
    """Rows of every month that the block touches, and the state after the last month that is over."""

    months: tuple[ValueRow, ...]
    cumulated: tuple[CumulatedRow, ...]
    outlooks: tuple[OutlookRow, ...]
    state: ValueState


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What a block's records tell of every month: business cases, work orders, and what peers do."""

    block: CustomerBlock
    peers: Sequence[PeerModel]
    cases: Sequence[tuple[Event, Counterfactual]]
    orders: WorkOrders


def customer_value(
    before: ValueState, block: CustomerBlock, assets: Sequence[AssetWork], peers: Sequence[PeerModel] = ()
) -> CustomerValue:
    """Value of every month that the block touches, as far as it reaches. before: of the months before these.

    peers: what machines do at other customers.
    """
    businesses = line_of_business_of(block)
    present = [reporting(a, businesses[a.asset.line_id]) for a in assets if a.intervals is not None]
    told = _Told(block=block, peers=tuple(peers), cases=declared(block), orders=work_orders(block))
    whole_until = (block.start + timedelta(days=block.hours // 24)).date()
    found = CustomerValue(months=(), cumulated=(), outlooks=(), state=replace(before, under_way={}))
    tallies = dict(before.businesses)
    first, last = month_number(block.start.date()), month_number((block.end - timedelta(seconds=1)).date())
    for number in range(first, last + 1):
        began, after = month_start(number), month_start(number + 1)
        gone = departed(before.under_way, present, began) if number == first else []
        until = month_of(number, block, ()).until
        planned = [machine for machine in (*present, *gone) if machine.planned(began, until)]
        lines = _lines(told, month_of(number, block, [machine.place for machine in planned]), planned, tallies)
        tallies |= {line.row.line_of_business: line.tally for line in lines}
        if began < whole_until < after:
            found = replace(found, state=replace(found.state, under_way=so_far(planned, began, whole_until)))
        found = _with_month(found, block, number, lines, tallies, is_over=after <= whole_until)
    return found


def _lines(
    told: _Told, month: MonthOf, planned: Sequence[Reporting], tallies: Mapping[str, BusinessTally]
) -> list[BusinessMonth]:
    """Every line of business that was planned to run in a month."""
    block, after = told.block, month_start(month.number + 1)
    found = []
    for business in sorted({machine.place.business for machine in planned}):
        machines = [
            Machine(
                place=each.place,
                days=each.days,
                against=counterfactual_of(block, each.place, told.cases, each.own, month.first, after)
                or of_peers(block, told.peers, each.asset_type, each.first_day, month.first),
            )
            for each in planned
            if each.place.business == business
        ]
        found.append(
            business_month(block, business, machines, month, told.orders, tallies.get(business, BusinessTally()))
        )
    return [each for each in found if each is not None]


def _with_month(
    found: CustomerValue,
    block: CustomerBlock,
    number: int,
    lines: Sequence[BusinessMonth],
    tallies: Mapping[str, BusinessTally],
    *,
    is_over: bool,
) -> CustomerValue:
    """The value with a month of some lines of business added. tallies: of all lines, the month in them."""
    state = replace(found.state, businesses=dict(tallies)) if is_over else found.state
    if not lines:
        return replace(found, state=state)
    since = {business: since_start(tallies[business]) for business in sorted(tallies)}
    everything = together(list(since.values()))
    cumulated = [cumulated_row(name, number, since[name]) for name in (line.row.line_of_business for line in lines)]
    parts = [(business, since[business], tallies[business].months) for business in since]
    outlooks = outlook_rows(block, number, parts, (ALL, everything)) if is_over else []
    return CustomerValue(
        months=(*found.months, *(line.row for line in lines)),
        cumulated=(*found.cumulated, *cumulated, cumulated_row(ALL, number, everything)),
        outlooks=(*found.outlooks, *outlooks),
        state=state,
    )
