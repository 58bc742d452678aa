"""The one shape of a list, and the parts that every answer shares."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

Row = TypeVar("Row")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RFC3339 = re.compile(_DATE.pattern + r"[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("outside the years 1 to 9999 in UTC") from exc


def _rfc3339(given: object) -> object:
    if isinstance(given, datetime) or (isinstance(given, str) and _RFC3339.fullmatch(given)):
        return given
    raise ValueError("not an instant of RFC 3339 with its offset, as in 2026-03-01T06:00:00Z")


def _full_date(given: object) -> object:
    if isinstance(given, date) or (isinstance(given, str) and _DATE.fullmatch(given)):
        return given
    raise ValueError("not a date, as in 2026-03-01")


# Pydantic alone would also take numbers as Unix seconds.
Instant = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_to_utc)]
Day = Annotated[date, BeforeValidator(_full_date)]
DatabaseId = Annotated[int, Field(ge=1, le=2**31 - 1)]
AssessedThrough = Annotated[
    Instant | None,
    Field(
        description="How far in event time this is assessed. Of one customer where the answer concerns one; in a "
        "list over customers the least of those that the key may see and that have been assessed at all. "
        "Null where nothing is assessed yet."
    ),
]


class Body(BaseModel):
    """A part of an answer; unknown fields are a mistake of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ListOf(Body, Generic[Row]):
    """A page. Ask again with `cursor=<next>` and the same filters for the page after it."""

    data: list[Row]
    has_more: bool
    next: Annotated[str | None, Field(description="Opaque; null where there is no further page.")]
    assessed_through: AssessedThrough


class CustomerReference(Body):
    """Whose it is; `demo` marks customers of a demonstration, who do not exist."""

    id: int
    external_id: str
    name: str
    demo: bool


class Money(Body):
    """An amount with its currency and how it is known."""

    amount: float
    currency: Annotated[str | None, Field(description="ISO 4217; null where the record names none.")]
    basis: Annotated[str, Field(description="measured, assumed, supplier, agreed, or contract for a contract's value.")]


class MoneyRange(Money):
    """Money with the range that its uncertainty allows."""

    low: float | None
    high: float | None


class Expected(Body):
    """When it is expected: the median, and the range of 80 %."""

    at: Instant
    low: Instant | None
    high: Instant | None
