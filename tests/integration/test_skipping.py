"""With CI=true nothing may be skipped, except for want of the shared data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_TESTS = """
import pytest

@pytest.mark.needs_shared
def test_real_data():
    pytest.skip("needs_shared: /nowhere is absent")

def test_lazy():
    pytest.skip("did not feel like it")
"""


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 failed, 1 skipped"), ("", "2 skipped")])
def test_a_skip_fails_on_ci_unless_the_shared_data_is_absent(tmp_path: Path, ci: str, outcome: str) -> None:
    (tmp_path / "test_it.py").write_text(_TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(_ROOT / "pyproject.toml"), str(tmp_path)],
        cwd=_ROOT,
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout
