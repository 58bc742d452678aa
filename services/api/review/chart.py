"""The picture of value against promise as SVG: what was realized, added up month by month, beside the promise. Pure.

Colours are the page's (`var(--…)`), so that paper, light and dark are served alike; text stays text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import accumulate
from math import ceil, floor, log10
from typing import Any

from services.api.review.figures import month_name, number

_WIDTH, _HEIGHT = 640.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 12.0, 30.0, 34.0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From months and values to places in the drawing; `step` between two ticks of the values."""

    count: int
    low: float
    high: float
    step: float

    def x(self, place: float) -> float:
        """Of the end of the month number `place`, from 0 at the period's beginning."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * place / self.count

    def y(self, value: float) -> float:
        """Of a value."""
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - value) / (self.high - self.low)


def scale_of(values: Sequence[float], count: int) -> Scale:
    """One that has zero and all values, with three to seven ticks at round numbers."""
    low, high = min(0.0, *values), max(0.0, *values)
    span = high - low if high - low > 1e-6 else 1.0
    power = 10.0 ** floor(log10(span / 4))
    step = next(power * part for part in (1, 2, 5, 10) if span / (power * part) <= 6)
    top, bottom = step * ceil(high / step), step * floor(low / step)
    # A quotient that rounds to a whole number leaves a value a hair outside.
    top, bottom = top + step * (top < high), bottom - step * (bottom > low)
    return Scale(count=count, low=bottom, high=top if top > bottom else bottom + step, step=step)


def value_chart(body: Mapping[str, Any]) -> str:
    """Value added up over the months against the promise; hours avoided where no money is known; else nothing.

    A month whose value is not known adds nothing to either line, and is hatched.
    """
    months: Sequence[Mapping[str, Any]] = body["months"]
    if body["realized"]["money"] is not None:
        return _money_chart(months, body["realized"]["money"]["currency"])
    if body["realized"]["hours_avoided"] is not None:
        hours = [month["hours_avoided"] for month in months]
        scale = scale_of([value for value in hours if value is not None], len(months))
        return _drawing(
            "Hours of downtime avoided, month by month", _axes(scale, months, "h") + _bars(scale, hours), months, hours
        )
    return ""


def _money_chart(months: Sequence[Mapping[str, Any]], currency: str) -> str:
    found = [month["money"] for month in months]
    sums = _sums(found, "amount")
    low, high = _sums(found, "low"), _sums(found, "high")
    promised = _sums(found, "promised") if all(m is None or m["promised"] is not None for m in found) else None
    scale = scale_of([*sums, *low, *high, *(promised or ())], len(months))
    parts = [_axes(scale, months, currency)]
    parts += [_unknown(scale, place) for place, month in enumerate(found) if month is None]
    if all(m is None or (m["low"] is not None and m["high"] is not None) for m in found):
        there, back = _points(scale, high), _points(scale, low).split(" ")[::-1]
        parts.append(f'<polygon class="range" points="{there} {" ".join(back)}"/>')
    if promised is not None:
        parts.append(f'<polyline class="promise" points="{_points(scale, promised)}"/>')
    parts.append(f'<polyline class="realized" points="{_points(scale, sums)}"/>')
    parts += [
        f'<circle class="dot" cx="{scale.x(place + 1):.1f}" cy="{scale.y(sums[place + 1]):.1f}" r="3"/>'
        for place, month in enumerate(found)
        if month is not None
    ]
    told = [None if month is None else month["amount"] for month in found]
    return _drawing(f"Value realized in {currency}, added up over the period", "".join(parts), months, told)


def _sums(found: Sequence[Mapping[str, Any] | None], name: str) -> list[float]:
    """From 0 at the beginning, added up month by month."""
    return [0.0, *accumulate(0.0 if month is None or month[name] is None else month[name] for month in found)]


def _points(scale: Scale, sums: Sequence[float]) -> str:
    return " ".join(f"{scale.x(place):.1f},{scale.y(value):.1f}" for place, value in enumerate(sums))


def _bars(scale: Scale, values: Sequence[float | None]) -> str:
    parts = []
    for place, value in enumerate(values):
        if value is None:
            parts.append(_unknown(scale, place))
            continue
        left, right = scale.x(place + 0.2), scale.x(place + 0.8)
        top, bottom = sorted((scale.y(value), scale.y(0)))
        parts.append(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"/>'
        )
    return "".join(parts)


def _unknown(scale: Scale, place: int) -> str:
    left, right = scale.x(place), scale.x(place + 1)
    return (
        f'<rect class="unknown" x="{left:.1f}" y="{_TOP:.1f}" width="{right - left:.1f}"'
        f' height="{_HEIGHT - _TOP - _BOTTOM:.1f}"/>'
    )


def _axes(scale: Scale, months: Sequence[Mapping[str, Any]], unit: str) -> str:
    parts = []
    ticks = round((scale.high - scale.low) / scale.step)
    for n in range(ticks + 1):
        value = scale.low + n * scale.step
        y = scale.y(value)
        kind = "zero" if abs(value) < scale.step / 2 else "grid"
        digits = max(0, -floor(log10(scale.step)))
        parts.append(f'<path class="{kind}" d="M{_LEFT:.1f} {y:.1f}H{_WIDTH - _RIGHT:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{number(value, digits)}</text>')
    every = ceil(len(months) / 12)
    for place in range(0, len(months), every):
        x, month = scale.x(place + 0.5), date.fromisoformat(months[place]["month"])
        year = f" {month:%Y}" if month.month == 1 or place == 0 else ""
        rank = ' class="second"' if place // every % 2 else ""
        parts.append(f'<text{rank} x="{x:.1f}" y="{_HEIGHT - 12:.1f}" text-anchor="middle">{month:%b}{year}</text>')
    parts.append(f'<text x="{_LEFT - 8:.1f}" y="14" text-anchor="end">{escape(unit)}</text>')
    return "".join(parts)


def _drawing(title: str, drawn: str, months: Sequence[Mapping[str, Any]], values: Sequence[float | None]) -> str:
    """The drawing with its words for who cannot see it."""
    told = "; ".join(
        f"{month_name(month['month'])} {'not known' if value is None else number(value)}"
        for month, value in zip(months, values, strict=True)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-labelledby="chart-title chart-told">'
        f'<title id="chart-title">{escape(title)}</title><desc id="chart-told">{escape(told)}</desc>'
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path class="hatch" d="M0 0V6"/></pattern></defs>'
        f"{drawn}</svg>"
    )
