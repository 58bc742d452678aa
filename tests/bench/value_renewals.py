"""Why made-up customers renew or leave: two mechanisms that have nothing in common but what the customer lived through.

liking    a logistic choice at the term's end by the last year: promise, trend, orders, use, and what nobody sees
patience  each quarter that disappoints wears down a patience that customers have more or less of, old
          disappointments heal; whoever has none left at a term's end leaves, and so does who was bought by another
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from services.health.block import Floats

_TERM_MONTHS = (12, 24, 36)


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What a customer lived through, by month: share of stops, availability above the promised, share of orders.

    before: share of stops as it would have stayed without us. uses: of running time, of what was bought beside.
    """

    stopped: Floats
    before: float
    gap: Floats
    ordered: Floats
    uses: float


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


_CHOICES: Mapping[str, Callable[[Lived, np.random.Generator], Choice]] = {"liking": _liking, "patience": _patience}
MECHANISMS = tuple(_CHOICES)
