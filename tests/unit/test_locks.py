"""Advisory locks never share a number, and none is made elsewhere."""

import re
from pathlib import Path

from shared.locks import AdvisoryLock

ROOT = Path(__file__).parents[2]


def test_no_two_locks_share_a_number():
    assert len({lock.value for lock in AdvisoryLock}) == len(AdvisoryLock.__members__)


def test_every_lock_taken_is_one_of_these():
    takes = re.compile(r"pg_(?:try_)?advisory_(?:xact_)?lock\((?!_shared)[^)]*\)[^\n]*")
    calls = [
        (path.relative_to(ROOT), call)
        for folder in ("services", "shared", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "locks.py"
        for call in takes.findall(path.read_text())
    ]
    assert len(calls) >= 5
    assert [(str(path), call) for path, call in calls if "AdvisoryLock." not in call] == []
