"""The one form of every benchmark: a table for people on stderr, one JSON object a figure on stdout."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median

from rich.console import Console
from rich.table import Column, Table


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value. `target` None: nothing was promised. `at_most` turns the promise round."""

    bench: str
    scenario: str
    metric: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False
    controls: Mapping[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """One figure of each kind: the median of what the runs measured; `low` and `high` among its controls."""
    if len(runs) == 1:
        return list(runs[0])
    middle = []
    for same in zip(*runs, strict=True):
        values = sorted(figure.value for figure in same)
        controls = {key: median(figure.controls[key] for figure in same) for key in same[0].controls}
        controls |= {"runs": len(same), "low": values[0], "high": values[-1]}
        middle.append(replace(same[0], value=median(values), controls=controls))
    return middle


def report(figures: Sequence[Figure]) -> None:
    """Print the figures in both forms."""
    columns = ("scenario", "metric", "value", "unit", "target", "holds", "runs")
    table = Table(*(Column(name, no_wrap=True) for name in columns))
    for figure in figures:
        fields = asdict(figure)
        del fields["at_most"]
        sys.stdout.write(json.dumps({**fields, "holds": figure.holds}) + "\n")
        target = "" if figure.target is None else f"{'≤' if figure.at_most else '≥'} {figure.target:,g}"
        holds = {None: "", True: "yes", False: "NO"}[figure.holds]
        spread = f"{figure.controls['low']:,.4g} to {figure.controls['high']:,.4g}" if "runs" in figure.controls else ""
        table.add_row(figure.scenario, figure.metric, f"{figure.value:,.4g}", figure.unit, target, holds, spread)
    sys.stdout.flush()
    Console(stderr=True, width=None if sys.stderr.isatty() else 120).print(table)
