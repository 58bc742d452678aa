"""Reliability diagrams of a backtest: what was told against what happened, a panel a kind and horizon. Pure."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from services.health.backtest.chart import BLUE, GREY, Panel, drawing
from services.health.backtest.replaying import Backtest
from services.health.track_record.scores import Calibration

_SIDE, _LEFT, _TOP, _COLUMN, _ROW = 290, 80, 60, 430, 420
_TICKS = [(share / 100, f"{share} %") for share in range(0, 101, 20)]
_MOST_IN_A_ROW = 2


def reliability_plot(found: Backtest) -> str:
    """Every kind and horizon with bins, as SVG; on the diagonal a kind says what happens."""
    told = [(kind, one) for kind, record in found.records.items() for one in record.calibration if one.bins]
    rows = [told[n : n + _MOST_IN_A_ROW] for n in range(0, len(told), _MOST_IN_A_ROW)]
    width = _COLUMN * max(map(len, rows), default=1)
    return drawing(width, _ROW * max(1, len(rows)), [part for n, row in enumerate(rows) for part in _row(n, row)])


def _row(number: int, row: Sequence[tuple[str, Calibration]]) -> list[str]:
    return [part for n, (kind, told) in enumerate(row) for part in _panel(_COLUMN * n, _ROW * number, kind, told)]


def _panel(left: int, top: int, kind: str, told: Calibration) -> list[str]:
    """A dot a bin, its area by its forecasts, and two standard errors of what happened."""
    panel = Panel(left=left + _LEFT, top=top + _TOP, width=_SIDE, height=_SIDE, x=(0, 1), y=(0, 1))
    said, happened = (np.array([getattr(one, name) for one in told.bins]) for name in ("told", "happened"))
    count = np.array([one.forecasts for one in told.bins])
    error = 2 * np.sqrt(happened * (1 - happened) / count)
    radius = [4 * sqrt(n / count.mean()) for n in count]
    title = f"{kind} within {told.horizon_days} days: {told.forecasts} forecasts, {told.happened} happened"
    return [
        panel.axes(title, "probability that was told", "share that happened", _TICKS, _TICKS),
        panel.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), GREY, dash="5 4", thick=1),
        panel.note(0.68, 0.6, "as told", GREY),
        *(
            panel.line(np.array([x, x]), np.array([y - e, y + e]), BLUE, thick=1)
            for x, y, e in zip(said, happened, error, strict=True)
        ),
        panel.line(said, happened, BLUE),
        panel.dots(said, happened, radius, BLUE),
    ]
