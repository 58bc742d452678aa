"""The small pictures in a row: when, how health went, how much of the promise. Pure: figures to SVG.

One grammar for doubt in all of them: dot = median, pale bar = range, tick = promise. Paths lie in a box of 1000 x 1000
that is stretched to any width; text and dots are not.
"""

from collections.abc import Sequence
from datetime import date, timedelta

WEEKS = 13
SPARK_WEEKS, _SPARK_WIDTH, _SPARK_HEIGHT = 30, 84.0, 26.0
_LOW_SHARE, _HIGH_SHARE = 0.4, 1.3
_BEYOND = '<svg x="100%" overflow="visible"><path class="arrow" d="M-7 3 L-1 8 L-7 13"/></svg>'


def _svg(kind: str, body: str, height: int = 16) -> str:
    return f'<svg class="mark {kind}" width="100%" height="{height}" aria-hidden="true" focusable="false">{body}</svg>'


def _line(x1: float, x2: float, y: int, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}%" x2="{x2:.1f}%" y1="{y}" y2="{y}"/>'


def _tick(x: float, kind: str, half: int = 5) -> str:
    return f'<line class="{kind}" x1="{x:.1f}%" x2="{x:.1f}%" y1="{8 - half}" y2="{8 + half}"/>'


def month_ticks(first: date, weeks: int = WEEKS) -> list[tuple[float, str]]:
    """Where months begin on the common axis of the rows, in per cent, and their names."""
    found: list[tuple[float, str]] = []
    on = first.replace(day=1)
    while True:
        on = (on.replace(day=28) + timedelta(days=4)).replace(day=1)
        place = 100 * (on - first).days / (7 * weeks)
        if place >= 100:
            return found
        found.append((place, f"{on:%b}"))


def when_mark(first: date, at: date | None, low: date | None, high: date | None, *, tier: str) -> str:
    """A date with its 80 % range on the axis of 13 weeks that all rows share; dotted where no date is known."""
    if at is None:
        return _svg("when", _line(0, 100, 8, "nodate"))

    def place(on: date) -> float:
        return 100 * (on - first).days / (7 * WEEKS)

    ticks = "".join(_tick(x, "rule") for x, _ in month_ticks(first))
    body = _line(0, 100, 8, "rule") + ticks
    ends = [min(max(place(on), 0.0), 100.0) for on in (low or at, high or at)]
    if ends[0] < 100:
        body += _line(ends[0], max(ends[1], ends[0]), 8, f"range {tier}")
    middle = place(at)
    if middle > 100:
        return _svg("when", body + _BEYOND)
    return _svg("when", f'{body}<circle class="dot {tier}" cx="{max(middle, 0.0):.1f}%" cy="8" r="4.5"/>')


def promise_mark(value: float, low: float | None, high: float | None) -> str:
    """Realized over promised with its range, on an axis from 40 to 130 % with a tick at 100."""

    def place(share: float) -> float:
        return 100 * (min(max(share, _LOW_SHARE), _HIGH_SHARE) - _LOW_SHARE) / (_HIGH_SHARE - _LOW_SHARE)

    body = _line(0, 100, 8, "rule")
    if low is not None and high is not None:
        body += _line(place(low), place(high), 8, "range data")
    body += _tick(place(1.0), "promise", 6)
    if value > _HIGH_SHARE:
        return _svg("of-promise", body + _BEYOND)
    if value < _LOW_SHARE:
        return _svg("of-promise", body + '<path class="arrow" d="M7 3 L1 8 L7 13"/>')
    return _svg("of-promise", f'{body}<circle class="dot data" cx="{place(value):.1f}%" cy="8" r="4.5"/>')


def spark(weekly: Sequence[float | None]) -> str:
    """Health of the last 26 weeks; as many points a pixel in every row, so that slopes compare; gaps stay gaps."""
    known = [value for value in weekly if value is not None]
    if not known:
        return ""
    middle = (max(known) + min(known)) / 2
    low, high = middle - SPARK_WEEKS / 2, middle + SPARK_WEEKS / 2
    if max(known) - min(known) > SPARK_WEEKS:
        low, high = min(known), max(known)
    step = (_SPARK_WIDTH - 6) / (len(weekly) - 1) if len(weekly) > 1 else 0.0

    def point(place: int, value: float) -> str:
        return f"{2 + place * step:.1f} {3 + (_SPARK_HEIGHT - 6) * (high - value) / (high - low):.1f}"

    path, pen = [], "M"
    for place, value in enumerate(weekly):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{point(place, value)}")
        pen = "L"
    first = next(point(place, value) for place, value in enumerate(weekly) if value is not None).split()[1]
    end = ""
    if weekly[-1] is not None:
        x, y = point(len(weekly) - 1, weekly[-1]).split()
        end = f'<circle class="end" cx="{x}" cy="{y}" r="2.2"/>'
    return (
        f'<svg class="mark spark" width="{_SPARK_WIDTH:.0f}" height="{_SPARK_HEIGHT:.0f}" aria-hidden="true"'
        f' focusable="false"><line class="rule" x1="0" x2="{_SPARK_WIDTH:.0f}" y1="{first}" y2="{first}"/>'
        f'<path class="line" d="{"".join(path)}"/>{end}</svg>'
    )
