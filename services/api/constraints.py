"""Which machine a line waits for: its constraint, by whose figures the line is judged. Pure.

The mean of a line's machines says nothing of the line: what the slowest cannot make, nobody makes. Machines with a
declared capacity are compared by it times their availability while they did not wait for others, since a machine that
starves is not slow; without one by the share of known time in which they did not wait (the machine that is active
longest: Roser, Nakano and Tanaka, A practical bottleneck detection method, WSC 2001), and among equals by
availability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.kpis import Totals, summed


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """The machine, what it was found by (capacity, waiting), and that figure of every machine.

    figures: units an hour, or the share of known time spent waiting.
    """

    asset_id: int
    by: str
    figures: Mapping[int, float]


def constraint(machines: Mapping[int, Sequence[Totals]]) -> Constraint | None:
    """The constraint of a line's machines; None while nothing is known of one of them, for that could be it.

    machines: totals by asset. A machine that was never planned to run constrains nobody.
    """
    sums = {asset: summed(totals) for asset, totals in machines.items()}
    planned = {asset: t for asset, t in sums.items() if t["pbt_s"] > 0}
    if not planned or any(t["known_s"] <= 0 for t in planned.values()):
        return None
    availability = {asset: t["apt_s"] / t["known_s"] for asset, t in planned.items()}
    by, figures = "waiting", {asset: t["waiting_s"] / t["known_s"] for asset, t in planned.items()}
    if all(t["capacity"] > 0 for t in planned.values()):
        by = "capacity"
        figures = {a: t["capacity"] / (t["known_s"] / 3600) * _while_wanted(t) for a, t in planned.items()}
    found = min(planned, key=lambda asset: (figures[asset], availability[asset], asset))
    return Constraint(asset_id=found, by=by, figures=figures)


def _while_wanted(t: Mapping[str, float]) -> float:
    """Availability in the time in which the machine did not wait for others; 1 for one that did nothing else."""
    wanted = t["known_s"] - t["waiting_s"]
    return t["apt_s"] / wanted if wanted > 0 else 1.0
