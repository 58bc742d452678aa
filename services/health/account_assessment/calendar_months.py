"""Calendar months as their first days. Pure."""

from datetime import date

from shared.months import month_number, month_start


def first_of_month(day: date) -> date:
    """The month in which a day lies."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day after a month."""
    return months_after(month, 1)


def months_after(month: date, count: int) -> date:
    """The month so many after this one; before it where count is negative."""
    return month_start(month_number(month) + count)


def months_between(first: date, last: date) -> int:
    """How many months the one is after the other."""
    return month_number(last) - month_number(first)


def kept_days(first: date, through: date) -> list[date]:
    """Each month's first day after `first` up to `through`, and `through` itself: of what days findings are kept."""
    months = [months_after(first, n) for n in range(1, months_between(first, through) + 1)]
    found = [first_of_month(month) for month in months]
    return found if found[-1:] == [through] else [*found, through]
