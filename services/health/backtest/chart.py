"""Charts as SVG: rectangles with a linear scale along each side, lines, bands, dots and words. Pure.

Colours are of Okabe and Ito (2008), which people with any colour vision tell apart; a white ground serves light and
dark pages alike, and text stays text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from services.health.block import Floats

BLUE, ORANGE, RED, GREEN, GREY, BLACK = "#0072b2", "#e69f00", "#d55e00", "#009e73", "#767676", "#1a1a1a"
Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Where a chart lies, in pixels from the drawing's upper left, and the values at its sides."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    def axes(self, title: str, x_name: str, y_name: str, x_ticks: Ticks, y_ticks: Ticks) -> str:
        """The frame with its ticks, the names of its sides with their units, and a title above."""
        right, bottom = self.left + self.width, self.top + self.height
        parts = [words(self.left, self.top - 12, title, bold=True)]
        for value, text in y_ticks:
            y = self._y(value)
            parts.append(f'<path d="M{self.left:.1f} {y:.1f}H{right:.1f}" stroke="#dddddd"/>')
            parts.append(words(self.left - 7, y + 4, text, anchor="end"))
        for value, text in x_ticks:
            x = self._x(value)
            parts.append(f'<path d="M{x:.1f} {bottom:.1f}v5" stroke="{BLACK}"/>')
            parts.append(words(x, bottom + 19, text, anchor="middle"))
        parts.append(
            f'<path d="M{self.left:.1f} {self.top:.1f}V{bottom:.1f}H{right:.1f}" fill="none" stroke="{BLACK}"/>'
        )
        parts.append(words(self.left + self.width / 2, bottom + 38, x_name, anchor="middle"))
        parts.append(words(self.left - 50, self.top + self.height / 2, y_name, anchor="middle", upright=True))
        return "".join(parts)

    def line(self, x: Floats, y: Floats, colour: str, *, dash: str = "", thick: float = 2) -> str:
        """A line through the points (n,); broken where either is NaN, and held within the frame."""
        run, moves = False, []
        for at, value in zip(self._xs(x), self._ys(y), strict=True):
            known = bool(np.isfinite(at + value))
            moves += [f"{'L' if run else 'M'}{at:.1f} {value:.1f}"] if known else []
            run = known
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return f'<path d="{"".join(moves)}" fill="none" stroke="{colour}" stroke-width="{thick}"{dashed}/>'

    def band(self, x: Floats, low: Floats, high: Floats, colour: str) -> str:
        """What lies between two lines (n,), pale; where either is NaN there is none."""
        known = np.isfinite(low) & np.isfinite(high)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
        parts = []
        for first, end in edges.reshape(-1, 2).tolist():
            own = slice(first, end)
            there = zip(self._xs(x[own]), self._ys(high[own]), strict=True)
            back = zip(self._xs(x[own][::-1]), self._ys(low[own][::-1]), strict=True)
            points = " ".join(f"{at:.1f},{value:.1f}" for at, value in (*there, *back))
            parts.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.22"/>')
        return "".join(parts)

    def dots(self, x: Iterable[float], y: Iterable[float], radius: Iterable[float], colour: str) -> str:
        """A dot at each point, with its radius in pixels."""
        return "".join(
            f'<circle cx="{self._x(at):.1f}" cy="{self._y(value):.1f}" r="{size:.1f}" fill="{colour}"/>'
            for at, value, size in zip(x, y, radius, strict=True)
        )

    def note(self, x: float, y: float, text: str, colour: str, *, anchor: str = "start", up: float = 0) -> str:
        """Words at a point of the chart, `up` pixels above it."""
        return words(self._x(x), self._y(y) - up, text, anchor=anchor, colour=colour)

    def moment(self, x: float, colour: str) -> str:
        """A vertical line through the whole chart."""
        return (
            f'<path d="M{self._x(x):.1f} {self.top:.1f}v{self.height:.1f}" stroke="{colour}" stroke-dasharray="2 3"/>'
        )

    def _x(self, value: float) -> float:
        return float(self._xs(np.array([value]))[0])

    def _y(self, value: float) -> float:
        return float(self._ys(np.array([value]))[0])

    def _xs(self, values: Floats) -> Floats:
        low, high = self.x
        return np.asarray(self.left + self.width * (np.clip(values, low, high) - low) / (high - low))

    def _ys(self, values: Floats) -> Floats:
        low, high = self.y
        return np.asarray(self.top + self.height * (high - np.clip(values, low, high)) / (high - low))


def words(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: str = BLACK,
    bold: bool = False,
    upright: bool = False,
) -> str:
    """A line of text at pixels; `upright` reads from below to above."""
    turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if upright else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}{turned}>{escape(text)}</text>'


def drawing(width: int, height: int, parts: Iterable[str]) -> str:
    """An SVG file."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="Helvetica, Arial, sans-serif" font-size="13">'
        '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
