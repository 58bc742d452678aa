"""A machine that fails far more often than is usual for it. Pure.

    chance = P(N >= failures of the last 30 days), N negative binomial

which is what a Poisson process with a rate of its own may bring after so many failures in so much known time (the
predictive distribution of a gamma-Poisson model with Jeffreys' prior). Usual is what the machine itself did up to 90
days ago; until 30 days of that are known, what the other machines of its type at the customer did in the last 120 days.
Without either nobody can say what is usual, and nothing is raised: many a machine jams ten times a day as a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom

from services.health.advisory_generation.alert_facts import content, quantity
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition
from services.health.advisory_generation.machine_conditions import HOUR_S, repair_stake
from services.health.assessment import AlertContent
from services.health.block import Bools, CustomerBlock, Floats
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.daily_history import as_known_in_the_morning, hourly, trailing_sum
from services.health.state_detection.states import DAY_S
from services.health.state_detection.times import FAILURES, PBT, REPAIR_S, UNKNOWN_S

REPEAT_DAYS = 30
USUAL_DAYS_AGO = 90
PEERS_DAYS = 120
LEAST_KNOWN_DAYS = 30
LEAST_FAILURES = 3
CHANCE, CHANCE_AGAIN = 0.001, 0.1
_JEFFREYS = 0.5


@dataclass(frozen=True, kw_only=True)
class _Usual:
    """What is usual as of each row: so many failures in so many known days, and whether they are the machine's own."""

    failures: Floats
    known_days: Floats
    own: Bools

    @property
    def in_30_days(self) -> Floats:
        """Failures that 30 known days bring; meant where anything is known."""
        return np.asarray(REPEAT_DAYS * (self.failures + _JEFFREYS) / np.maximum(self.known_days, 1.0))

    def chance(self, failures: Floats, known_days: Floats) -> Floats:
        """Of so many failures or more in so many known days; NaN where nobody knows what is usual."""
        share = self.known_days / np.maximum(self.known_days + known_days, 1e-9)
        told = nbinom.sf(failures - 1, self.failures + _JEFFREYS, np.clip(share, 1e-9, 1.0))
        return np.where(self.known_days >= LEAST_KNOWN_DAYS, told, np.nan)


@dataclass(frozen=True, kw_only=True)
class Together:
    """Failures and known seconds of all machines of a type in the 120 days up to each day; the newest day last."""

    failures: Floats
    known_s: Floats


def together(works: Sequence[AssetWork]) -> dict[str, Together]:
    """The machines of a customer together, by type."""
    rows = max((len(work.days.table) for work in works), default=0)
    found: dict[str, Together] = {}
    for work in works:
        own = _within_peers_days(work)
        total = found.setdefault(work.asset.asset_type, Together(failures=np.zeros(rows), known_s=np.zeros(rows)))
        total.failures[rows - len(own.failures) :] += own.failures
        total.known_s[rows - len(own.known_s) :] += own.known_s
    return found


def _within_peers_days(work: AssetWork) -> Together:
    known_s = work.days.column(PBT) - work.days.column(UNKNOWN_S)
    return Together(
        failures=trailing_sum(work.days.column(FAILURES), PEERS_DAYS), known_s=trailing_sum(known_s, PEERS_DAYS)
    )


def repeated_failures(block: CustomerBlock, work: AssetWork, all_machines: Together) -> Condition:
    """At least three failures in 30 days where chance gives that many in one month of a thousand.

    It clears when at most one is left, or when so many are no surprise any more. all_machines: of its type at the
    customer, itself among them.
    """
    failures, known = work.days.column(FAILURES), _known_days(work)
    recent, recent_known = trailing_sum(failures, REPEAT_DAYS), trailing_sum(known, REPEAT_DAYS)
    usual = _usual(work, all_machines)
    chance = usual.chance(recent, recent_known)
    raised = (recent >= LEAST_FAILURES) & (chance < CHANCE)
    cleared = (recent <= 1) | (chance >= CHANCE_AGAIN)
    hours, kind = len(work.running), KINDS["repeated_failures"]

    def describe(hour: int) -> AlertContent:
        row = work.days.kept + hour // 24 - 1
        often = float(usual.in_30_days[row])
        own = bool(usual.own[row])
        evidence: dict[str, object] = {
            "failures_in_30_days": quantity(recent[row], "failures", 0),
            "usual_in_30_days" if own else "others_in_30_days": quantity(often, "failures", 2),
            "repair_in_30_days": quantity(work.days.column(REPAIR_S)[max(0, row - 29) : row + 1].sum() / HOUR_S, "h"),
        }
        facts: dict[str, object] = {
            "asset": work.asset.name,
            "site": work.site_name,
            "failures": int(recent[row]),
            "usual": usual_in_words(often, own=own),
        }
        return content(kind, block, facts, evidence, repair_stake(block, work, hour))

    def in_the_morning(by_day: Bools) -> Bools:
        return hourly(as_known_in_the_morning(by_day.astype(np.float64), work.days.kept) > 0, hours)

    return Condition(
        kind=kind,
        scope_id=work.asset.asset_id,
        raised=in_the_morning(raised),
        cleared=in_the_morning(cleared),
        known=in_the_morning(known > 0),
        describe=describe,
    )


def usual_in_words(failures_in_30_days: float, *, own: bool) -> str:
    """How often the machine fails as a rule, or others of its kind, in words; the rate is above 0."""
    if failures_in_30_days > 1.5:
        often = f"about {failures_in_30_days:.0f} times"
    else:
        months = round(1 / failures_in_30_days)
        often = "about once" if months <= 1 else f"about once in {months} months"
    return f"usually it fails {often}" if own else f"others of its kind there fail {often}"


def _known_days(work: AssetWork) -> Floats:
    return np.asarray((work.days.column(PBT) - work.days.column(UNKNOWN_S)) / DAY_S, dtype=np.float64)


def _usual(work: AssetWork, all_machines: Together) -> _Usual:
    rows = len(work.days.table)
    before = work.older_failures + _sum_until(work.days.column(FAILURES), USUAL_DAYS_AGO)
    known_before = work.older_known_s / DAY_S + _sum_until(_known_days(work), USUAL_DAYS_AGO)
    own, mine = known_before >= LEAST_KNOWN_DAYS, _within_peers_days(work)
    peers = all_machines.failures[-rows:] - mine.failures
    peers_known = (all_machines.known_s[-rows:] - mine.known_s) / DAY_S
    return _Usual(failures=np.where(own, before, peers), known_days=np.where(own, known_before, peers_known), own=own)


def _sum_until(column: Floats, days_ago: int) -> Floats:
    """Sum of all rows up to `days_ago` rows before each."""
    total = np.concatenate([np.zeros(days_ago), np.cumsum(column)])
    return np.asarray(total[: len(column)], dtype=np.float64)
