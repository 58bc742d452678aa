"""The paper under every big chart: axes of round numbers and of months, and lines that stretch while text does not."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from math import ceil, floor, log10

_SCALE = 1000


@dataclass(frozen=True, kw_only=True)
class Plot:
    """From days and values to places. Height is in pixels, width in per cent of whatever there is."""

    first: date
    last: date
    low: float
    high: float
    step: float
    height: int

    def x(self, on: date) -> float:
        """Of a day, in per cent."""
        return 100 * (on - self.first).days / max((self.last - self.first).days, 1)

    def y(self, value: float) -> float:
        """Of a value, in pixels."""
        return self.height * (self.high - value) / (self.high - self.low)

    def points(self, found: Sequence[tuple[date, float]]) -> list[str]:
        """Places in the box of 1000 x 1000, as whole numbers."""
        return [f"{self.x(on) * _SCALE / 100:.0f} {self.y(value) * _SCALE / self.height:.0f}" for on, value in found]


def plot_of(first: date, last: date, values: Sequence[float], *, height: int, from_zero: bool) -> Plot:
    """One that has all values, and three to six round ticks."""
    low, high = min(values), max(values)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    spread = high - low if high - low > 1e-6 else 1.0
    power = 10.0 ** floor(log10(spread / 4))
    step = next(power * part for part in (1, 2, 5, 10) if spread / (power * part) <= 5)
    bottom, top = step * floor(low / step + 1e-9), step * ceil(high / step - 1e-9)
    top = top if top > bottom else bottom + step
    return Plot(first=first, last=last, low=bottom, high=top, step=step, height=height)


def line(plot: Plot, found: Sequence[tuple[date, float]], kind: str) -> str:
    """A line through points."""
    return f'<path class="{kind}" d="M{"L".join(plot.points(found))}"/>' if len(found) > 1 else ""


def steps(plot: Plot, found: Sequence[tuple[date, float]], kind: str) -> str:
    """A line that falls at each point and stays until the next."""
    flat = [(on, value) for before, (on, _) in itertools.pairwise(found) for value in (before[1],)]
    both = [found[0], *(p for pair in zip(flat, found[1:], strict=True) for p in pair)] if found else []
    return line(plot, both, kind)


def band(plot: Plot, low: Sequence[tuple[date, float]], high: Sequence[tuple[date, float]], kind: str) -> str:
    """The area between two lines."""
    if len(low) < 2:
        return ""
    return f'<path class="{kind}" d="M{"L".join([*plot.points(high), *plot.points(low)[::-1]])}Z"/>'


def dot(plot: Plot, on: date, value: float, kind: str = "") -> str:
    """A point that keeps its shape."""
    return f'<circle class="dot {kind}" cx="{plot.x(on):.1f}%" cy="{plot.y(value):.1f}" r="4"/>'


def label(x: float, y: float, text: str, kind: str = "", anchor: str = "start", nudge: int = 0) -> str:
    """Words at a place, in per cent and pixels."""
    shift = f' dx="{nudge}"' if nudge else ""
    return f'<text class="{kind}" x="{x:.1f}%" y="{y:.1f}"{shift} text-anchor="{anchor}">{escape(text)}</text>'


def today_line(plot: Plot, on: date) -> str:
    """Where what is measured ends."""
    x = f"{plot.x(on):.1f}%"
    return f'<line class="today" x1="{x}" x2="{x}" y1="0" y2="{plot.height}"/>' + label(
        plot.x(on), -7, "today", anchor="middle"
    )


def drawing(plot: Plot, stretched: str, plain: str, *, told: str, ticks: Sequence[tuple[float, str]]) -> str:
    """The whole picture; told: the sentence that it shows; ticks: values and how they are written."""
    rules = "".join(
        f'<line class="rule" x1="0" x2="100%" y1="{plot.y(value):.1f}" y2="{plot.y(value):.1f}"/>'
        f"{label(0, plot.y(value) + 4, text, anchor='end', nudge=-8)}"
        for value, text in ticks
    )
    return (
        f'<svg class="chart" role="img" aria-label="{escape(told)}" width="100%" height="{plot.height}"'
        f' overflow="visible">{rules}<svg viewBox="0 0 1000 1000" width="100%" height="{plot.height}"'
        f' preserveAspectRatio="none" overflow="visible">{stretched}</svg>{_months(plot)}{plain}</svg>'
    )


def values_of(plot: Plot) -> list[float]:
    """The round values at which the axis is ruled."""
    count = round((plot.high - plot.low) / plot.step)
    return [plot.low + plot.step * place for place in range(count + 1)]


def _months(plot: Plot) -> str:
    """Names of years where the axis is long, of months otherwise; at most six."""
    begins, on = [], plot.first
    while on <= plot.last:
        if on.day == 1:
            begins.append(on)
        on += timedelta(days=1)
    if (plot.last - plot.first).days > 900:
        named = [(each, f"{each:%Y}") for each in begins if each.month == 1]
    else:
        every = max(1, ceil(len(begins) / 6))
        named = [(each, f"{each:%b}" + (f" {each:%Y}" if each.month == 1 else "")) for each in begins[::every]]
    return "".join(label(plot.x(each), plot.height + 18, text, anchor="middle") for each, text in named)
