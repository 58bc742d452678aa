"""A real mosquitto on a free port, plain or with TLS, for tests and benchmarks."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from tests.certificates import Certificates

_READY_WITHIN_S = 10.0

_CONFIGURATION = """\
listener {port} 127.0.0.1
{access}
persistence true
persistence_location {directory}/
autosave_interval 60
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages {inflight}
max_packet_size 8454144
log_dest stderr
log_type error
"""

_TLS = """\
cafile {ca}
certfile {certificate}
keyfile {key}
require_certificate true
"""


def program(name: str) -> str:
    """Path of one of mosquitto's programs, also where Debian puts servers."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: run `make test`, or apt-get install mosquitto")
    return found


class Broker:
    """mosquitto with a password where one is given, and with client certificates where some are."""

    def __init__(
        self,
        directory: Path,
        *,
        user: str | None = None,
        password: str = "",
        certificates: Certificates | None = None,
        inflight: int = 0,
    ) -> None:
        self._directory = directory
        self._user, self._password = user, password
        self._certificates = certificates
        self._inflight = inflight
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        scheme = "mqtt" if self._certificates is None else "mqtts"
        login = "" if self._user is None else f"{self._user}:{self._password}@"
        host = "127.0.0.1" if self._certificates is None else "localhost"
        return f"{scheme}://{login}{host}:{self.port}"

    def start(self) -> None:
        configuration = self._directory / "mosquitto.conf"
        configuration.write_text(self._configuration())
        _give_away(self._directory)
        self._process = subprocess.Popen([program("mosquitto"), "-c", str(configuration)])
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError("mosquitto did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def _configuration(self) -> str:
        access = "allow_anonymous true"
        if self._user is not None:
            users = self._directory / "users"
            users.write_text(f"{self._user}:{self._password}\n")
            subprocess.run([program("mosquitto_passwd"), "-U", str(users)], check=True)
            access = f"allow_anonymous false\npassword_file {users}"
        if self._certificates is not None:
            access += "\n" + _TLS.format(
                ca=self._certificates.ca, certificate=self._certificates.server, key=self._certificates.server_key
            )
        return _CONFIGURATION.format(port=self.port, directory=self._directory, access=access, inflight=self._inflight)


@contextmanager
def running_broker(**options: object) -> Iterator[Broker]:
    """A started broker in a directory of its own; `options` are those of Broker."""
    with tempfile.TemporaryDirectory(prefix="bellwether-mosquitto-") as directory:
        broker = Broker(Path(directory), **options)  # type: ignore[arg-type]
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A mosquitto of the test's own: `.url`, `.stop()`, `.start()` again on the same port with the same sessions."""
    with running_broker() as started:
        yield started


def _give_away(directory: Path) -> None:
    """Started as root, mosquitto becomes the user mosquitto, who must be able to write here."""
    if os.geteuid() != 0:
        return
    user = pwd.getpwnam("mosquitto")
    directory.chmod(0o755)
    for path in (directory, *directory.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
