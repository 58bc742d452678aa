"""How fast ingest stores, beside raw COPY of the same rows into the same table in the same run.

`python -m tests.bench.bench_ingest [--only SCENARIO] [--engine timescale] [--runs N]`: a real mosquitto, an embedded
PostgreSQL that syncs to disk, publisher, broker, database and ingest each in processes of their own. Where
BELLWETHER_TEST_TIMESCALE_URL names a TimescaleDB, `--engine timescale` measures on that.

`json-50-qos1` has 50 metrics in each message, and so on. In `json-10-backlog` ingest finds what the broker kept for it
while it was away. Of several runs a figure is the median, with the lowest and highest beside it.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.bench.database import ENGINES
from tests.bench.figures import Figure, Sheet, medians, report
from tests.bench.ingest_load import Load
from tests.bench.ingest_runs import Run, catch_up, run

# Enough for several seconds at full speed.
_MESSAGES = {1: 60_000, 10: 40_000, 50: 20_000, 200: 6_000}
_LOADS = {load.name: load for metrics in _MESSAGES for load in (Load("json", metrics), Load("sparkplug", metrics))}
_BACKLOG, _BACKLOG_LOAD, _BACKLOG_MESSAGES = "json-10-backlog", Load("json", 10), 200_000
_MOST_MB = 300
SCENARIOS = (*_LOADS, _BACKLOG)


def measured(scenario: str, engine: str) -> list[Figure]:
    """All figures of one scenario."""
    sheet = Sheet("ingest", scenario if engine == ENGINES[0] else f"{scenario}-{engine}")
    if scenario == _BACKLOG:
        caught = catch_up(_BACKLOG_LOAD, engine, _BACKLOG_MESSAGES)
        sheet.add("samples_per_s", caught.messages_per_s * _BACKLOG_LOAD.metrics, "samples/s")
        sheet.add("messages_per_s", caught.messages_per_s, "messages/s")
        sheet.add("peak_rss_mb", caught.peak_rss_mb, "MB", _MOST_MB, at_most=True)
    else:
        load = _LOADS[scenario]
        _report_run(sheet, load, run(load, engine, _MESSAGES[load.metrics]))
    return sheet.figures


def _report_run(sheet: Sheet, load: Load, result: Run) -> None:
    peak, delays = result.peak, result.delays
    samples_per_s = peak.messages_per_s * load.metrics
    copy = {"copy_samples_per_s": result.copy_per_s}
    sheet.add("samples_per_s", samples_per_s, "samples/s")
    sheet.add("messages_per_s", peak.messages_per_s, "messages/s", 10_000 if load.metrics == 1 else None)
    sheet.add("ratio", samples_per_s / result.copy_per_s, "1", 0.6 if load.metrics == 50 else None, controls=copy)
    sheet.add("cpu_s_per_million", peak.cpu_s / (_MESSAGES[load.metrics] * load.metrics / 1e6), "s")
    sheet.add("peak_rss_mb", result.peak_rss_mb, "MB", _MOST_MB, at_most=True)
    sheet.add("p50_ms", delays.p50_ms, "ms")
    sheet.add("p99_ms", delays.p99_ms, "ms", 1000, at_most=True)
    sheet.add("resolution_ms", delays.resolution_ms, "ms")
    sheet.add("publishing_share", peak.publishing_share, "1")


def main() -> None:
    """Run the scenarios asked for and report them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SCENARIOS)
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    names = [options.only] if options.only else SCENARIOS
    figures: list[Figure] = []
    for number, name in enumerate(names, 1):
        sys.stderr.write(f"{number} of {len(names)}: {name}\n")
        figures += medians([measured(name, options.engine) for _ in range(options.runs)])
    report(figures)
    _say_who_was_slow(figures)


def _say_who_was_slow(figures: Sequence[Figure]) -> None:
    for figure in figures:
        if figure.metric == "publishing_share":
            verdict = "was the bottleneck" if figure.value > 0.95 else "was not the bottleneck"
            sys.stderr.write(
                f"{figure.scenario}: the publisher {verdict}: it was busy {figure.value:.0%} of the time\n"
            )


if __name__ == "__main__":
    main()
