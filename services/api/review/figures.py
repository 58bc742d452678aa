"""Figures as they are printed: grouped thousands, a true minus, and words where nothing is known. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any

NOT_KNOWN = "not known"


def number(value: float, digits: int = 0) -> str:
    """`1,234.5`, with a true minus where it is below nought as printed."""
    text = f"{abs(value):,.{digits}f}"
    return f"\u2212{text}" if value < 0 and text.strip("0.,") else text


def money(amount: Mapping[str, Any] | None) -> str:
    """`EUR 12,300`."""
    return NOT_KNOWN if amount is None else f"{amount['currency']}\u00a0{number(amount['amount'])}"


def net_of(amount: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is left of money realized after the customer's maintenance and fees; None where these are not known."""
    return None if amount is None or amount["net"] is None else {**amount, "amount": amount["net"]}


def money_range(amount: Mapping[str, Any] | None) -> str | None:
    """`9,000 to 14,000`; None where no range is known."""
    if amount is None or amount["low"] is None or amount["high"] is None:
        return None
    return f"{number(amount['low'])} to {number(amount['high'])}"


def hours(value: float | None) -> str:
    """`12.5 h`, and from a thousand on without tenths."""
    return NOT_KNOWN if value is None else f"{number(value, 1 if abs(value) < 1000 else 0)}\u00a0h"


def share(value: float | None) -> str:
    """`97.3 %`."""
    return NOT_KNOWN if value is None else f"{number(100 * value, 1)}\u00a0%"


def day_name(day: str) -> str:
    """`3 March 2026` of an ISO date; what is none stays as it is."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{found.day} {found:%B %Y}"


def month_name(day: str) -> str:
    """`March 2026`."""
    return f"{date.fromisoformat(day):%B %Y}"


def month_short(day: str) -> str:
    """`Mar 2026`."""
    return f"{date.fromisoformat(day):%b\u00a0%Y}"


def period_name(first: str, last: str) -> str:
    """`January to June 2026`."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if (begin.year, begin.month) == (end.year, end.month):
        return f"{end:%B %Y}"
    return f"{begin:%B} to {end:%B %Y}" if begin.year == end.year else f"{begin:%B %Y} to {end:%B %Y}"
