"""What runs up by the day beside the gains: fees, maintenance that the customer pays, what the sale promised. Pure.

Fees are a twelfth of the annual value of contracts in force and of the annual fees of entitlements in force, by days
of the month. Maintenance is what events `work_order` say the customer paid. Both and the promise are
shared over lines of business by the number of machines that report states, of those that the fee or the work concerns:
all of the customer's, of a site, of a line, or one. Nothing here is guessed: an amount is None with the reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from services.health.block import Contract, CustomerBlock, Event
from services.health.health_assessment.records_in_force import contracts_on
from shared.months import month_number, month_start
from shared.records.said_numbers import said_number


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Money of a line of business in a month; unknown: why the amount is None."""

    amount: float | None
    currency: str | None
    unknown: str | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a machine that reports states stands, and whom its line serves."""

    asset_id: int
    site_id: int
    line_id: int | None
    business: str


@dataclass(frozen=True, kw_only=True)
class MonthOf:
    """A month of a customer up to what is assessed of it. until: the day after the last one that counts; to_come: what
    of that last day is not assessed yet, in days."""

    number: int
    until: date
    places: Sequence[Place]
    to_come: float = 0.0

    @property
    def first(self) -> date:
        """Its first day."""
        return month_start(self.number)

    @property
    def days(self) -> int:
        """How many days the whole month has."""
        return (month_start(self.number + 1) - self.first).days

    def days_between(self, since: date, until: date) -> float:
        """Days of a part of the month, up to what is assessed of the last one."""
        return (until - since).days - (self.to_come if until == self.until else 0.0)

    def share(self, business: str, scope_type: str = "customer", scope_id: int | None = None) -> float:
        """The line of business's part of the machines of a scope; of all where the scope has none."""
        own = [place for place in self.places if _is_in(place, scope_type, scope_id)] or self.places
        return sum(place.business == business for place in own) / len(own)


def _is_in(place: Place, scope_type: str, scope_id: int | None) -> bool:
    ids = {"asset": place.asset_id, "line": place.line_id, "site": place.site_id}
    return scope_type not in ids or ids[scope_type] == scope_id


def month_of(number: int, block: CustomerBlock, places: Sequence[Place]) -> MonthOf:
    """A month as far as the block reaches; what runs up by the day does so up to the block's end."""
    after = (block.end - timedelta(seconds=1)).date() + timedelta(days=1)
    until = min(month_start(number + 1), after)
    to_come = (datetime.combine(until, time(), UTC) - block.end) / timedelta(days=1) if until == after else 0.0
    return MonthOf(number=number, until=until, places=places, to_come=to_come)


def fees(block: CustomerBlock, month: MonthOf, business: str) -> Amount:
    """What the customer owes us for a month: contracts and entitlements."""
    contracts = _accrued(block.contracts, month, lambda c: c.annual_value)
    if contracts is None:
        return Amount(amount=None, currency=None, unknown="no contract is in force")
    part = month.share(business)
    found = [(amount * part if amount is not None else None, currency) for amount, currency in contracts]
    for bought in block.entitlements:
        end = month.until if bought.ends_on is None else min(month.until, bought.ends_on + timedelta(days=1))
        days = month.days_between(max(month.first, bought.starts_on), end)
        share = month.share(business, "customer" if bought.asset_id is None else "asset", bought.asset_id)
        if days > 0 and share > 0:
            annual = bought.annual_fee
            found.append((None if annual is None else annual / 12 * days / month.days * share, bought.currency))
    if any(amount is None for amount, _ in found):
        return Amount(amount=None, currency=None, unknown="a fee is not known")
    return _added(found, "fees are in several currencies")


def _added(found: Iterable[tuple[float | None, str | None]], several: str) -> Amount:
    told = [(amount, currency) for amount, currency in found if amount is not None]
    if len({currency for _, currency in told}) > 1:
        return Amount(amount=None, currency=None, unknown=several)
    return Amount(amount=float(sum(amount for amount, _ in told)), currency=told[0][1] if told else None)


def _accrued(
    contracts: Sequence[Contract], month: MonthOf, annual: Callable[[Contract], float | None]
) -> list[tuple[float | None, str | None]] | None:
    """A twelfth of an annual amount of each contract by its days in force in the month; None where none is in force."""
    edges = {month.first, month.until}
    for contract in contracts:
        edges |= {contract.valid_from, contract.starts_on}
        if contract.ends_on is not None:
            edges.add(contract.ends_on + timedelta(days=1))
    days = sorted(edge for edge in edges if month.first <= edge <= month.until)
    found: list[tuple[float | None, str | None]] = []
    for since, until in pairwise(days):
        for contract in contracts_on(contracts, since):
            amount = annual(contract)
            part = month.days_between(since, until) / month.days / 12
            found.append((None if amount is None else amount * part, contract.currency))
    return found or None


def promised(block: CustomerBlock, month: MonthOf, business: str) -> Amount:
    """What the sale promised for a month; None where no contract in force promises a value."""
    told = _accrued(block.contracts, month, lambda c: c.promised_annual_value)
    made = [(amount, currency) for amount, currency in told or () if amount is not None]
    if not made:
        return Amount(amount=None, currency=None, unknown="no contract in force promises a value")
    found = _added(made, "promises are in several currencies")
    share = month.share(business)
    return found if found.amount is None else Amount(amount=found.amount * share, currency=found.currency)


@dataclass(frozen=True, kw_only=True)
class WorkOrders:
    """Events `work_order` by month. told_from: the first month in which one said who paid; None where none ever did."""

    by_month: Mapping[int, Sequence[Event]]
    told_from: int | None


def work_orders(block: CustomerBlock) -> WorkOrders:
    """The customer's work orders up to the block's end."""
    by_month: dict[int, list[Event]] = {}
    for event in block.events:
        if event.kind == "work_order":
            by_month.setdefault(month_number(event.at.date()), []).append(event)
    told = [m for m, events in by_month.items() if any(_payer(e) is not None for e in events)]
    return WorkOrders(by_month=by_month, told_from=min(told, default=None))


def _payer(event: Event) -> str | None:
    payer = event.attributes.get("paid_by")
    return payer if payer in ("customer", "supplier") else None


def maintenance(orders: WorkOrders, month: MonthOf, business: str) -> Amount:
    """What work orders cost the customer in a month: 0 where none did since they say who paid."""
    if orders.told_from is None or month.number < orders.told_from:
        return Amount(amount=None, currency=None, unknown="no work order says yet who paid")
    found: list[tuple[float | None, str | None]] = []
    for event in orders.by_month.get(month.number, ()):
        part, payer = month.share(business, event.scope_type, event.scope_id), _payer(event)
        cost, currency = said_number(event.attributes.get("cost")), event.attributes.get("currency")
        if part == 0 or payer == "supplier":
            continue
        if payer is None or cost is None or not isinstance(currency, str):
            return Amount(amount=None, currency=None, unknown="a work order does not say what it cost the customer")
        found.append((cost * part, currency))
    return _added(found, "work orders are in several currencies")


def net_of(gross: float | None, currency: str | None, *less: Amount) -> tuple[float | None, str | None]:
    """Gross less what is deducted, and why it is not known where it is not."""
    if gross is None:
        return None, "the gross value is not known"
    for each in less:
        if each.amount is None:
            return None, each.unknown
        if each.amount != 0 and each.currency != currency:
            return None, f"one is in {each.currency}, the other in {currency}"
    return gross - sum(each.amount for each in less if each.amount is not None), None
