"""The one form of every benchmark: a table for people on stderr, one JSON object a figure on stdout."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isnan
from statistics import median
from typing import Any

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


class Sheet:
    """The figures of one scenario of one benchmark, in the order in which they are added."""

    def __init__(self, bench: str, scenario: str) -> None:
        self._bench = bench
        self._scenario = scenario
        self.figures: list[Figure] = []

    def add(
        self,
        metric: str,
        value: float,
        unit: str,
        target: float | None = None,
        *,
        at_most: bool = False,
        controls: Mapping[str, float] | None = None,
    ) -> None:
        """Take one value down. controls: what trivial rivals score in the same run."""
        self.figures.append(
            Figure(
                bench=self._bench,
                scenario=self._scenario,
                metric=metric,
                value=float(value),
                unit=unit,
                target=target,
                at_most=at_most,
                controls=controls or {},
            )
        )


def report(figures: Sequence[Figure]) -> None:
    """Print the figures in both forms; NaN, where there was nothing to measure, is null in JSON."""
    columns = ("scenario", "metric", "value", "unit", "target", "holds", "beside")
    table = Table(*(Column(name, no_wrap=name != "beside") for name in columns))
    for figure in figures:
        fields = asdict(figure)
        del fields["at_most"]
        sys.stdout.write(json.dumps(_without_nan({**fields, "holds": figure.holds})) + "\n")
        target = "" if figure.target is None else f"{'≤' if figure.at_most else '≥'} {figure.target:,g}"
        holds = {None: "", True: "yes", False: "NO"}[figure.holds]
        table.add_row(
            figure.scenario, figure.metric, f"{figure.value:,.4g}", figure.unit, target, holds, _beside(figure)
        )
    sys.stdout.flush()
    Console(stderr=True, width=None if sys.stderr.isatty() else 120).print(table)


def _beside(figure: Figure) -> str:
    """What stands beside a value: the spread of several runs, or the controls."""
    if "runs" in figure.controls:
        return f"{figure.controls['low']:,.4g} to {figure.controls['high']:,.4g}"
    return ", ".join(f"{name} {value:,.4g}" for name, value in figure.controls.items())


def _without_nan(fields: dict[str, Any]) -> dict[str, Any]:
    controls = {name: None if isnan(value) else value for name, value in fields["controls"].items()}
    return {**fields, "value": None if isnan(fields["value"]) else fields["value"], "controls": controls}
