"""Channels of people, through the real library to a receiver on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.webhooks.channels import Channels, read_channels
from shared.errors import SetupError
from tests.integration.webhooks.receiver import Receiver, receiving

TRIAL = json.dumps({"type": "bellwether.webhook.test", "data": {}}).encode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def channels(receiver: Receiver, tmp_path: Path) -> Channels:
    file = tmp_path / "channels.yaml"
    file.write_text(f"service: {receiver.url.replace('http://', 'json://')}\n", encoding="utf-8")
    return read_channels(file)


def test_a_channel_gets_the_sentences(channels: Channels, receiver: Receiver) -> None:
    assert channels.post("notify:service", {}, TRIAL).status == 200
    assert json.loads(receiver.received[0][1])["message"].startswith("This is a test")


def test_a_service_that_does_not_take_it_is_tried_again(channels: Channels, receiver: Receiver) -> None:
    receiver.status = 500
    assert channels.post("notify:service", {}, TRIAL).problem == "the channel's service did not take the message"


def test_a_redirect_is_not_followed(channels: Channels, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        assert channels.post("notify:service", {}, TRIAL).status is None
        assert elsewhere.received == []


def test_an_unknown_channel_is_a_problem(channels: Channels) -> None:
    told = channels.post("notify:sales", {}, TRIAL)
    assert told.problem == "no channel of this name is set up where webhooks are sent from"


def test_what_people_are_not_told_of_counts_as_taken_and_sends_nothing(channels: Channels, receiver: Receiver) -> None:
    stop = {"type": "bellwether.stop.corrected", "data": {"subject": "stop", "transition": "corrected", "body": {}}}
    assert channels.post("notify:service", {}, json.dumps(stop).encode()).status == 200
    assert receiver.received == []


@pytest.mark.parametrize(
    "address",
    ["slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "workflows://prod.example.com/workflow/signature",
     "mailtos://user:password@mail.example.com?to=success@example.com"],
)  # fmt: skip
def test_slack_teams_and_email_are_understood(address: str) -> None:
    Channels({"service": address})


def test_a_wrong_address_stops_the_start_and_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text("service: nonsense://secret\n", encoding="utf-8")
    with pytest.raises(SetupError, match="'service'") as caught:
        read_channels(file)
    assert "secret" not in str(caught.value)
