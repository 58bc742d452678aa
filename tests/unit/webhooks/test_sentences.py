"""What people are told."""

from typing import Any

import pytest

from services.webhooks.sentences import sentences

ALERT = {
    "sentence": "Filler 2 will stop.",
    "play": "Replace the valve.",
    "resolution": None,
    "url": "https://b/alerts/1",
}


def event(transition: str, subject: str = "alert", **body: Any) -> dict[str, Any]:
    data = {"subject": subject, "transition": transition, "body": ALERT | body}
    return {"type": f"bellwether.{subject}.{transition}", "data": data}


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (event("opened"), "Filler 2 will stop.\n\nWhat to do: Replace the valve.\n\nhttps://b/alerts/1"),
        (event("opened", url=None), "Filler 2 will stop.\n\nWhat to do: Replace the valve."),
        (event("resolved", resolution="data_gap"), "Over (data gap): Filler 2 will stop.\n\nhttps://b/alerts/1"),
        (
            event("acknowledged"),
            "Acknowledged: Filler 2 will stop.\n\nWhat to do: Replace the valve.\n\nhttps://b/alerts/1",
        ),
        (event("corrected", "stop"), None),
        (
            {"type": "bellwether.webhook.test", "data": {}},
            "This is a test: what Bellwether tells this channel will arrive here.",
        ),
    ],
)
def test_the_sentence_comes_first_then_what_to_do_then_the_link(told: dict[str, Any], text: str | None) -> None:
    assert sentences(told) == text
