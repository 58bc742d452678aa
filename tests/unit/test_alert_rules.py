"""deploy/prometheus without Prometheus: rules speak of metrics that exist, and say what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import services.ingest.__main__  # noqa: F401 - registers its metrics
from services.ingest.batch.device_clocks import ClockState

FILE = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "ingest.rules.yaml"
RULES: list[dict[str, Any]] = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
SHOWN = {metric.name + suffix for metric in REGISTRY.collect() for suffix in SUFFIXES.get(metric.type, ())}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_speaks_of_what_is_shown_and_says_what_to_do(rule):
    named = re.findall(r"\bbellwether_\w+", rule["expr"])
    assert named
    assert set(named) <= SHOWN
    assert rule["expr"].count("(") == rule["expr"].count(")")
    assert set(rule["annotations"]) == {"summary", "action"}


def test_rules_have_names_of_their_own():
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_the_clock_that_is_right_is_called_so():
    assert ClockState("right")
