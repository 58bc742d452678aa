"""The picture of an account's value against its promise, from the engine's own output on a made-up customer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from services.health.assess import Assessment, assess
from services.health.assessment import CumulatedRow, OutlookRow
from services.health.backtest.chart import BLACK, BLUE, GREY, ORANGE, Panel, drawing
from services.health.block import Event
from services.health.value_assessment.cumulated import ALL
from tests.unit.health.worlds import ECONOMICS, START, asset, contract, customer

YEARS = 6
_DAYS = 3 * 365
_PROMISED = 300_000.0


def improving_customer() -> Assessment:
    """Two machines whose stops halve in three years, with a promise of 300 000 a year and a contract of five years."""
    share = np.interp(np.arange(_DAYS), [0, 60, _DAYS], [0.10, 0.10, 0.05])
    block = customer([asset(n, _DAYS, down_share=share) for n in (1, 2)])
    paid = Event(
        scope_type="customer",
        scope_id=block.customer_id,
        at=START + timedelta(days=1),
        kind="work_order",
        attributes={"paid_by": "supplier"},
    )
    terms = contract(promised_annual_value=_PROMISED, ends_on=START.date().replace(year=START.year + 5))
    economics = replace(ECONOMICS, downtime_cost_per_hour=800.0, basis="agreed", author="plant controller")
    return assess(None, replace(block, economics=(economics,), contracts=(terms,), events=(paid,)))


def value_picture(cumulated: Sequence[CumulatedRow], outlooks: Sequence[OutlookRow]) -> str:
    """Net value since the start with its 90 % band, what was promised, and the fan of what it will come to."""
    newest = max(row.month for row in outlooks)
    told = [row for row in cumulated if row.line_of_business == ALL and row.month <= newest]
    own = [row for row in told if row.net is not None]
    at = np.array([_year(_end_of(row.month)) for row in own])
    net, low, high, promised = (
        _thousands([getattr(row, name) for row in own]) for name in ("net", "net_low", "net_high", "promised_money")
    )
    ahead = sorted((row for row in outlooks if row.line_of_business == ALL and row.month == newest), key=_at)
    whole = [row for row in own if row.month == newest]
    ahead = [row for row in ahead if _year(row.at) <= YEARS]
    x = np.array([_year(_end_of(newest)), *(_year(row.at) for row in ahead)])
    fan = [
        _thousands([*(getattr(row, name) for row in whole), *(getattr(row, name) for row in ahead)])
        for name in ("net", "net_low", "net_high")
    ]
    top = max(np.nanmax(fan[2]), np.nanmax(promised))
    step = 10 ** np.floor(np.log10(top)) / 2
    most = float(step * np.ceil(top / step))
    bottom = float(-step * np.ceil(max(0.0, -min(np.nanmin(low), 0.0)) / step))
    panel = Panel(left=80, top=45, width=745, height=380, x=(0, YEARS), y=(bottom, most))
    ticks = [(float(value), f"{value:,.0f}") for value in np.arange(bottom, most + 1, step)]
    renewal = next(row for row in ahead if row.horizon == "renewal")
    ratio = f"{renewal.ratio:.2f} of the promise ({renewal.ratio_low:.2f} to {renewal.ratio_high:.2f})"
    return drawing(
        860,
        490,
        [
            panel.axes(
                "Value since the start against the promise, net of fees and maintenance",
                "years since the start",
                "thousand EUR",
                [(float(year), str(year)) for year in range(YEARS + 1)],
                ticks,
            ),
            panel.moment(float(x[0]), GREY),
            panel.moment(_year(renewal.at), GREY),
            panel.line(np.array([0.0, 5.0]), np.array([0.0, 5 * _PROMISED / 1000]), GREY, dash="5 4"),
            panel.band(at, low, high, BLUE),
            panel.line(at, net, BLUE),
            panel.band(x, fan[1], fan[2], ORANGE),
            panel.line(x, fan[0], ORANGE),
            panel.note(1.9, 1.9 * _PROMISED / 1000, "promised at the sale", GREY, anchor="end", up=8),
            panel.note(float(x[0]) - 0.05, most, "as it is", BLUE, anchor="end", up=-16),
            panel.note(float(x[0]) + 0.05, most, "as it is foretold", ORANGE, up=-16),
            panel.note(_year(renewal.at) - 0.05, bottom, f"at renewal: {ratio}", BLACK, anchor="end", up=8),
            panel.note(0.08, most, "line: expected, band: 90 %", BLACK, up=-16),
        ],
    )


def _at(row: OutlookRow) -> date:
    return row.at


def _end_of(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _year(day: date) -> float:
    return (day - START.date()).days / 365.25


def _thousands(amounts: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if amount is None else amount / 1000 for amount in amounts], dtype=np.float64)
