"""One POST: to the address that was judged and to no other, within its time."""

import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from services.webhooks.sending import Sender
from shared.targets import networks
from tests.integration.webhooks.receiver import Receiver, receiving

HERE = networks("127.0.0.1/32")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_the_receivers_status_is_the_answer(receiver: Receiver) -> None:
    receiver.status = 418
    assert Sender(allowed=HERE).post(receiver.url, {"webhook-id": "msg_1"}, b"{}").status == 418
    assert receiver.received[0][1] == b"{}"


def test_loopback_is_refused_where_nobody_allowed_it(receiver: Receiver) -> None:
    answer = Sender(allowed=()).post(receiver.url, {}, b"{}")
    assert (answer.status, answer.problem) == (None, "the host '127.0.0.1' is inside a private network")
    assert receiver.received == []


def test_a_name_that_changes_its_answer_gains_nothing(receiver: Receiver) -> None:
    """Judged once and resolved again to connect, it would reach 127.0.0.1 at the second asking."""
    told = iter(["127.0.0.1", "10.0.0.1"])
    asked = []

    def rebinding(host: str, _port: int) -> list:
        asked.append(host)
        return [ip_address(next(told))]

    url = receiver.url.replace("127.0.0.1", "rebinding.example")
    sender = Sender(allowed=HERE, resolver=rebinding)
    assert sender.post(url, {}, b"{}").status == 204
    assert asked == ["rebinding.example"]
    assert receiver.received[0][0]["host"].startswith("rebinding.example")
    assert sender.post(url, {}, b"{}").problem == "the host 'rebinding.example' is inside a private network"
    assert len(receiver.received) == 1


def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 302, {"Location": elsewhere.url}
        assert Sender(allowed=HERE).post(receiver.url, {}, b"{}").status == 302
        assert elsewhere.received == []


def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert Sender(allowed=HERE).post(receiver.url, {}, b"{}").status == 204


def test_who_does_not_answer_in_time_is_left(receiver: Receiver) -> None:
    receiver.answering = lambda: time.sleep(0.6)
    began = time.monotonic()
    answer = Sender(allowed=HERE, patience_s=0.2).post(receiver.url, {}, b"{}")
    assert answer.problem == "no answer within 0.2 s"
    assert time.monotonic() - began < 0.5


def test_nobody_listening_is_a_problem_and_not_an_exception() -> None:
    answer = Sender(allowed=HERE).post("http://127.0.0.1:9/", {}, b"{}")
    assert answer.problem == "ConnectError: no connection, or none that speaks HTTP"
