"""The pictures of `services/health/README.md`, from the engine's own output on made-up machines.

`make pictures` writes them to docs/pictures: a machine that wears out, with what was foretold of it and the alert; a
guarantee that burns; an account's value against its promise; what a backtest of a made-up fleet says of its
probabilities. The same seed draws the same.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.assess import Assessment, assess
from services.health.assessment import SignalRow
from services.health.backtest.chart import BLACK, BLUE, GREY, ORANGE, RED, Panel, Ticks, drawing
from services.health.backtest.plot import reliability_plot
from services.health.backtest.replaying import Backtest, judged
from services.health.prognostic_assessment.remaining_life.learning import learn
from services.health.state_detection.states import DAY_S
from tests.bench.value_picture import improving_customer, value_picture
from tests.bench.worn_fleet import Habit, made_up_lives, worn_customer, worn_machine
from tests.unit.health.worlds import START, asset, contract, customer

Floats = NDArray[np.float64]
DIRECTORY = Path(__file__).parents[2] / "docs" / "pictures"
WIDTH, LEFT, INNER = 860, 80, 745
_FAILS_ON, _SEEN = 170, 176
_YEAR = 365
_FLEETS, _MACHINES, _YEARS = 6, 10, 3
_OTHERS = 700_000  # seeds of machines that teach only


def wearing_machine() -> Assessment:
    """A pump that fails of wear on its 170th day and is mended."""
    return assess(None, customer([worn_machine(7, 1, _SEEN, first_life=_FAILS_ON)]))


def burning_guarantee() -> Assessment:
    """Three machines under a guarantee of 98 % over a year, one of which stands still ever more often."""
    rng, day, downs = np.random.default_rng(3), 20.0, []
    while day < _YEAR - 2:
        downs.append((round(24 * day), round(rng.uniform(4, 10) * (1 + day / 150))))
        day += max(5.0, rng.uniform(10, 20) * (1 - day / 450))
    calm = [tuple((24 * day + 6, 5) for day in range(30 + 17 * n, _YEAR, 80)) for n in range(2)]
    machines = [asset(n + 1, _YEAR, down_share=0.0, downs=own) for n, own in enumerate((tuple(downs), *calm))]
    terms = contract(guaranteed_availability=0.98, guarantee_window_days=_YEAR, credit_per_point=20_000.0)
    return assess(None, customer(machines, contracts=(terms,)))


def made_up_backtest() -> Backtest:
    """Sixty machines over three years, after what forty others taught."""
    days, until = 365 * _YEARS, START + timedelta(days=365 * _YEARS)
    taught = [life for seed in range(_OTHERS, _OTHERS + 40) for life in made_up_lives(Habit(), seed, 900)]
    model = learn(taught, "pump", START.timestamp() / DAY_S)
    if model is None:
        raise ValueError("forty machines teach something")
    found = {fleet + 1: assess(None, worn_customer(fleet, _MACHINES, days), (), (model,)) for fleet in range(_FLEETS)}
    return judged(found, dict.fromkeys(found, until), START, until)


def wear_picture(signals: Sequence[SignalRow], opened: float, failure: float) -> str:
    """How far a machine is from its own baseline, and when it will reach its limit as foretold on each day.

    opened, failure: the days of the alert and of the failure.
    """
    rows = _of(signals, "deviation")
    day, deviation = _days(rows), np.array([row.value for row in rows], dtype=np.float64)
    dates = np.array([[_day_of(at) for at in (r.expected_low, r.expected_at, r.expected_high)] for r in rows])
    ticks = _ticks(0, 160, 20)
    above = Panel(left=LEFT, top=45, width=INNER, height=190, x=(0, _SEEN), y=(0, 6))
    below = Panel(left=LEFT, top=325, width=INNER, height=260, x=(0, _SEEN), y=(80, 340))
    marks = [panel.moment(at, colour) for panel in (above, below) for at, colour in ((opened, RED), (failure, GREY))]
    return drawing(
        WIDTH,
        640,
        [
            above.axes(
                "A pump wears out: distance from its own baseline",
                "day",
                "sigmas of the baseline",
                ticks,
                _ticks(0, 6, 2),
            ),
            below.axes(
                "What was foretold on each day: when it reaches its limit",
                "day on which it was told",
                "day foretold",
                ticks,
                _ticks(100, 340, 40),
            ),
            *marks,
            above.line(day, deviation, BLUE),
            above.note(opened - 1.5, 5, f"alert on day {opened:.0f}", RED, anchor="end"),
            above.note(failure - 1.5, 1, f"it fails on day {failure:.0f}", GREY, anchor="end"),
            below.band(day, dates[:, 0], np.where(np.isnan(dates[:, 2]), 340.0, dates[:, 2]) + 0 * dates[:, 1], ORANGE),
            below.line(day, dates[:, 1], ORANGE),
            below.line(np.array([0.0, _SEEN]), np.array([failure, failure]), GREY, dash="5 4"),
            below.note(2, failure, f"the day on which it failed: {failure:.0f}", GREY, up=6),
            below.note(2, 320, "line: P50, band: P10 to P90", BLACK),
        ],
    )


def guarantee_picture(signals: Sequence[SignalRow], opened: float) -> str:
    """How a guarantee's budget is spent, how fast, and how likely that is too much. opened: the day of the alert."""
    spent, breach = _of(signals, "attributed_availability"), _of(signals, "guarantee_breach")
    known = [row for row in spent if "spent_h" in row.evidence]
    hours = np.array([row.evidence["spent_h"] for row in known], dtype=np.float64)
    budget = float(str(known[-1].evidence["budget_h"]))
    burn = np.array([row.value for row in _of(signals, "guarantee_burn")], dtype=np.float64)
    likely = np.array([row.value for row in breach], dtype=np.float64)
    ticks, halves = _ticks(0, 360, 60), [(n / 2, f"{50 * n} %") for n in range(3)]
    over = float(_days(known)[np.argmax(hours > budget)])
    most = 200 * int(np.ceil(max(budget, float(hours.max())) / 200))
    hundreds = _ticks(0, most, 200)
    top = Panel(left=LEFT, top=45, width=INNER, height=190, x=(0, _YEAR), y=(0, most))
    middle = Panel(left=LEFT, top=300, width=INNER, height=110, x=(0, _YEAR), y=(0, 4))
    bottom = Panel(left=LEFT, top=475, width=INNER, height=110, x=(0, _YEAR), y=(0, 1))
    return drawing(
        WIDTH,
        635,
        [
            top.axes("A guarantee of 98 % burns: downtime that counts against it", "", "hours", ticks, hundreds),
            middle.axes("Burn over 36 days: 1 is even use", "", "burn rate", ticks, _ticks(0, 4, 1)),
            bottom.axes(
                "Probability of a breach by the year's end", "day of the guarantee's year", "P(breach)", ticks, halves
            ),
            *(panel.moment(opened, RED) for panel in (top, middle, bottom)),
            *(panel.moment(over, GREY) for panel in (top, middle, bottom)),
            top.line(np.array([0.0, _YEAR]), np.array([budget, budget]), GREY, dash="5 4"),
            top.line(np.array([0.0, _YEAR]), np.array([0.0, budget]), GREY, thick=1),
            top.note(2, budget, f"the budget: {budget:.0f} h", GREY, up=6),
            top.note(120, budget * 120 / _YEAR, "even use", GREY, up=10, anchor="end"),
            top.note(opened - 3, 0.88 * most, f"alert on day {opened:.0f}", RED, anchor="end"),
            top.note(over - 3, 60, f"spent on day {over:.0f}", GREY, anchor="end"),
            top.line(_days(known), hours, BLUE),
            middle.line(_days(_of(signals, "guarantee_burn")), burn, ORANGE),
            middle.line(np.array([0.0, _YEAR]), np.array([1.0, 1.0]), GREY, dash="5 4", thick=1),
            bottom.line(_days(breach), likely, RED),
        ],
    )


