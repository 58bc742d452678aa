"""A customer's value in the months that a block touches: by month, since the start, and what is kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from services.health.assessment import CumulatedRow, OutlookRow, ValueRow
from services.health.block import CustomerBlock
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.daily_history import month_number, month_start
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.value_assessment.accruals import month_of, work_orders
from services.health.value_assessment.counterfactuals import counterfactual_of, declared, of_peers
from services.health.value_assessment.cumulated import ALL, cumulated_row, since_start, together
from services.health.value_assessment.month_so_far import departed, reporting, so_far
from services.health.value_assessment.outlook import outlook_rows
from services.health.value_assessment.tallies import BusinessTally, ValueState
from services.health.value_assessment.value_months import business_month
from services.health.value_assessment.value_realized import Machine, line_of_business_of


@dataclass(frozen=True, kw_only=True)
class CustomerValue:
    """Rows of every month that the block touches, and the state after the last month that is over."""

    months: tuple[ValueRow, ...]
    cumulated: tuple[CumulatedRow, ...]
    outlooks: tuple[OutlookRow, ...]
    state: ValueState


def customer_value(
    before: ValueState, block: CustomerBlock, assets: Sequence[AssetWork], peers: Sequence[PeerModel] = ()
) -> CustomerValue:
    """Value of every month that the block touches, as far as it reaches. before: of the months before these.

    peers: what machines do at other customers.
    """
    businesses = line_of_business_of(block)
    present = [reporting(a, businesses[a.asset.line_id]) for a in assets if a.intervals is not None]
    said, orders = declared(block), work_orders(block)
    whole_until = (block.start + timedelta(days=block.hours // 24)).date()
    rows: list[ValueRow] = []
    cumulated: list[CumulatedRow] = []
    outlooks: list[OutlookRow] = []
    tallies, state = dict(before.businesses), replace(before, under_way={})
    first, last = month_number(block.start.date()), month_number((block.end - timedelta(seconds=1)).date())
    for number in range(first, last + 1):
        began, after = month_start(number), month_start(number + 1)
        gone = departed(before.under_way, present, began) if number == first else []
        until = month_of(number, block, ()).until
        planned = [machine for machine in (*present, *gone) if machine.planned(began, until)]
        month = month_of(number, block, [machine.place for machine in planned])
        if began < whole_until < after:
            state = replace(state, under_way=so_far(planned, began, whole_until))
        touched = []
        for business in sorted({machine.place.business for machine in planned}):
            machines = [
                Machine(
                    place=each.place,
                    days=each.days,
                    against=counterfactual_of(block, each.place, said, each.own, began, after)
                    or of_peers(block, peers, each.asset_type, each.first_day, began),
                )
                for each in planned
                if each.place.business == business
            ]
            found = business_month(block, business, machines, month, orders, tallies.get(business, BusinessTally()))
            if found is not None:
                rows.append(found.row)
                tallies[business] = found.tally
                touched.append(business)
        if touched:
            since = {business: since_start(tally) for business, tally in tallies.items()}
            cumulated += [cumulated_row(business, number, since[business]) for business in touched]
            cumulated.append(cumulated_row(ALL, number, together([since[b] for b in sorted(since)])))
        if after <= whole_until:
            state = replace(state, businesses=dict(tallies))
            if touched:
                parts = [(business, since[business], tallies[business].months) for business in sorted(since)]
                outlooks += outlook_rows(block, number, parts, (ALL, together([s for _, s, _ in parts])))
    return CustomerValue(months=tuple(rows), cumulated=tuple(cumulated), outlooks=tuple(outlooks), state=state)
