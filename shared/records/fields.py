"""From the text of one field to its value, or to what is wrong with it. Pure."""

import json
import math
import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import available_timezones

from shared.errors import PermanentError
from shared.records.vocabulary import CURRENCIES, WEEKDAYS, suggestion

ALWAYS = date(1, 1, 1)
"""`valid_from` of what has always been so."""
ALWAYS_INSTANT = datetime(1, 1, 1, tzinfo=UTC)

_TIMEZONES = frozenset(available_timezones())
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_INTEGER_DIGITS = 16
_NAMESPACES = {
    "spBv1.0": "spBv1.0/{group}/{edge}",
    "bellwether": "bellwether/v1/{plant}",
    "umh": "umh/v1/{enterprise}/{site}",
}


class FieldError(PermanentError):
    """One field, or several that do not go together, say something that cannot be stored."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


def text(written: str) -> str:
    """Any text; raise FieldError for characters that no database can hold."""
    if "\0" in written:
        raise FieldError("there is a zero byte in the text", "remove it")
    return written


def one_of(what: str, known: Collection[str]) -> Callable[[str], str]:
    """Parser of a word of a closed set."""

    def parse(written: str) -> str:
        if written in known:
            return written
        raise FieldError(f"unknown {what} '{written}'", suggestion(written, known))

    return parse


def word(written: str) -> str:
    """An identifier of our own: lower case, digits and underscores."""
    if _WORD.fullmatch(written):
        return written
    raise FieldError(f"'{written}' is not a plain word", "write lower-case letters, digits and _")


def list_of(parse: Callable[[str], str]) -> Callable[[str], list[str]]:
    """Parser of values separated by semicolons; each may stand there once."""

    def parse_list(written: str) -> list[str]:
        values = [parse(part.strip()) for part in written.split(";") if part.strip()]
        for n, value in enumerate(values):
            if value in values[:n]:
                raise FieldError(f"'{value}' stands there twice", "write it once")
        return values

    return parse_list


def day(written: str) -> date:
    """A date, YYYY-MM-DD, from 1900 to 2199."""
    wrong = FieldError(f"'{written}' is not a date", "write YYYY-MM-DD, for example 2024-05-31")
    if not _DATE.fullmatch(written):
        raise wrong
    try:
        value = date.fromisoformat(written)
    except ValueError:
        raise wrong from None
    if not 1900 <= value.year < 2200:
        raise FieldError(f"the year of '{written}' cannot be meant", "write a date from 1900 to 2199")
    return value


def instant(written: str) -> datetime:
    """A moment with its offset from UTC, in UTC."""
    wrong = FieldError(f"'{written}' is not a moment", "write for example 2024-05-31T06:00:00Z")
    if not _INSTANT.fullmatch(written):
        raise wrong
    day(written[:10])
    try:
        value = datetime.fromisoformat(written)
    except ValueError:
        raise wrong from None
    if value.tzinfo is None:
        raise FieldError(f"'{written}' has no offset from UTC", f"write {written}Z for UTC or {written}+02:00")
    return value.astimezone(UTC)


def instant_or_day(written: str) -> datetime:
    """A moment with its offset, or a date, which means its midnight in UTC."""
    if _DATE.fullmatch(written):
        return datetime.combine(day(written), datetime.min.time(), UTC)
    return instant(written)


def clock(written: str) -> str:
    """Time of day HH:MM, 00:00 to 23:59."""
    if _CLOCK.fullmatch(written):
        return written
    raise FieldError(f"'{written}' is not a time of day", "write HH:MM from 00:00 to 23:59")


def weekdays(written: str) -> list[int]:
    """Days of the week, 0 Monday, from `mon-fri`, `mon;wed;fri` or both; a range may run over Sunday."""
    found: set[int] = set()
    for part in written.lower().split(";"):
        first, dash, last = (bound.strip() for bound in part.partition("-"))
        for bound in (first, last) if dash else (first,):
            if bound not in WEEKDAYS:
                raise FieldError(f"unknown weekday '{bound}'", "write for example mon-fri or mon;wed;sat")
        start = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - start) % 7 if dash else 0
        found.update((start + n) % 7 for n in range(length + 1))
    return sorted(found)


def timezone(written: str) -> str:
    """A name of the IANA time zone database."""
    if written in _TIMEZONES:
        return written
    raise FieldError(
        f"unknown time zone '{written}'", suggestion(written, _TIMEZONES, "write an IANA name such as Europe/Berlin")
    )


def currency(written: str) -> str:
    """An ISO 4217 code."""
    if written in CURRENCIES:
        return written
    remedy = f"write {written.upper()}" if written.upper() in CURRENCIES else "write an ISO 4217 code such as EUR"
    raise FieldError(f"unknown currency '{written}'", remedy)


def money(decimals: int) -> Callable[[str], Decimal]:
    """Parser of an amount of at least 0 with at most `decimals` decimals."""

    def parse(written: str) -> Decimal:
        value = _decimal(written)
        if value < 0:
            raise FieldError(f"{written} is negative", "write an amount of at least 0")
        if value != round(value, decimals):
            raise FieldError(f"{written} has more than {decimals} decimals", f"write {round(value, decimals)}")
        if value >= Decimal(10) ** (_INTEGER_DIGITS - decimals):
            raise FieldError(f"{written} is too large to be meant", "write the amount in whole currency units")
        return round(value, decimals)

    return parse


def number(low: float = -math.inf, high: float = math.inf, remedy: str = "") -> Callable[[str], float]:
    """Parser of a finite number within [low, high]; `remedy` says what the range means."""

    def parse(written: str) -> float:
        value = float(_decimal(written))
        if not math.isfinite(value):
            raise FieldError(f"{written} is too large", "write a number that a 64-bit float can hold")
        if not low <= value <= high:
            raise FieldError(f"{written} is out of range", remedy)
        return value

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """Parser of a whole number within [low, high]."""

    def parse(written: str) -> int:
        value = _decimal(written)
        if value != int(value):
            raise FieldError(f"{written} is not a whole number", f"write one from {low} to {high}")
        if not low <= value <= high:
            raise FieldError(f"{written} is out of range", f"write a whole number from {low} to {high}")
        return int(value)

    return parse


def _decimal(written: str) -> Decimal:
    try:
        value = Decimal(written)
    except InvalidOperation:
        remedy = "write digits with a decimal point and no separators of thousands, for example 12500.50"
        raise FieldError(f"'{written}' is not a number", remedy) from None
    if not value.is_finite() or abs(value.adjusted()) > 400:
        raise FieldError(f"'{written}' is not a finite number", "leave the field empty where it is unknown")
    return value


def email(written: str) -> str:
    """Something with an @ and a domain."""
    if _EMAIL.fullmatch(written):
        return written
    raise FieldError(f"'{written}' is not an e-mail address", "write name@example.com or leave it empty")


def json_object(written: str) -> dict[str, object]:
    """A JSON object with finite numbers."""
    remedy = 'write an object such as {"version": "4.2"}; in CSV the field is quoted and each " inside is doubled'
    try:
        value = json.loads(text(written), parse_constant=_no_constant, parse_float=_json_number)
        stored = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise FieldError(f"not valid JSON ({exc})", remedy) from None
    if not isinstance(value, dict):
        raise FieldError("the JSON is not an object", remedy)
    if b"\\u0000" in stored:
        raise FieldError("there is a zero byte in the JSON", "remove it")
    return value


def _json_number(written: str) -> float | int:
    """The number as the database gives it back: 1e300 is a whole number there, not the nearest float."""
    value = Decimal(written)
    if not math.isfinite(float(value)):
        raise ValueError(f"{written} is too large")
    return int(value) if value == value.to_integral_value() else float(value)


def _no_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not a number of JSON")


def topic_prefix(written: str) -> str:
    """A literal MQTT topic, as long as what all topics of the source have in common."""
    _check_printable(written)
    if "#" in written or "+" in written:
        raise FieldError(f"'{written}' contains a wildcard", "write the literal beginning of the source's topics")
    if written.startswith("/") or written.endswith("/") or "//" in written:
        raise FieldError(
            f"'{written}' has an empty level", "write levels between single slashes, without one at the end"
        )
    levels = written.split("/")
    pattern = _NAMESPACES.get(levels[0])
    if written.startswith("$") or levels[:2] == ["spBv1.0", "STATE"]:
        raise FieldError(f"'{written}' is not one source's", "write the literal beginning of the source's topics")
    if pattern is not None and len(levels) != len(pattern.split("/")):
        raise FieldError(f"'{written}' is not {pattern}", f"write {pattern}")
    return written


def credential(written: str) -> str:
    """A broker's user name, or the common name of a client certificate."""
    _check_printable(written)
    if ":" in written:
        raise FieldError(f"'{written}' has a colon", "write the user name alone, without the password")
    return written


def _check_printable(written: str) -> None:
    """The broker's access rules made of it have one line each."""
    if not written.isprintable() or written != written.strip():
        raise FieldError(f"{written!r} has a character that cannot be printed or an outer space", "remove it")


def minutes_of(time_of_day: str) -> int:
    """Minutes since midnight of HH:MM."""
    return int(time_of_day[:2]) * 60 + int(time_of_day[3:])
