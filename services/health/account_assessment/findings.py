"""All findings of one account at a day's midnight. Pure."""

from collections.abc import Iterator
from datetime import date

from services.health.account_assessment.account import Account, Finding
from services.health.account_assessment.backs import backs
from services.health.account_assessment.chronic_failures import chronic
from services.health.account_assessment.commitments import commitments
from services.health.account_assessment.competitive import competitive
from services.health.account_assessment.expansion import expansion
from services.health.account_assessment.housekeeping import housekeeping
from services.health.account_assessment.improvement_life import improvements
from services.health.account_assessment.next_improvement import next_improvement
from services.health.account_assessment.objectives import objectives
from services.health.account_assessment.onboarding import onboarding
from services.health.account_assessment.plays import plays
from services.health.account_assessment.version_lag import version_lags


def findings(account: Account, day: date) -> Iterator[Finding]:
    """What the rows and records before the day's midnight say about the account."""
    failing = chronic(account, day)
    yield onboarding(account, day)
    yield from commitments(account, day)
    yield from objectives(account, day)
    yield backs(account, day)
    yield competitive(account, day)
    yield from improvements(account, day)
    yield next_improvement(account, day, failing)
    yield from expansion(account, day)
    yield from plays(account, day)
    yield from housekeeping(account, day, failing)
    yield from version_lags(account, day)
