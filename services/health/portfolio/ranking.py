"""Customers by what is at risk with them: contract value x renewal risk, in each currency, and by hours. Pure.

Currencies are never added, so there is a rank in each of them; across all of them customers rank by machine hours that
the supplier's stops cost in the last twelve months, which are known without any contract.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from services.health.portfolio.contract_lives import ContractLife
from services.health.portfolio.customer_year import MONTHS, months_before
from services.health.portfolio.portfolio_rows import PortfolioRows
from services.health.portfolio.renewal import running_on, value_in_force

_Risks = Mapping[tuple[int, str | None], float]
_FRESH = timedelta(days=35)
"""A renewal risk that was judged longer ago says nothing any more."""


def ranking(rows: PortfolioRows, lives: Iterable[ContractLife], day: date) -> dict[str, object]:
    """Every customer, those first whose machines lost the most hours; ranks begin at 1."""
    values: dict[int, list[ContractLife]] = defaultdict(list)
    for life in lives:
        values[life.customer_id].append(life)
    risks, hours = _risks(rows, day), _hours_lost(rows, day)
    found = [
        {
            "customer": customer,
            "hours_lost": hours.get(customer),
            "renewal_risk": max((risk for (whose, _), risk in risks.items() if whose == customer), default=None),
            "contracts": [
                {"currency": currency, "in_force": value, "at_risk": _at_risk(values[customer], currency, risks, day)}
                for currency, value in sorted(value_in_force(values[customer], day).items())
            ],
        }
        for customer in rows.customers
    ]
    _rank(found)
    return {"customers": found}


def _rank(found: list[dict[str, Any]]) -> None:
    """By value at risk within a currency; where no risk is known, by contract value after those of known risk."""
    found.sort(key=lambda row: (-_or_least(row["hours_lost"]), -_or_least(row["renewal_risk"]), row["customer"]))
    for place, row in enumerate(found, start=1):
        row["rank"] = place
    by_currency: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        for contract in row["contracts"]:
            by_currency[contract["currency"]].append(contract)
    weight: Callable[[dict[str, Any]], tuple[float, float]] = lambda c: (-_or_least(c["at_risk"]), -c["in_force"])  # noqa: E731
    for contracts in by_currency.values():
        for place, contract in enumerate(sorted(contracts, key=weight), start=1):
            contract["rank"] = place


def _or_least(known: float | None) -> float:
    return -1.0 if known is None else known


def _at_risk(lives: Iterable[ContractLife], currency: str, risks: _Risks, day: date) -> float | None:
    """Value x risk of the running contracts whose risk is known; None where that of none is."""
    found = []
    for life in running_on(lives, day):
        value, whose = life.newest.annual_value, life.customer_id
        risk = risks.get((whose, life.newest.contract), risks.get((whose, None)))
        if risk is not None and value is not None and life.newest.currency == currency:
            found.append(value * risk)
    return sum(found) if found else None


def _risks(rows: PortfolioRows, day: date) -> _Risks:
    newest: dict[tuple[int, str | None], tuple[date, float]] = {}
    for judged in rows.risks:
        key = judged.customer_id, judged.contract
        if day - _FRESH <= judged.day < day and judged.day >= newest.get(key, (date.min, 0.0))[0]:
            newest[key] = judged.day, judged.risk
    return {key: risk for key, (_, risk) in newest.items()}


def _hours_lost(rows: PortfolioRows, day: date) -> Mapping[int, float]:
    first, after = months_before(day, MONTHS), months_before(day, 0)
    found: dict[int, float] = defaultdict(float)
    for month in rows.stops:
        if first <= month.month < after:
            found[month.customer_id] += month.supplier_down_h
    return found
