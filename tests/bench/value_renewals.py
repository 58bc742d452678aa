"""Why made-up customers renew or leave: mechanisms that have nothing in common but what the customer lived through.

liking    a logistic choice at the term's end by the last year: promise, trend, orders, use, and what nobody sees
patience  each quarter that disappoints wears down a patience that customers have more or less of, old
          disappointments heal; whoever has none left at a term's end leaves, and so does who was bought by another
rivalry   contracts go on by themselves unless, in the year before notice, a competitor's offer or a review of the
          budget comes by chance: offers win against what is worst remembered, reviews against what was promised
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from services.health.block import Floats

_TERM_MONTHS = (12, 24, 36)
_NOTICE_MONTHS = 3
_STANDARD_A_YEAR, _REMEMBERED_A_MONTH = 0.85, 0.94
_ALIKE = 200


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What a customer lived through, by month: share of stops, availability above the promised, share of orders.

    before: share of stops as it would have stayed without us. uses: of running time, of what was bought beside.
    rate: good units an hour of those at first, by month. machines: how many.
    """

    stopped: Floats
    before: float
    gap: Floats
    ordered: Floats
    uses: float
    rate: Floats
    machines: int


@dataclass(frozen=True, kw_only=True)
class Term:
    """A contract's term in months [start, end), and whether it was renewed; None: it ends after the five years.

    cause: what of the choice the planted causes decided, high is bad, without what nobody could see; NaN if None.
    """

    start: int
    end: int
    renewed: bool | None
    cause: float


def terms(mechanism: str, lived: Lived, random: np.random.Generator) -> tuple[Term, ...]:
    """Terms of one to three years, until one is not renewed or the time is over."""
    found: list[Term] = []
    start, months = 0, len(lived.stopped)
    choice = _CHOICES[mechanism](lived, random)
    while start < months:
        end = start + int(random.choice(_TERM_MONTHS))
        if end >= months:
            return (*found, Term(start=start, end=end, renewed=None, cause=float("nan")))
        cause, leaves = choice(end)
        found.append(Term(start=start, end=end, renewed=not leaves, cause=cause))
        if leaves:
            break
        start = end
    return tuple(found)


Choice = Callable[[int], tuple[float, bool]]


def _liking(lived: Lived, random: np.random.Generator) -> Choice:
    """What the year before was like: the promise, how the year before that was, orders, use."""

    def choose(end: int) -> tuple[float, bool]:
        year, before = slice(end - 12, end), slice(max(0, end - 24), max(1, end - 12))
        kept = float(np.clip(lived.gap[year].mean() / (lived.gap + lived.stopped)[0], -2, 1))
        better = float(np.clip(1 - lived.stopped[year].mean() / lived.stopped[before].mean(), -1, 1))
        short = float(max(0.0, 0.85 - lived.ordered[year].mean()))
        idle = 1.0 if lived.uses < 0.1 else 0.0
        liking = 2.0 + 2 * kept + 4 * better - 8 * short - 1.5 * idle
        felt = liking + 0.8 * random.standard_normal()
        return -liking, bool(random.random() > 1 / (1 + np.exp(-felt)))

    return choose


def _patience(lived: Lived, random: np.random.Generator) -> Choice:
    """Disappointment a quarter: gains that were hoped for and did not come where there was room, stops, orders."""
    patience = float(random.gamma(20.0, 0.06))
    quarters = len(lived.stopped) // 3
    stops = lived.stopped.reshape(quarters, 3).mean(axis=1)
    orders = lived.ordered.reshape(quarters, 3).mean(axis=1)
    hoped = np.clip((stops / lived.before - 0.6) / 0.4, 0, 2) * min(1.0, lived.before / 0.06)
    worse = np.concatenate([np.zeros(2), np.maximum(stops[2:] / stops[:-2] - 1.1, 0)])
    poor = np.maximum(0.8 - orders, 0) * 3
    pain = 0.25 * hoped + 0.5 * worse + 0.3 * poor
    memory, felt = 0.0, []
    for each in pain.tolist():
        memory = 0.8 * memory + each
        felt.append(memory)

    def choose(end: int) -> tuple[float, bool]:
        disappointed = felt[end // 3 - 1]
        return disappointed, bool(disappointed > patience or random.random() < 0.03)

    return choose


def _rivalry(lived: Lived, random: np.random.Generator) -> Choice:
    """Whoever lost an event of the year before notice leaves; the cause is how often such customers would have."""
    felt = _lost_a_month(lived, random, 1)[0]
    alike = _lost_a_month(lived, random, _ALIKE)

    def choose(end: int) -> tuple[float, bool]:
        looked_at = slice(max(0, end - 12 - _NOTICE_MONTHS), end - _NOTICE_MONTHS)
        likely = 1 - np.exp(-alike[:, looked_at].sum(axis=1))
        return float(likely.mean()), bool(random.random() > np.exp(-felt[looked_at].sum()))

    return choose


def _lost_a_month(lived: Lived, random: np.random.Generator, customers: int) -> Floats:
    """Rate a month of events that end a contract, shape (customers, months): all live alike, unseen things differ.

    Unseen are when the one leaves who speaks for us, stops at the worst time, how faithful they are, and closures.
    """
    month = np.arange(len(lived.stopped))
    shape = (customers, len(month))
    spoken_for = month < random.exponential(48.0, (customers, 1))
    at_the_worst_time = random.random(shape) < 0.6 * lived.stopped * lived.ordered
    scenes = np.where(at_the_worst_time, random.exponential(4.0, shape), 0.0)
    missed = _missed(lived)
    remembered = (missed + np.maximum(missed, _peak(missed))) / 2 + _peak(scenes)
    bound = 1.5 + 0.4 * month / 12 + 3 * lived.uses + 2 * spoken_for
    offers = 0.35 * lived.machines / 12 * ndtr((remembered - bound) / 2.5)
    lean = 1 - lived.ordered / np.maximum.accumulate(lived.ordered)
    reviews = (0.05 + 0.6 * lean) / 12 * ndtr((10 * lean - 100 * lived.gap - spoken_for) / 4)
    faithless = random.gamma(4.0, 0.25, (customers, 1))
    return np.asarray(faithless * (offers + reviews) + 0.015 / 12)


def _missed(lived: Lived) -> Floats:
    """Points of good output that the market's standard would have given more; it leaves fewer stops every year."""
    years = np.arange(len(lived.stopped)) / 12
    standard = 1 - lived.before * _STANDARD_A_YEAR**years
    return 100 * (standard - (1 - lived.stopped) * lived.rate) * lived.ordered


def _peak(felt: Floats) -> Floats:
    """The worst so far by month, of which less is remembered with every month, along the last axis."""
    worst = np.maximum(felt, 0.0)
    for month in range(1, worst.shape[-1]):
        worst[..., month] = np.maximum(worst[..., month], _REMEMBERED_A_MONTH * worst[..., month - 1])
    return worst


_CHOICES: Mapping[str, Callable[[Lived, np.random.Generator], Choice]] = {
    "liking": _liking,
    "patience": _patience,
    "rivalry": _rivalry,
}
MECHANISMS = tuple(_CHOICES)
