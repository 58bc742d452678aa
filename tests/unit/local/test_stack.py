"""The supervisor restarts what dies, stops in order, and leaves nothing behind even when it is killed itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.ports import free_port, require_free
from deploy.local.stack import Member, Stack, terminate
from deploy.local.up import require_space
from shared.errors import SetupError

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(condition, within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def member(name: str, argv: list[str], log: Path, stopped: list[str] | None = None) -> Member:
    def stop(process: subprocess.Popen[bytes]) -> None:
        terminate(process)
        if stopped is not None:
            stopped.append(name)

    return Member(name, lambda: processes.start(argv, log=log), stop, log, pause_s=0.1)


def test_what_dies_is_started_again_and_said_so_with_the_end_of_its_log(tmp_path):
    told: list[str] = []
    stack = Stack(told.append)
    dying = member("dying", [sys.executable, "-c", "print('no database'); raise SystemExit(3)"], tmp_path / "log")
    stack.add(dying)
    first = dying.process
    assert until(lambda: stack.watch() or dying.process is not first)
    stack.stop()
    assert "dying ended (exit 3)" in told[0]
    assert "no database" in told[0]


def test_members_are_stopped_in_the_reverse_order_of_their_start(tmp_path):
    stopped: list[str] = []
    stack = Stack(lambda _text: None)
    members = [member(name, SLEEP, tmp_path / name, stopped) for name in ("database", "broker", "ingest")]
    for one in members:
        stack.add(one)
    stack.stop()
    assert stopped == ["ingest", "broker", "database"]
    assert [one.process.poll() is None for one in members] == [False, False, False]


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path):
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    process = processes.start([sys.executable, "-c", deaf], log=tmp_path / "log")
    assert until(lambda: "deaf" in (tmp_path / "log").read_text())
    terminate(process, within_s=0.3)
    assert process.returncode == -signal.SIGKILL


def test_children_end_when_the_supervisor_is_killed(tmp_path):
    supervisor = (
        "import pathlib, sys, time; from deploy.local import processes\n"
        f"p = processes.start({SLEEP!r}, log=pathlib.Path({str(tmp_path / 'log')!r}))\n"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", supervisor], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert until(lambda: b"sleep" in Path(f"/proc/{child}/cmdline").read_bytes())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert until(lambda: not alive(child))


def test_a_taken_port_is_a_sentence_that_says_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"port {port} on 127.0.0.1 is taken.*--port {port + 1}"):
            require_free("127.0.0.1", port)
        assert free_port(port) != port


def test_a_disk_without_room_is_a_sentence_that_says_what_to_do(tmp_path):
    with pytest.raises(SetupError, match=r"has .* GiB left and Bellwether wants at least .*--directory"):
        require_space(tmp_path, least_free_bytes=2**60)


def test_a_server_never_runs_as_root(tmp_path):
    log = tmp_path / "log"
    process = processes.start([sys.executable, "-c", "import os; print(os.geteuid())"], log=log, as_system_user=True)
    assert process.wait(timeout=20) == 0
    expected = processes.system_user().pw_uid if processes.is_root() else os.geteuid()
    assert int(log.read_text()) == expected != 0
