"""One turn of a worker: take a webhook that has something to do, send it, write down how it went."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime

import psycopg
from prometheus_client import Counter

from services.webhooks.channels import SCHEME, Channels
from services.webhooks.claiming import Claimed, Due, change_of, claim, due_delivery, release, settle
from services.webhooks.events import change_event, headers, test_event
from services.webhooks.retrying import Answer, Decision, decide
from services.webhooks.sending import Sender

Post = Callable[[str, Mapping[str, str], bytes], Answer]
ATTEMPTS = Counter("bellwether_webhooks_attempts", "Attempts to deliver, by how the delivery stands then", ["state"])
_NO_LONGER_KEPT = Answer(None, "the change is no longer kept")


def posting(sender: Sender, channels: Channels) -> Post:
    """What sends to a receiver or to a channel of people, as the webhook's address says."""

    def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return (channels.post if url.startswith(SCHEME) else sender.post)(url, headers, body)

    return post


def deliver_next(conn: psycopg.Connection, post: Post, *, holder: str, clock: Callable[[], datetime]) -> bool:
    """Whether there was a webhook with something to do; `conn` commits by itself.

    Nothing is lost where the process dies meanwhile: what was not written down is sent again, under the same id.
    """
    webhook = claim(conn, holder, clock())
    if webhook is None:
        return False
    due = due_delivery(conn, webhook, holder, clock())
    if due is None:
        release(conn, webhook, holder, clock())
        return True
    answer = _attempt(conn, post, webhook, due, clock())
    now = clock()
    decision = _decision(due, answer, now)
    settle(conn, webhook, holder, due, decision, answer, now)
    ATTEMPTS.labels(decision.state).inc()
    return True


def _attempt(conn: psycopg.Connection, post: Post, webhook: Claimed, due: Due, now: datetime) -> Answer:
    if due.sequence is None:
        body = test_event(due.message_id, due.created_at, source=webhook.public_url)
    else:
        change = change_of(conn, webhook, due.sequence)
        if change is None:
            return _NO_LONGER_KEPT
        body = change_event(due.message_id, change, source=webhook.public_url)
    return post(webhook.url, headers(due.message_id, body, now, webhook.secrets), body)


def _decision(due: Due, answer: Answer, now: datetime) -> Decision:
    decision = decide(due.attempts + 1, answer, now, spread=random.uniform(-1, 1))  # noqa: S311 - to spread load
    if answer is _NO_LONGER_KEPT or (due.sequence is None and decision.state == "pending"):
        return Decision("failed")
    return decision
