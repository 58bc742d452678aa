"""The orders in which alerts are listed: each a keyset of columns that all rise or all fall, with an index of its own.

`urgency`: expected soonest first, then what is at stake. `stake`: money where it is known, else contract value, else
hours, else unknown: one group after the other, since these are never compared or added; within money and contract
value one currency after the other, by its name, since amounts of two currencies are not comparable; the most first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Columns, since under row security no index is asked by what is computed of a row or by how texts are ordered.
STAKE_GROUP = "a.stake_group"
STAKE_BELOW_ZERO = "a.stake_below_zero"
_MONEY_OF = (
    "(16777216 + ascii(%(currency)s) * 65536 + ascii(substr(%(currency)s, 2)) * 256 + ascii(substr(%(currency)s, 3)))"
)
_EXPECTED = "CASE WHEN a.expected_at IS NULL THEN 'infinity' ELSE a.expected_at END"


class AlertSort(StrEnum):
    """How alerts are ordered."""

    NEWEST = "newest"
    URGENCY = "urgency"
    STAKE = "stake"


@dataclass(frozen=True)
class AlertOrder:
    """SQL expressions of `a` with their types; the last one is unique."""

    keys: Sequence[tuple[str, str]]
    direction: str

    @property
    def by(self) -> str:
        """The list after ORDER BY."""
        return ", ".join(f"{key} {self.direction}" for key, _ in self.keys)

    @property
    def place(self) -> str:
        """A row's place in the order, as an array of texts that `after` takes back."""
        return f"ARRAY[{', '.join(f'({key})::text' for key, _ in self.keys)}]"

    @property
    def after(self) -> str:
        """The condition of coming after the place `%(after)s`."""
        keys = ", ".join(key for key, _ in self.keys)
        place = ", ".join(f"(%(after)s::text[])[{number}]::{type_}" for number, (_, type_) in enumerate(self.keys, 1))
        return f"({keys}) {'<' if self.direction == 'DESC' else '>'} ({place})"


_STAKE = ((STAKE_GROUP, "int"), (STAKE_BELOW_ZERO, "float8"), ("a.alert_id", "uuid"))
ORDERS: Mapping[AlertSort, AlertOrder] = {
    AlertSort.NEWEST: AlertOrder((("a.pending_since", "timestamptz"), ("a.alert_id", "uuid")), "DESC"),
    AlertSort.URGENCY: AlertOrder(((_EXPECTED, "timestamptz"), *_STAKE), "ASC"),
    AlertSort.STAKE: AlertOrder(_STAKE, "ASC"),
}


def at_least(minimum_money: float, currency: str) -> tuple[str, dict[str, Any]]:
    """The condition that at least so much money of that currency is at stake, in the terms of the order's index."""
    condition = f"{STAKE_GROUP} = {_MONEY_OF} AND {STAKE_BELOW_ZERO} <= -(%(minimum_money)s::float8)"
    return condition, {"minimum_money": minimum_money, "currency": currency}
