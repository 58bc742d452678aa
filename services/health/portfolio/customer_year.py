"""What each customer gained and cost in the twelve whole months before a day. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.health.portfolio.portfolio_rows import MonthOfValue, PortfolioRows, Told
from shared.months import month_number, month_start
from shared.records.said_numbers import said_number

MONTHS = 12
LEAST_MONTHS = 6
"""With fewer known months a customer has no figure of a year."""
_SERVICE = ("work_order", "touchpoint")


@dataclass(frozen=True, kw_only=True)
class Service:
    """What we spent on one customer: hours and, by currency, costs that the supplier paid.

    None where nobody said who pays: unknown is not free.
    """

    hours: float | None = None
    costs: Mapping[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class CustomerYear:
    """One customer's twelve months. A month's means; None with fewer than LEAST_MONTHS known.

    money: value realized, gross, and its currency; net: less the customer's maintenance and fees. realized: gross over
    all known months, which service is set against. of_promise: realized / promised over the months that have both, of
    the net where it is known in all of them.
    """

    hours_avoided: float | None
    money: float | None
    net: float | None
    realized: float | None
    currency: str | None
    of_promise: float | None
    service: Service = field(default_factory=Service)


def months_before(day: date, months: int) -> date:
    """The first day of the month that lies `months` whole months before the one of `day`."""
    return month_start(month_number(day) - months)


def customer_years(rows: PortfolioRows, day: date) -> dict[int, CustomerYear]:
    """Every customer's twelve whole months before a day."""
    first, after = months_before(day, MONTHS), months_before(day, 0)
    values: dict[int, list[MonthOfValue]] = defaultdict(list)
    for value in rows.values:
        if first <= value.month < after:
            values[value.customer_id].append(value)
    told: dict[int, list[Told]] = defaultdict(list)
    for event in rows.told:
        if event.kind in _SERVICE and first <= event.at.date() < after:
            told[event.customer_id].append(event)
    return {customer: _year(values[customer], _service(told[customer])) for customer in rows.customers}


def _year(months: Iterable[MonthOfValue], service: Service) -> CustomerYear:
    known = list(months)
    hours = [m.hours_avoided for m in known if m.hours_avoided is not None]
    in_money = [m for m in known if m.money is not None]
    money = [m.money for m in in_money if m.money is not None]
    one_currency = len({m.currency for m in in_money}) == 1
    enough = len(money) >= LEAST_MONTHS and one_currency
    net = [m.net for m in in_money if m.net is not None]
    return CustomerYear(
        hours_avoided=sum(hours) / len(hours) if len(hours) >= LEAST_MONTHS else None,
        money=sum(money) / len(money) if enough else None,
        net=sum(net) / len(net) if enough and len(net) == len(money) else None,
        realized=sum(money) if enough else None,
        currency=in_money[0].currency if enough else None,
        of_promise=_of_promise(in_money) if enough else None,
        service=service,
    )


def _of_promise(months: Iterable[MonthOfValue]) -> float | None:
    both = [month for month in months if month.promised_money is not None]
    promised = sum(month.promised_money or 0.0 for month in both)
    if len(both) < LEAST_MONTHS or promised <= 0:
        return None
    in_net = all(month.net is not None for month in both)
    return sum((month.net if in_net else month.money) or 0.0 for month in both) / promised


def _service(told: Iterable[Told]) -> Service:
    payers = [event for event in told if event.attributes.get("paid_by") in {"supplier", "customer"}]
    if not payers:
        return Service()
    hours, costs = 0.0, defaultdict[str, float](float)
    for event in payers:
        if event.attributes["paid_by"] == "supplier":
            hours += said_number(event.attributes.get("hours")) or 0.0
            cost, currency = said_number(event.attributes.get("cost")), event.attributes.get("currency")
            if cost is not None and isinstance(currency, str):
                costs[currency] += cost
    return Service(hours=hours, costs=dict(costs))
