"""Keeps a set of processes running: restarts what dies, stops all of them in order."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import last_lines

_LONGEST_PAUSE_S = 30.0
_QUIET_AFTER_S = 60.0


@dataclass
class Member:
    """One process of the stack.

    `start` begins it and returns it; `stop` ends it in good order and waits. Restarts pause longer each time,
    until the process has stayed up for a minute.
    """

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop: Callable[[subprocess.Popen[bytes]], None]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = 1.0
    restart_at: float | None = field(default=None)


def terminate(process: subprocess.Popen[bytes], *, within_s: float = 20.0) -> None:
    """SIGTERM, and SIGKILL to a process that has not ended in time."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=5)


class Stack:
    """Members in the order of their start; they are stopped in the reverse order."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._members: list[Member] = []
        self._tell = tell

    def add(self, member: Member) -> None:
        """Start a member and watch it from now on."""
        self._members.append(member)
        self._start(member)

    def watch(self) -> None:
        """Look once at every member; restart those that died, each after its pause."""
        now = time.monotonic()
        for member in self._members:
            process = member.process
            if process is not None and process.poll() is None:
                continue
            if member.restart_at is None:
                code = None if process is None else process.returncode
                if now - member.started_at > _QUIET_AFTER_S:
                    member.pause_s = 1.0
                self._tell(
                    f"{member.name} ended (exit {code}) and starts again in {member.pause_s:.0f} s; "
                    f"the end of {member.log}:\n{last_lines(member.log, 5)}"
                )
                member.restart_at = now + member.pause_s
                member.pause_s = min(member.pause_s * 2, _LONGEST_PAUSE_S)
            elif now >= member.restart_at:
                self._start(member)

    def stop(self) -> None:
        """Stop every member, last started first."""
        for member in reversed(self._members):
            if member.process is not None:
                member.stop(member.process)

    def _start(self, member: Member) -> None:
        member.process = member.start()
        member.started_at = time.monotonic()
        member.restart_at = None
