"""deploy/prometheus without Prometheus: rules speak of metrics that exist, and say what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY, CollectorRegistry

import services.health.measurements
import services.ingest.__main__  # noqa: F401 - registers its metrics
from services.api.headers import Measures
from services.ingest.batch.device_clocks import ClockState

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "deploy" / "prometheus").glob("*.rules.yaml"))
RULES: list[dict[str, Any]] = [
    rule for file in FILES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
API = CollectorRegistry()
Measures(API)
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
SHOWN = {
    metric.name + suffix
    for registry in (REGISTRY, API)
    for metric in registry.collect()
    for suffix in SUFFIXES.get(metric.type, ())
}


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


def test_every_rule_has_its_line_in_the_runbook_and_every_line_its_rule():
    lines = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", RUNBOOK, re.MULTILINE)
    assert sorted(lines) == sorted(rule["alert"] for rule in RULES)


def test_ingest_health_and_the_api_have_rules():
    assert {file.name for file in FILES} == {"api.rules.yaml", "health.rules.yaml", "ingest.rules.yaml"}
