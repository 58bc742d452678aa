"""Benchmarks run by hand only, so that nothing else would notice when what they measure moves away."""

from importlib import import_module
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCH.glob("*.py") if path.stem != "__init__"))
def test_a_benchmark_finds_what_it_measures(name):
    assert import_module(f"tests.bench.{name}")
