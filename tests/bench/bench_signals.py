"""How good the signals about machines are: caught, in time, with which date, and how much better than by trivial means.

`python -m tests.bench.bench_signals [--only SCENARIO]`: the functions that run live, over the data beside the
repository (../shared/data) on splits made here. What is scored was never learned from. Beside every figure stand the
controls of that data's README in `controls`: a signal that does not clearly beat those has no skill.

A module for each data set, with SCENARIOS: name to a function from the folder of data to figures.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench import (
    signals_azure,
    signals_azure_watch,
    signals_changes,
    signals_cmapss,
    signals_guarantees,
    signals_metro,
    signals_skab,
    signals_word,
)
from tests.bench.figures import Figure, report

DATA = Path(__file__).parents[3] / "shared" / "data"
SCENARIOS: Mapping[str, Callable[[Path], list[Figure]]] = {
    **signals_azure.SCENARIOS,
    **signals_azure_watch.SCENARIOS,
    **signals_changes.SCENARIOS,
    **signals_cmapss.SCENARIOS,
    **signals_guarantees.SCENARIOS,
    **signals_metro.SCENARIOS,
    **signals_skab.SCENARIOS,
    **signals_word.SCENARIOS,
}


def main() -> None:
    """Run the scenarios asked for and report them; exit with 1 where there is no data to measure on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SCENARIOS)
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"NOTHING WAS MEASURED: {DATA} is absent, and these benchmarks need the data that is kept there.")
    names = [options.only] if options.only else list(SCENARIOS)
    figures: list[Figure] = []
    for number, name in enumerate(names, 1):
        sys.stderr.write(f"{number} of {len(names)}: {name}\n")
        figures += SCENARIOS[name](DATA)
    report(figures)


if __name__ == "__main__":
    main()
