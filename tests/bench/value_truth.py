"""What is true of made-up customers over five years, and of nothing else than of them: planted, seeded, in months.

Nothing here is one of the engine's formulas turned round: stops come from a hazard and log-normal repairs, good units
from a rate that software changes, renewals from what the customer got and from what nobody measures
(`value_renewals`).

A course is what a customer's share of stopped time does:

    quiet      small, slowly smaller, and all that was promised is kept and used: it deserves no alert at all
    frontier   hardly any, and it stays so: there is no room to improve
    improving  falls by 1.2 to 3 points a year, until hardly any is left
    stagnant   falls, then stands still with room left: from a year after the standstill on it deserves an alert
    declining  falls, then rises by 3 to 8 points a year: from the turn on it deserves one
    distressed falls all the time, but the customer's own orders fail to come from some month on
"""

from dataclasses import dataclass, replace

import numpy as np

from services.health.block import Floats
from tests.bench.value_renewals import MECHANISMS, Lived, Term, terms

YEARS = 5
MONTHS = 12 * YEARS
COURSES = ("quiet", "frontier", "improving", "stagnant", "declining", "distressed")
OF_HUNDRED = (15, 10, 15, 25, 22, 13)
_SCATTERED = 37  # customers' numbers, times this modulo 100, so that every ten customers have most of the courses
_GUARANTEED_OF_TEN = 3
_YEAR_OF_STANDSTILL = 12
SUPPLIERS = 0.6  # of the stops; what others cause is in no guarantee
_LEAST_STOPPED, _FRONTIER, _MOST_STOPPED = 0.004, 0.012, 0.3
SURVEY_EVERY = 3


@dataclass(frozen=True, kw_only=True)
class Release:
    """A software release on some of a customer's machines; effect: relative change of their good units an hour."""

    month: int
    machines: tuple[int, ...]
    effect: float


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What a course is made of: share of stops at first, how much it falls and rises a month, and when it turns."""

    start: float
    falls: float
    rises: float
    turns: int


@dataclass(frozen=True, kw_only=True)
class Truth:
    """One customer. stopped: share of working time that machines stand for a cause, a month, shape (MONTHS,).

    onset: the month from which an alert of the course's kind is deserved, None where none ever is. ordered: share of
    working time for which there are orders, (MONTHS,). before: `stopped` as it would have stayed without us. uses:
    share of running time in which the capability that was bought is in use. survey: what was answered, 0 to 10.
    guaranteed: availability, None where nothing is guaranteed. tells_business: whether the customer agreed
    that we conclude from its machines how its business goes.
    """

    seed: int
    customer: int
    course: str
    rates: Rates
    machines: int
    onset: int | None
    before: float
    stopped: Floats
    ordered: Floats
    repair_h: float
    uses: float
    releases: tuple[Release, ...]
    promised: float
    guaranteed: float | None
    adopted: tuple[int, ...]
    terms: tuple[Term, ...]
    survey: Floats
    tells_business: bool

    @property
    def leaves(self) -> int:
        """The month in which the customer is gone; MONTHS for one that stays."""
        return next((term.end for term in self.terms if term.renewed is False), MONTHS)


def course_of(customer: int) -> str:
    """The course of the customer of that number, in every world."""
    place = customer * _SCATTERED % 100
    return COURSES[int(np.searchsorted(np.cumsum(OF_HUNDRED), place, side="right"))]


def truth_of(seed: int, customer: int, mechanism: str = MECHANISMS[0]) -> Truth:
    """The customer of that number in the world of that seed. mechanism: what makes it renew, of `value_renewals`.

    In the first mechanism's world three of ten customers are guaranteed an availability.
    """
    random = np.random.default_rng((seed, customer))
    course = course_of(customer)
    rates = _rates(course, random)
    smooth = smooth_course(course, rates)
    noise = _months_noise(random) * np.sqrt(smooth / 0.06)
    stopped = np.clip(smooth + noise, _LEAST_STOPPED, 0.6)
    machines = int(random.integers(2, 5))
    promised = 1 - rates.start * float(random.uniform(0.4, 1.3))
    guaranteed = 1 - SUPPLIERS * float(stopped.mean()) * float(random.uniform(0.7, 1.4))
    truth = Truth(
        seed=seed,
        customer=customer,
        course=course,
        rates=rates,
        machines=machines,
        onset=onset_of(course, rates),
        before=rates.start,
        stopped=stopped,
        ordered=_orders(course, random),
        repair_h=float(random.uniform(0.5, 2.5)),
        uses=float(random.choice([0.02, 0.4, 0.7])),
        releases=_releases(machines, random),
        promised=promised,
        guaranteed=guaranteed if customer % 10 < _GUARANTEED_OF_TEN and mechanism == MECHANISMS[0] else None,
        adopted=_adopted(course, rates, random),
        terms=(),
        survey=np.empty(0),
        tells_business=customer % 3 != 0,
    )
    if course == "quiet":
        truth = _kept(truth)
    return _renewing(truth, mechanism, random)


def _kept(truth: Truth) -> Truth:
    """A quiet customer: promised and guaranteed what it easily gets, uses what it bought, and no software changes."""
    worst = 3 * truth.rates.start
    return replace(
        truth, uses=0.6, releases=(), promised=1 - worst, guaranteed=None if truth.guaranteed is None else 1 - worst
    )


def _renewing(truth: Truth, mechanism: str, random: np.random.Generator) -> Truth:
    """The customer with its terms and answers."""
    lived = Lived(
        stopped=truth.stopped,
        before=truth.before,
        gap=1 - truth.stopped - truth.promised,
        ordered=truth.ordered,
        uses=truth.uses,
        rate=np.mean([rate_of(truth.releases, machine) for machine in range(truth.machines)], axis=0),
        machines=truth.machines,
    )
    said = 7 + 20 * lived.gap + 1.5 * random.standard_normal(MONTHS)
    return replace(truth, terms=terms(mechanism, lived, random), survey=np.clip(said, 0, 10))


def _rates(course: str, random: np.random.Generator) -> Rates:
    start, falls = float(random.uniform(0.05, 0.16)), float(random.uniform(0.012, 0.03)) / 12
    rises = float(random.uniform(0.03, 0.08)) / 12
    turns = int(random.integers(6, 30) if course == "stagnant" else random.integers(12, 34))
    if course == "frontier":
        start = float(random.uniform(0.008, 0.018))
    if course == "quiet":
        start = float(random.uniform(0.015, 0.03))
    return Rates(start=start, falls=falls, rises=rises, turns=turns)


def smooth_course(course: str, rates: Rates) -> Floats:
    """Share of stops month by month without noise, shape (MONTHS,)."""
    month = np.arange(MONTHS, dtype=np.float64)
    start, falls, turns = rates.start, rates.falls, rates.turns
    if course == "frontier":
        return np.full(MONTHS, start)
    if course == "quiet":
        return np.linspace(start, start / 2, MONTHS)
    if course == "stagnant":
        return np.maximum(start - falls * month, max(start - falls * turns, 0.045))
    if course == "declining":
        fallen = np.maximum(start - falls * np.minimum(month, turns), _FRONTIER)
        return np.minimum(fallen + rates.rises * np.maximum(month - turns, 0), _MOST_STOPPED)
    return np.maximum(start - falls * month, _FRONTIER)


def onset_of(course: str, rates: Rates) -> int | None:
    """The month from which an alert of the course's kind is deserved; None for a course that deserves none."""
    if course == "stagnant":
        stands = min(rates.turns, int(np.ceil((rates.start - 0.045) / rates.falls)))
        return stands + _YEAR_OF_STANDSTILL
    return rates.turns if course == "declining" else None


