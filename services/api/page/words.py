"""Words and figures as people read them: days, money, likelihood. Pure."""

from datetime import date, datetime, timedelta

from services.api.bodies.alerts import Alert
from services.api.bodies.lists import Expected, Money
from services.api.bodies.record import Skill

NBSP, MINUS, DASH = "\u00a0", "\u2212", "\u2013"
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_NEAR = timedelta(weeks=13)
_BANDS = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "about even"),
    (0.80, "likely"),
    (0.95, "very likely"),
)
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
_RECORDS = {
    Skill.DEMONSTRATED: "Alerts of this kind have foretold better than chance here.",
    Skill.NONE: "Alerts of this kind have foretold no better than chance here.",
    Skill.NOT_KNOWN_YET: "How well this kind foretells here is not known yet.",
    None: "It states what was measured.",
}
_BASES = {
    "agreed": "agreed",
    "assumed": "assumed",
    "supplier": "supplier's estimate",
    "measured": "measured",
    "contract": "contract value",
}
_MEASURES = {
    "not_known": "Not known",
    "condition": "Condition of machines",
    "availability": "Availability",
    "guarantee": "Guarantee",
    "reporting": "Machines that report",
    "survey": "What they say in surveys",
    "touchpoints": "Contact with them",
    "adoption": "Use of what they bought",
    "commitments": "Commitments kept",
    "pace": "Pace of machines",
}


def plain(name: str) -> str:
    """`service manager` of `service_manager`."""
    return name.replace("_", " ")


def title(name: str) -> str:
    """`Service manager` of `service_manager`."""
    return plain(name)[:1].upper() + plain(name)[1:]


def measure(name: str) -> str:
    """What a measure of health is called."""
    return _MEASURES.get(name, title(name))


def basis(name: str) -> str:
    """How a figure is known."""
    return _BASES.get(name, plain(name))


def record(alert: Alert) -> str:
    """How good alerts of this kind were so far."""
    return "" if alert.skill is None and alert.expected is not None else _RECORDS[alert.skill]


def counted(number: int, noun: str, verb: str = "") -> str:
    """`Two accounts need`; numbers up to twelve in words."""
    word = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    ending = "" if number == 1 else "s"
    return f"{word} {noun}{ending}" + (f" {verb}{'s' if number == 1 else ''}" if verb else "")


def day(at: date, today: date) -> str:
    """`Thu 24 Sep` within 13 weeks, `24 Sep` within the year, else with its year."""
    on = at.date() if isinstance(at, datetime) else at
    short = f"{on.day}{NBSP}{on:%b}"
    if abs(on - today) <= _NEAR:
        return f"{on:%a}{NBSP}{short}"
    return short if on.year == today.year else f"{short}{NBSP}{on.year}"


def days(low: date, high: date, today: date) -> str:
    """`22-30 Sep` with an en dash, and the year where it is not this one."""
    year = "" if high.year == today.year else f"{NBSP}{high.year}"
    if (low.year, low.month) == (high.year, high.month):
        return f"{low.day}{DASH}{high.day}{NBSP}{high:%b}{year}"
    own = "" if low.year == high.year else f"{NBSP}{low.year}"
    return f"{low.day}{NBSP}{low:%b}{own}{DASH}{high.day}{NBSP}{high:%b}{year}"


def expected_range(expected: Expected, today: date) -> str:
    """The 80 % range of a date in words; empty where none is known."""
    if expected.low is None:
        return ""
    if expected.high is None:
        return f"not before {day(expected.low, today)}"
    return days(expected.low, expected.high, today)


def instant(at: datetime) -> str:
    """`Mon 21 Sep, 06:50 UTC`."""
    return f"{at:%a} {at.day}{NBSP}{at:%b}{NBSP}{at.year}, {at:%H:%M}{NBSP}UTC"


def signed(value: float, digits: int = 0) -> str:
    """A figure with its sign, a true minus."""
    text = f"{abs(value):,.{digits}f}"
    return f"{MINUS if value < 0 else '+'}{text}"


def number(value: float) -> str:
    """Two significant digits for estimates: `84`, `1.2 k`, `26 k`, `1.2 M`."""
    size = abs(value)
    sign = MINUS if value < 0 and size >= 0.05 else ""
    for unit, factor in (("M", 1e6), ("k", 1e3)):
        if size >= factor * 0.995:
            scaled = size / factor
            return f"{sign}{scaled:.{1 if scaled < 9.95 else 0}f}{NBSP}{unit}"
    return f"{sign}{size:.{1 if 0 < size < 9.95 else 0}f}"


def currency(name: str | None) -> str:
    """Its sign, else its code."""
    return "" if name is None else _SYMBOLS.get(name, name)


def money(amount: Money) -> str:
    """`€ 84 k`."""
    return f"{currency(amount.currency)}{NBSP}{number(amount.amount)}".strip()


def span(low: float | None, high: float | None) -> str:
    """`60-96 k` with an en dash; empty where no range is known."""
    if low is None or high is None:
        return ""
    between = f"{NBSP}to{NBSP}" if low < 0 else DASH
    return f"{number(low)}{between}{number(high)}"


def hours(value: float) -> str:
    """`14 h`."""
    return f"{value:,.{1 if 0 < abs(value) < 9.95 else 0}f}{NBSP}h"


def share(value: float) -> str:
    """`72 %`."""
    return f"{100 * value:.0f}{NBSP}%"


def probability(value: float) -> str:
    """`72 %`; never nought and never a hundred, which nobody can know."""
    if value < 0.01:
        return f"under 1{NBSP}%"
    return f"over 99{NBSP}%" if value > 0.99 else share(value)


def likelihood(value: float) -> str:
    """The word for a probability, by the bands of ICD 203."""
    return next((word for bound, word in _BANDS if value < bound), "almost certain")
