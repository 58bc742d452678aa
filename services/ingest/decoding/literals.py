"""Times and numbers as plants write them, where a mapping says how."""

import re
from datetime import UTC, datetime

from shared.errors import DecodeError
from shared.mappings import Decimal, TimeField

_PER_SECOND = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,20})?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_NUMBER = re.compile(r"[+-]?[0-9]+(?P<fraction>\.[0-9]*)?(?P<exponent>[eE][+-]?[0-9]+)?")
_LONGEST_NUMBER = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_time(topic: str, field: TimeField, written: object, *, within: str | None) -> int:
    """Unix µs, what is finer cut off; raise DecodeError for what is no time in the field's format.

    `written` was found at the field's path, which starts from an element of the list at `within`, if there is one.
    """
    if field.format == "rfc3339":
        if not isinstance(written, str):
            raise DecodeError(topic, f"there is no time in RFC 3339 {_place(field, within)}")
        return _rfc3339(topic, written)
    if field.strings and isinstance(written, str):
        written = read_number(topic, str(field.path), written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise DecodeError(topic, f"there is no time as {field.format} {_place(field, within)}")
    if not abs(written) < 2**63:
        raise DecodeError(topic, f"the number at {field.path!r} is not a time")
    if isinstance(written, int):
        return written * 1_000_000 // _PER_SECOND[field.format]
    return round(written * (1e6 / _PER_SECOND[field.format]))


def _place(field: TimeField, within: str | None) -> str:
    if within is None or str(field.path).startswith("$"):
        return f"at {field.path!r}"
    return f"at {field.path!r} in each element of {within!r}; outside that list, a path begins with '$.'"


def _rfc3339(topic: str, written: str) -> int:
    if not _RFC3339.fullmatch(written):
        raise DecodeError(topic, f"{written[:40]!r} is not a time in RFC 3339 with its offset from UTC")
    try:
        since = datetime.fromisoformat(written.upper()) - _EPOCH
    except ValueError as exc:
        raise DecodeError(topic, f"{written!r} is not a time: {exc}") from exc
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def read_number(topic: str, where: str, text: str, decimal: Decimal = ".") -> float | int:
    """The number written in `text`, an integer exactly where it is one; raise DecodeError for what is no number."""
    text = text.strip()
    plain = text if decimal == "." else text.replace(".", "?").replace(",", ".")
    number = _NUMBER.fullmatch(plain)
    if number is None or len(text) > _LONGEST_NUMBER:
        raise DecodeError(topic, f"{where!r} is {text[:40]!r}, not a number")
    return float(plain) if number["fraction"] or number["exponent"] else int(plain)
