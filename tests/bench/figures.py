"""The one form of every benchmark: a table for people on stderr, one JSON object a figure on stdout."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

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


def report(figures: Sequence[Figure]) -> None:
    """Print the figures in both forms."""
    columns = ("scenario", "metric", "value", "unit", "target", "holds")
    table = Table(*(Column(name, no_wrap=True) for name in columns))
    for figure in figures:
        fields = asdict(figure)
        del fields["at_most"]
        sys.stdout.write(json.dumps({**fields, "holds": figure.holds}) + "\n")
        target = "" if figure.target is None else f"{'≤' if figure.at_most else '≥'} {figure.target:,g}"
        holds = {None: "", True: "yes", False: "NO"}[figure.holds]
        table.add_row(figure.scenario, figure.metric, f"{figure.value:,.4g}", figure.unit, target, holds)
    sys.stdout.flush()
    Console(stderr=True, width=None if sys.stderr.isatty() else 120).print(table)
