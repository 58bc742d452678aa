"""Bars of points: what moved health between two days, and what it lost. Pure: rows to SVG."""

import itertools
from collections.abc import Sequence

_ROUNDED = 1e-6


def _bar(low: float, high: float, kind: str) -> str:
    width = max(high - low, 0.4)
    return (
        f'<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">'
        f'<rect class="{kind}" x="{low:.1f}%" width="{width:.1f}%" y="2" height="10"/></svg>'
    )


def change_bars(before: float, after: float, points: Sequence[float]) -> list[str]:
    """A waterfall, a bar a row: before, each part where the last one ended, after."""
    levels = [before]
    for part in points:
        levels.append(levels[-1] + part)
    low, high = min(*levels, after), max(*levels, after)
    room = max((high - low) * 0.6, 2.0)
    begin = max(low - room, 0.0)

    def place(level: float) -> float:
        return 100 * (level - begin) / max(high - begin, _ROUNDED)

    moved = [
        _bar(place(min(a, b)), place(max(a, b)), "lost" if b < a else "gained") for a, b in itertools.pairwise(levels)
    ]
    return [_bar(0, place(before), "whole"), *moved, _bar(0, place(after), "whole")]


def lost_bars(points: Sequence[float]) -> list[str]:
    """Points lost, each beside the greatest."""
    most = max(points, default=0.0)
    return [_bar(0, 100 * each / most, "whole") if most > 0 else "" for each in points]
