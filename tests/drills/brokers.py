"""A mosquitto with settings that a drill chooses, those as shipped, and how to kill it."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mosquitto import Broker

_SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "compose" / "mosquitto.conf"

_ALWAYS = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {directory}/
log_dest stderr
log_type error
"""


class ChosenBroker(Broker):
    """mosquitto with `settings` and its own defaults besides."""

    def __init__(self, directory: Path, settings: str) -> None:
        super().__init__(directory)
        self._settings = settings

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=10)
        self._process = None

    def _configuration(self) -> str:
        return _ALWAYS.format(port=self.port, directory=self._directory) + self._settings


@contextmanager
def chosen_broker(settings: str) -> Iterator[ChosenBroker]:
    """A started broker in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="bellwether-mosquitto-") as directory:
        broker = ChosenBroker(Path(directory), settings)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


def shipped_settings() -> str:
    """What the composed broker is told about limits and about saving."""
    wanted = re.compile(r"^(?:max_|autosave_)\w+ .*$", re.MULTILINE)
    return "\n".join(wanted.findall(_SHIPPED.read_text())) + "\n"
