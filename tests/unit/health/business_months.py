"""Months of a customer's activity, made up for tests."""

from calendar import monthrange
from dataclasses import replace

from services.health.value_assessment.activity import ActivityMonth

FIRST = 2020 * 12
"""January 2020."""


def month(number, asked=0.8, planned=16.0, *, machines=2, trouble=0.05, known=1.0, **more):
    """A month of `machines` planned for `planned` hours a day each and asked for a share of them."""
    days = monthrange(number // 12, number % 12 + 1)[1]
    planned_h = days * machines * planned
    plain = ActivityMonth(
        number=number,
        days=days,
        machine_days=float(days * machines),
        planned_h=planned_h,
        known_h=known * planned_h,
        asked_h=known * planned_h * asked,
        trouble_h=known * planned_h * trouble,
        heard_h=24.0 * days,
        listened_h=24.0 * days,
    )
    return replace(plain, **more)


def months(asked, first=FIRST, **more):
    """Consecutive months with these shares of planned time asked for."""
    return [month(first + place, share, **more) for place, share in enumerate(asked)]
