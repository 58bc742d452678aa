"""What becomes of a delivery after an attempt, by Standard Webhooks' timetable."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the first attempt, the second, and so on: 75 hours and 36 minutes in all."""
_JITTER: Final = 0.1
_GONE: Final = 410


@dataclass(frozen=True)
class Answer:
    """What an attempt came to: the receiver's status, or the problem where there was no answer."""

    status: int | None
    problem: str | None = None


@dataclass(frozen=True)
class Decision:
    """How the delivery stands now; `disable` is why the webhook is sent nothing more until somebody turns it on."""

    state: Literal["pending", "delivered", "failed"]
    next_attempt_at: datetime | None = None
    disable: str | None = None


def decide(attempts: int, answer: Answer, now: datetime, *, spread: float) -> Decision:
    """What follows from the answer to attempt number `attempts` (from 1), which came at `now`.

    spread: -1 to 1, by which the pause is moved within a tenth, so that what failed together does not come together.
    """
    if answer.status is not None and 200 <= answer.status < 300:
        return Decision("delivered")
    if answer.status == _GONE:
        return Decision("failed", disable="the receiver answered 410 Gone")
    if attempts > len(PAUSES):
        return Decision("failed", disable=f"{attempts} attempts over three days failed, the last: {told(answer)}")
    return Decision("pending", now + PAUSES[attempts - 1] * (1 + _JITTER * spread))


def told(answer: Answer) -> str:
    """The answer in words."""
    return answer.problem or f"status {answer.status}"
