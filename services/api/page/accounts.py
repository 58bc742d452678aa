"""`/`: accounts in their groups, the sentence above them, and what is at stake by how it is known. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.api.bodies.accounts import Finding
from services.api.bodies.alerts import Alert
from services.api.bodies.customers import Customer
from services.api.bodies.value import Ratio
from services.api.page import words
from services.api.page.marks import promise_mark, spark, when_mark

_ACT, _WATCH, _QUIET, _NOT_KNOWN = "act", "watch", "quiet", "unknown"
_TOLD: Final = {
    _ACT: ("Act", "It will cost value, and the date is known well enough to plan."),
    _WATCH: ("Watch", "Something changed. No decision needed yet."),
    _QUIET: ("Quiet", "Nothing needs a decision. With the next improvement of each."),
    _NOT_KNOWN: ("Not known yet", "Too little data to judge. They are not healthy and not at risk."),
}
QUIET_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class Row:
    """One account with its first alert and what is known of it beside."""

    customer: Customer
    alerts: Sequence[Alert]
    weekly: Sequence[float | None]
    moved: float | None
    promise: Ratio | None
    next_improvement: Finding | None
    sites: int
    today: date
    place: int
    """Of its first alert in the order of the API."""

    @property
    def first(self) -> Alert | None:
        """The alert that ranks highest."""
        return self.alerts[0] if self.alerts else None

    @property
    def health(self) -> float | None:
        """Of the newest day; None where it is not known."""
        return None if self.customer.health is None else self.customer.health.health

    @property
    def group(self) -> str:
        """Where the account stands: every one in exactly one group."""
        if self.alerts:
            return _ACT if any(alert.tier == _ACT for alert in self.alerts) else _WATCH
        return _QUIET if self.health is not None else _NOT_KNOWN

    @property
    def when(self) -> str:
        """The date's picture."""
        expected = None if self.first is None else self.first.expected
        if self.first is None or expected is None:
            return when_mark(self.today, None, None, None, tier=_WATCH)
        low, high = (None if at is None else at.date() for at in (expected.low, expected.high))
        return when_mark(self.today, expected.at.date(), low, high, tier=self.first.tier)

    @property
    def spark(self) -> str:
        """Health's picture."""
        return spark(self.weekly)

    @property
    def of_promise(self) -> str:
        """The promise's picture."""
        return "" if self.promise is None else promise_mark(self.promise.value, self.promise.low, self.promise.high)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Accounts of one group in the order of the API."""

    key: str
    rows: Sequence[Row]
    hidden: int

    @property
    def name(self) -> str:
        """What it is called."""
        return _TOLD[self.key][0]

    @property
    def told(self) -> str:
        """What belonging to it means."""
        return _TOLD[self.key][1]

    @property
    def count(self) -> int:
        """How many accounts, those that are folded away too."""
        return len(self.rows) + self.hidden


def acting_first(alerts: Sequence[Alert]) -> list[Alert]:
    """Alerts to act on before those to watch; else in the order of the API."""
    return sorted(alerts, key=lambda alert: alert.tier != _ACT)


def _worth(row: Row) -> float:
    found = row.next_improvement
    return 0.0 if found is None or found.value is None else found.value


def grouped(rows: Sequence[Row], *, all_quiet: bool) -> list[Group]:
    """The groups that have accounts; of the quiet ones the first few unless all are asked for."""
    by_key: dict[str, list[Row]] = {key: [] for key in _TOLD}
    for row in rows:
        by_key[row.group].append(row)
    for key in (_ACT, _WATCH):
        by_key[key].sort(key=lambda row: row.place)
    by_key[_QUIET].sort(key=lambda row: (-_worth(row), row.customer.id))
    groups = []
    for key, found in by_key.items():
        shown = found if key != _QUIET or all_quiet else found[:QUIET_SHOWN]
        if found:
            groups.append(Group(key=key, rows=shown, hidden=len(found) - len(shown)))
    return groups


def headline(rows: Sequence[Row], today: date, *, complete: bool = True) -> str:
    """The answer: how many need a decision, and by when; complete: whether these are all accounts and alerts."""
    if not rows:
        return "No account is known yet."
    pressing = [row for row in rows if row.group == _ACT]
    dates = [a.expected.at.date() for r in rows for a in r.alerts if a.expected is not None]
    ahead = [on for on in dates if on >= today]
    if not pressing and not complete:
        return "No account shown here needs a decision."
    if not pressing:
        following = f" The next date we know is {words.day(min(ahead), today)}." if ahead else ""
        return f"No account needs a decision.{following}"
    acting = [a.expected.at.date() for r in pressing for a in r.alerts if a.tier == _ACT and a.expected is not None]
    count = f"{words.counted(len(pressing), 'account', 'need')} a decision."
    sentence = count if complete else f"At least {count[0].lower()}{count[1:]}"
    if not acting:
        return f"{sentence} The first date we know is {words.day(min(ahead), today)}." if ahead else sentence
    first = min(acting)
    if first < today:
        return f"{sentence} The first date, {words.day(first, today)}, has passed."
    on = f"{first:%A}" if first - today < timedelta(days=7) else words.day(first, today)
    return f"{sentence} The first date is {on}."


@dataclass(frozen=True, kw_only=True)
class Stake:
    """What is at stake on one basis; different bases are never added."""

    name: str
    amount: str
    accounts: int


def stakes(rows: Sequence[Row]) -> list[Stake]:
    """The first alert of each account, added up within one basis and currency, as each account stands in one place."""
    sums: dict[tuple[str, str | None], list[float]] = {}
    for row in rows:
        stake = None if row.first is None else row.first.stake
        if stake is None:
            continue
        if stake.money is not None:
            sums.setdefault((stake.money.basis, stake.money.currency), []).append(stake.money.amount)
        elif stake.contract_value is not None:
            sums.setdefault(("contract", stake.contract_value.currency), []).append(stake.contract_value.amount)
        elif stake.hours is not None:
            sums.setdefault(("hours", None), []).append(stake.hours)
    return [_stake(basis, currency, sums[basis, currency]) for basis, currency in sorted(sums, key=str)]


_STAKES: Mapping[str, str] = {
    "agreed": "Agreed with the customer",
    "assumed": "From stated assumptions",
    "supplier": "By the supplier's prices",
    "contract": "Contract value",
    "hours": "Hours, not priced",
}


def _stake(basis: str, currency: str | None, amounts: Sequence[float]) -> Stake:
    total = sum(amounts)
    sign = words.currency(currency)
    shown = words.hours(total) if basis == "hours" else f"{sign}{words.NBSP}{words.number(total)}".strip()
    return Stake(name=_STAKES.get(basis, words.title(basis)), amount=shown, accounts=len(amounts))
