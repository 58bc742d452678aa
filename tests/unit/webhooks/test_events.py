"""The message of a change: a CloudEvent, short enough, and signed so that others' libraries verify it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.webhooks.events import change_event, headers

OLD, NEW = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="


def change(**body: Any) -> dict[str, Any]:
    return {
        "sequence": 7,
        "at": datetime(2026, 9, 21, 8, tzinfo=UTC),
        "customer_id": 3,
        "subject": "alert",
        "subject_id": "a1",
        "transition": "opened",
        "body": {"sentence": "Malmö stands.", "evidence": {}, **body},
    }


def test_the_body_is_a_cloud_event_of_the_change() -> None:
    event = json.loads(change_event("msg_1", change(), source="https://bellwether.example.com"))
    assert {name: event[name] for name in ("specversion", "id", "source", "type", "subject", "time")} == {
        "specversion": "1.0",
        "id": "msg_1",
        "source": "https://bellwether.example.com/v1/changes",
        "type": "bellwether.alert.opened",
        "subject": "a1",
        "time": "2026-09-21T08:00:00+00:00",
    }
    assert event["data"]["sequence"] == 7
    assert event["data"]["body"]["sentence"] == "Malmö stands."


def test_evidence_that_makes_it_20_kb_stays_behind_an_address() -> None:
    body = change_event("msg_1", change(evidence={"points": [1.5] * 9000}), source=None)
    assert len(body) < 20_000
    event = json.loads(body)
    assert event["dataref"] == "/v1/alerts/a1"
    assert event["data"]["body"] == {"sentence": "Malmö stands.", "evidence": {}}


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_during_a_rotation_both_secrets_verify_and_a_changed_body_does_not(secret: str) -> None:
    body = change_event("msg_1", change(), source=None)
    sent = headers("msg_1", body, datetime.now(UTC), [NEW, OLD])
    assert len(sent["webhook-signature"].split(" ")) == 2
    Webhook(secret).verify(body, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", sent)
