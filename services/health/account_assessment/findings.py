"""All findings of one account at a day's midnight. Pure."""

from collections.abc import Iterator
from datetime import date

from services.health.account_assessment.account import Account, Finding
from services.health.account_assessment.onboarding import onboarding


def findings(account: Account, day: date) -> Iterator[Finding]:
    """What the rows and records before the day's midnight say about the account."""
    yield onboarding(account, day)
