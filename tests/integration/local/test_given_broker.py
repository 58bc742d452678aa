"""A broker that somebody else runs, tried before anything starts."""

import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.given_broker import try_broker
from deploy.local.ports import free_port
from shared.errors import SetupError
from shared.settings import BrokerSettings
from tests.certificates import make_certificates
from tests.mosquitto import Broker, running_broker

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.needs_broker


@pytest.fixture(scope="module")
def guarded() -> Iterator[Broker]:
    with running_broker(user="ingest", password="right") as started:
        yield started


def said_of(url: str) -> str:
    return try_broker(BrokerSettings(broker_url=url))


def test_one_that_lets_us_in_is_named(guarded):
    assert said_of(guarded.url) == f"yours at 127.0.0.1:{guarded.port}"


def test_one_that_does_not_answer_is_waited_for():
    port = free_port()
    assert said_of(f"mqtt://127.0.0.1:{port}").startswith(f"waited for: cannot reach the broker at 127.0.0.1:{port}")


def test_one_that_is_not_ready_is_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=answer_that_it_is_busy, args=(server,))
        answering.start()
        port = server.getsockname()[1]
        assert said_of(f"mqtt://127.0.0.1:{port}").startswith(
            f"waited for: the broker at 127.0.0.1:{port} is not ready (Server busy)"
        )
        answering.join()


def answer_that_it_is_busy(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1024)
        connection.sendall(bytes([0x20, 3, 0, 0x89, 0]))


def test_one_whose_certificate_nobody_vouches_for_is_a_sentence_that_says_what_to_do():
    with (
        tempfile.TemporaryDirectory(prefix="bellwether-tls-") as directory,
        running_broker(certificates=make_certificates(Path(directory))) as strange,
        pytest.raises(SetupError, match=r"CERTIFICATE_VERIFY_FAILED.*BELLWETHER_BROKER_CA_FILE"),
    ):
        said_of(strange.url)


def test_tls_on_a_port_that_does_not_speak_it_is_a_sentence_that_says_what_to_do(guarded):
    with pytest.raises(SetupError, match="a port that does not speak TLS needs mqtt://"):
        said_of(f"mqtts://127.0.0.1:{guarded.port}")


def up(directory: Path, broker_url: str) -> list[str]:
    command = [sys.executable, "-m", "deploy.cli", "up", "--directory", str(directory), "--port", str(free_port())]
    return [*command, "--broker", broker_url]


def test_up_ends_at_once_with_a_sentence_where_the_broker_refuses_it(guarded, tmp_path):
    url = f"mqtt://ingest:wrong@127.0.0.1:{guarded.port}"
    refused = subprocess.run(up(tmp_path, url), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 2
    told = f"the broker at 127.0.0.1:{guarded.port} refuses us (Not authorized): look at user and password"
    assert refused.stderr.startswith(told)
    assert "started" not in refused.stdout
    assert not (tmp_path / "live" / "postgres").exists()


def test_up_says_that_it_waits_for_a_broker_that_does_not_answer_and_ends_when_it_is_asked_to(tmp_path):
    port = free_port()
    with subprocess.Popen(
        up(tmp_path, f"mqtt://127.0.0.1:{port}"), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stdout is not None
        said = waiting.stdout.readline()
        waiting.terminate()
        rest, _ = waiting.communicate(timeout=60)
    assert "broker  waited for: cannot reach the broker" in said
    assert "the same command goes on from it" in rest
    assert waiting.returncode == 0
