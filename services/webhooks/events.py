"""The message of one change: CloudEvents 1.0 in structured mode, signed by Standard Webhooks."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from standardwebhooks import Webhook

CONTENT_TYPE: Final = "application/cloudevents+json"
LONGEST_BODY: Final = 20_000
_SOURCE: Final = "/v1/changes"


def change_event(message_id: str, change: Mapping[str, Any], *, source: str | None) -> bytes:
    """The body for a change of the feed; `source` is this deployment's address, where it is known.

    One of 20 kB or more goes without the alert's evidence, and `dataref` says where to read it whole.
    """
    body = change["body"]
    event = {
        **_envelope(message_id, f"{change['subject']}.{change['transition']}", source),
        "subject": change["subject_id"],
        "time": change["at"].isoformat(),
        "data": {**change, "at": change["at"].isoformat()},
    }
    whole = _encoded(event)
    if len(whole) < LONGEST_BODY:
        return whole
    short = {**change, "at": change["at"].isoformat(), "body": {**body, "evidence": {}}}
    return _encoded({**event, "data": short, "dataref": f"{source or ''}/v1/alerts/{change['subject_id']}"})


def test_event(message_id: str, at: datetime, *, source: str | None) -> bytes:
    """The body of a trial that somebody asked for."""
    return _encoded({**_envelope(message_id, "webhook.test", source), "time": at.isoformat(), "data": {}})


def headers(message_id: str, body: bytes, at: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of an attempt made at `at`; signed with each secret that is valid then."""
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": "bellwether-webhooks",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, body.decode()) for secret in secrets),
    }


def _envelope(message_id: str, what: str, source: str | None) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": f"{source or ''}{_SOURCE}",
        "type": f"bellwether.{what}",
        "datacontenttype": "application/json",
    }


def _encoded(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
