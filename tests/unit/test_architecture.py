"""Each import contract holds, and each breaks when it is broken: a contract that cannot fail protects nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Contract, and one import that breaks it: (file, line).
BREACHES = {
    "Services never import each other": ("services/api/keys.py", "import services.ingest.__main__"),
    "Shared imports no service and no deployment": ("shared/alerts.py", "import services.api.keys"),
    "Services do not know how they are deployed": ("services/api/keys.py", "import deploy.local.ports"),
    "The pure core does no input or output and reads no clock": ("services/health/assess.py", "import psycopg"),
    "What several services decide by is pure": ("shared/alerts.py", "import time"),
    "The rooms of ingest import downwards only": (
        "services/ingest/store/lease.py",
        "import services.ingest.lanes.pipeline",
    ),
    "Only the store and the lanes of ingest talk to the database": ("services/ingest/mqtt/inbox.py", "import psycopg"),
    "Only the MQTT room of ingest talks to the broker": ("services/ingest/store/lease.py", "import paho.mqtt.client"),
}


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy_of_the_tree(tmp_path: Path) -> Path:
    for package in ("services", "shared", "deploy"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_of_the_configuration_has_a_breach_here():
    configuration = (ROOT / "pyproject.toml").read_text()
    named = [
        line.split('"')[1]
        for line in configuration.splitlines()
        if line.startswith("name = ") and "bellwether" not in line
    ]
    assert sorted(named) == sorted(BREACHES)


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_of_the_contract_is_found(contract, copy_of_the_tree):
    file, line = BREACHES[contract]
    target = copy_of_the_tree / file
    target.write_text(target.read_text() + f"\n{line}\n")
    result = lint_imports(copy_of_the_tree)
    assert f"{contract} BROKEN" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 1


def test_importing_a_service_has_no_effect_and_needs_no_settings():
    services = ("ingest", "health", "api", "webhooks")
    modules = ", ".join([*(f"services.{name}.__main__" for name in services), "deploy.cli"])
    done = subprocess.run(
        [sys.executable, "-c", f"import {modules}"],
        env={"PATH": "/usr/bin"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