def _of(signals: Sequence[SignalRow], kind: str) -> list[SignalRow]:
    return [row for row in signals if row.kind == kind]


def _days(rows: Sequence[SignalRow]) -> Floats:
    """Days from the start to the end of each row's day."""
    return np.array([(row.day - START.date()).days + 1 for row in rows], dtype=np.float64)


def _day_of(at: datetime | None) -> float:
    return float("nan") if at is None else (at - START) / timedelta(days=1)


def _ticks(first: int, last: int, step: int) -> Ticks:
    return [(float(n), str(n)) for n in range(first, last + 1, step)]


def drawn() -> Iterator[tuple[str, str]]:
    """Name and SVG of each picture."""
    worn, burning = wearing_machine(), burning_guarantee()
    (failure,) = (_day_of(row.at) for row in worn.outcomes if row.outcome == "asset_failure")
    yield "wear", wear_picture(worn.signals, _opened(worn, "wear"), failure)
    yield "guarantee", guarantee_picture(burning.signals, _opened(burning, "guarantee_breach"))
    account = improving_customer()
    yield "value", value_picture(account.cumulated, account.outlooks)
    yield "reliability", reliability_plot(made_up_backtest())


def _opened(told: Assessment, kind: str) -> float:
    """The day on which the first alert of a kind opened."""
    return min(_day_of(episode.life.opened_at) for episode in told.episodes if episode.kind == kind)


def main() -> None:
    """Write the pictures."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, picture in drawn():
        (DIRECTORY / f"{name}.svg").write_text(picture)


if __name__ == "__main__":
    main()