def _months_noise(random: np.random.Generator) -> Floats:
    """Autocorrelated from month to month (0.5), 0.4 points of standard deviation at 6 % of stops."""
    noise = np.zeros(MONTHS)
    for month in range(1, MONTHS):
        noise[month] = 0.5 * noise[month - 1] + random.standard_normal() * np.sqrt(1 - 0.25)
    return 0.004 * noise


def _orders(course: str, random: np.random.Generator) -> Floats:
    full = float(random.uniform(0.85, 0.98))
    ordered = np.full(MONTHS, full)
    if course == "distressed":
        begins = int(random.integers(18, 40))
        ordered[begins:] *= np.linspace(1.0, float(random.uniform(0.3, 0.6)), MONTHS - begins)
    return ordered


def _releases(machines: int, random: np.random.Generator) -> tuple[Release, ...]:
    """A few releases, each on some of the machines and never on all, so that there is somebody to compare with."""
    months = np.sort(random.choice(np.arange(8, MONTHS - 4, 6), int(random.integers(1, 4)), replace=False))
    return tuple(
        Release(
            month=int(month),
            machines=tuple(sorted(random.choice(machines, int(random.integers(1, machines)), replace=False).tolist())),
            effect=float(random.choice([-0.10, -0.06, 0.0, 0.0, 0.05])),
        )
        for month in months
    )


def rate_of(releases: tuple[Release, ...], machine: int) -> Floats:
    """Good units an hour of a machine by month, of those at first, shape (MONTHS,)."""
    factor = np.ones(MONTHS)
    for release in releases:
        if machine in release.machines:
            factor[release.month :] *= 1 + release.effect
    return factor


def _adopted(course: str, rates: Rates, random: np.random.Generator) -> tuple[int, ...]:
    """Months in which half of those who get better adopt something; who stands still adopted nothing since."""
    months = random.choice(MONTHS, 4, replace=False)
    told = random.random() < 0.5
    if course == "stagnant":
        months = months[months < rates.turns]
    return tuple(sorted(months.tolist())) if told and course in ("improving", "stagnant") else ()
