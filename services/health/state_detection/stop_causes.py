"""Whose a stop is: by default for its state, by rules of the asset type, by events, and last by a person's word. Pure.

What is more certain wins, whenever it was said: default < rules (the first in the list first) < events < a person's
correction; of two that are equally certain, the later one, and of two corrections the one that was said later. A cause
counts back to the stop's beginning, but not past the midnight (UTC) before the moment from which it is known: days
already assessed stand. A correction is known from the beginning that the stop had when it was made, and holds for all
of it, but for a part alone where it ends with one. Where samples are no longer stored, what was concluded from them
stands, unless a person says otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Event, Floats, StateSamples
from services.health.state_detection.states import DAY_S, NO_CAUSE, Codes, Kept, kept_in
from shared.records.vocabulary import CAUSES, CORRECTION, STATES

# How certain a cause is; rules take the numbers from the first one's down to 1.
BY_DEFAULT, BY_FIRST_RULE, BY_EVENT, BY_PERSON = 0, 99, 100, 101
_RANKS = {"default": BY_DEFAULT, "rule": BY_FIRST_RULE, "event": BY_EVENT, "person": BY_PERSON}

# Starved and blocked machines wait for others; a hold is an operator's routine servicing (ANSI/ISA-TR88.00.02) and no
# failure; a machine without an order waits for its customer.
_DEFAULTS = {"idle": "customer", "down": "supplier", "repair": "supplier", "held": "operator", "suspended": "external"}
_DEFAULT_CAUSES = np.array(
    [CAUSES.index(_DEFAULTS[state]) if state in _DEFAULTS else NO_CAUSE for state in STATES], dtype=np.int8
)
_DEFAULT_WHY = np.array([f"a stop of state {state}" if state in _DEFAULTS else "" for state in STATES], dtype=object)


@dataclass(frozen=True, kw_only=True)
class StopCauses:
    """Of consecutive intervals, shape (n,) each: cause, index into CAUSES or NO_CAUSE; how certain it is; and why.

    began: Unix seconds of the whole stop's beginning, where the interval is a part of it.
    """

    cause: Codes
    rank: Codes
    why: NDArray[np.object_]
    began: Floats

    def of(self, index: int) -> tuple[int, int, str]:
        """Cause, rank and why of one interval."""
        return int(self.cause[index]), int(self.rank[index]), str(self.why[index])

    def at(self, chosen: NDArray[np.generic]) -> "StopCauses":
        """Those of the chosen intervals."""
        return StopCauses(
            cause=self.cause[chosen], rank=self.rank[chosen], why=self.why[chosen], began=self.began[chosen]
        )

    def split(self, index: int) -> "StopCauses":
        """The same with one interval made two."""
        return self.at(np.insert(np.arange(len(self.cause)), index, index))

    def differs(self) -> Bools:
        """Whether each interval but the first has another cause than the one before, or another reason, shape (n - 1,).

        A rule may change the cause of a part of a stop, but a person's word on all of it makes it one again.
        """
        by_person = (self.rank[1:] == BY_PERSON) & (self.rank[:-1] == BY_PERSON)
        return np.asarray(~by_person | (self.cause[1:] != self.cause[:-1]) | (self.why[1:] != self.why[:-1]), np.bool_)

    def opened(self, before: tuple[int, int, str], began: float) -> "StopCauses":
        """The same with what was known of the first interval before the block."""
        cause, rank, why, whole = self.cause.copy(), self.rank.copy(), self.why.copy(), self.began.copy()
        cause[0], rank[0], why[0], whole[0] = *before, began
        return StopCauses(cause=cause, rank=rank, why=why, began=whole)


def basis_of(rank: int) -> str:
    """What a cause of that certainty was concluded from: default, rule, event or person."""
    return next(basis for basis, least in _RANKS.items() if rank <= least)


def default_causes(state: Codes, began: Floats) -> StopCauses:
    """Causes as long as nothing but the state is known."""
    return StopCauses(
        cause=_DEFAULT_CAUSES[state].copy(),
        rank=np.full(len(state), BY_DEFAULT, dtype=np.int8),
        why=_DEFAULT_WHY[state].copy(),
        began=began.copy(),
    )


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Somebody's or some rule's word on one interval: which, from when it is known, the cause and why.

    said_at: when a person said it (RFC 3339, UTC), empty where it comes from a stored interval or from no person.
    """

    interval: int
    at: float
    cause: int
    rank: int
    why: str
    said_at: str = ""

    @property
    def weight(self) -> tuple[int, str, float]:
        """The greatest of an interval's claims wins, the last of equals."""
        return self.rank, self.said_at, self.at


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What may say whose a stop is: samples of the asset's states and of its fault metrics, events, and rules.

    rules: list of {"cause": …} with any of "states", "raw", "faults" (lists) and "longer_than_s"; a rule speaks once
    each of these has been seen in the stop. history: what stored intervals say of their causes, where their samples are
    no longer stored.
    """

    samples: StateSamples
    faults: Sequence[StateSamples]
    events: tuple[Event, ...]
    rules: object
    history: Sequence[tuple[float, Kept]]


Seen = Mapping[str, Floats]
"""What rules ask for by place and kind, as "0/raw", to when each interval first showed it; infinite for never."""


def seen_in(started: Floats, ended: Floats, said: Evidence, before: Iterable[tuple[str, float]]) -> Seen:
    """What each interval has shown of the rules' raw states and faults; before: the first one, before the block."""
    found: dict[str, Floats] = {}
    for place, rule in enumerate(_rules(said)):
        for kind, told in (("raw", (said.samples,)), ("faults", tuple(said.faults))):
            if isinstance(listed := rule.get(kind), list):
                wanted = {str(each) for each in listed}
                first = [_first_said(started, ended, samples, wanted) for samples in told]
                found[f"{place}/{kind}"] = np.min([np.full(len(started), np.inf), *first], axis=0)
    for key, at in before:
        if key in found:
            found[key][0] = min(found[key][0], at)
    return found


def claims(
    started: Floats, ended: Floats, state: Codes, began: Floats, said: Evidence, seen: Seen, *, start: float, end: float
) -> list[Claim]:
    """Every claim but a person's on the stops among the intervals [started, ended), the least certain first."""
    found = [claim for claim in _by_history(started, ended, said.history) if claim.rank < BY_PERSON]
    for place, rule in enumerate(_rules(said)):
        at = _known_at(place, rule, started, state, began, seen)
        cause, rank = CAUSES.index(str(rule["cause"])), max(BY_FIRST_RULE - place, 1)
        why = _in_words(rule)
        found += [
            Claim(interval=i, at=float(at[i]), cause=cause, rank=rank, why=why)
            for i in np.flatnonzero((at < ended) & (at < end)).tolist()
        ]
    found += _by_events(started, sorted(said.events, key=lambda event: event.at), start, end)
    return _of_stops(found, state)


def corrections(started: Floats, ended: Floats, state: Codes, began: Floats, said: Evidence, end: float) -> list[Claim]:
    """Every person's word on the stops among the intervals, which are cut where all else changes their cause."""
    found = [claim for claim in _by_history(started, ended, said.history) if claim.rank == BY_PERSON]
    for event in said.events:
        if event.kind == CORRECTION and event.attributes.get("cause") in CAUSES and event.at.timestamp() < end:
            found += _corrections(event, started, ended, began)
    return _of_stops(found, state)


def _of_stops(found: Iterable[Claim], state: Codes) -> list[Claim]:
    return sorted((c for c in found if _DEFAULT_CAUSES[state[c.interval]] != NO_CAUSE), key=lambda c: c.weight)


def _rules(said: Evidence) -> list[Mapping[str, object]]:
    return said.rules if isinstance(said.rules, list) else []


def history_in(samples: StateSamples) -> list[tuple[float, Kept]]:
    """What stored intervals among the samples say of their causes: each once, at its start."""
    told = {raw: kept_in(raw) for raw in set(samples.state)}
    if not any(told.values()):
        return []
    before = (None, *samples.state)
    return [
        (at, said)
        for at, raw, previous in zip(samples.at.tolist(), samples.state, before, strict=False)
        if (said := told[raw]) is not None and said.cause and raw != previous
    ]


def _by_history(started: Floats, ended: Floats, history: Sequence[tuple[float, Kept]]) -> list[Claim]:
    if not history:
        return []
    place = np.searchsorted(started, [at for at, _ in history], side="right") - 1
    return [
        Claim(
            interval=int(i),
            at=when,
            cause=CAUSES.index(str(said.cause)),
            rank=_RANKS[said.basis or "default"],
            why=said.why or "",
        )
        for i, (when, said) in zip(place, history, strict=True)
        if i >= 0 and when < ended[i]
    ]


def _known_at(
    place: int, rule: Mapping[str, object], started: Floats, state: Codes, began: Floats, seen: Seen
) -> Floats:
    """When each interval had shown all that the rule asks for, shape (n,); infinite for never."""
    states = rule.get("states")
    at = started.copy()
    if isinstance(states, list):
        at[~np.isin(state, [STATES.index(str(each)) for each in states])] = np.inf
    if "longer_than_s" in rule:
        at = np.maximum(at, began + float(str(rule["longer_than_s"])))
    for kind in ("raw", "faults"):
        at = np.maximum(at, seen.get(f"{place}/{kind}", -np.inf))
    return np.asarray(at, dtype=np.float64)


def _first_said(started: Floats, ended: Floats, samples: StateSamples, wanted: set[str]) -> Floats:
    """The first moment of each interval at which one of the raw values held, shape (n,); infinite for never."""
    chosen: Bools = np.array([raw in wanted for raw in samples.state], dtype=bool)
    if not chosen.any():
        return np.full(len(started), np.inf)
    held = np.minimum(np.append(samples.at, np.inf)[1:], samples.at + samples.max_hold_s)[chosen]
    first = np.searchsorted(held, started, side="right")
    at = np.append(samples.at[chosen], np.inf)[first]
    at = np.maximum(at, started)
    return np.where(at < ended, at, np.inf)


def _in_words(rule: Mapping[str, object]) -> str:
    parts = []
    for key, said in (("states", "state"), ("raw", "reported"), ("faults", "fault")):
        if isinstance(listed := rule.get(key), list):
            parts.append(f"{said} {' or '.join(map(str, listed))}")
    if "longer_than_s" in rule:
        parts.append(f"longer than {float(str(rule['longer_than_s'])):g} s")
    return "rule: " + ", ".join(parts)


def _by_events(started: Floats, events: Iterable[Event], start: float, end: float) -> list[Claim]:
    found: list[Claim] = []
    for event in events:
        at, cause = event.at.timestamp(), event.attributes.get("cause")
        if cause not in CAUSES or not at < end:
            continue
        if event.kind in ("failure", "stop") and start <= at:
            place = int(np.searchsorted(started, at, side="right")) - 1
            if place >= 0:
                why = f"event {event.kind} of {event.at:%Y-%m-%d %H:%M} UTC"
                found.append(Claim(interval=place, at=at, cause=CAUSES.index(str(cause)), rank=BY_EVENT, why=why))
    return found


def _corrections(event: Event, started: Floats, ended: Floats, began: Floats) -> Iterable[Claim]:
    """A person's word on [at, until): on every stop that reaches into it, so that late data does not shake it off.

    It holds for the parts of such a stop that follow, unless it ends where one of them does.
    """
    at = event.at.timestamp()
    until = max(float(str(event.attributes.get("until_s", at))), np.nextafter(at, np.inf))
    why = f"corrected by {event.attributes.get('actor')}: {event.attributes.get('reason')}"
    cause, said_at = CAUSES.index(str(event.attributes["cause"])), str(event.attributes.get("said_at", ""))
    last = (started < until) & (until < ended)
    follows = np.isin(began, began[last]) & (started >= until)
    for place in np.flatnonzero(((started < until) & (ended > at)) | follows).tolist():
        yield Claim(interval=place, at=at, cause=cause, rank=BY_PERSON, why=why, said_at=said_at)


def claimed(causes: StopCauses, started: Floats, said: Sequence[Claim]) -> tuple[StopCauses, list[tuple[int, float]]]:
    """The causes after all claims, and (interval, midnight) at which an interval was cut, the last first.

    The causes are those of the intervals after the cuts.
    """
    cause, rank, why = causes.cause.copy(), causes.rank.copy(), causes.why.copy()
    late: set[int] = set()
    for claim in said:
        i = claim.interval
        if claim.at - claim.at % DAY_S > started[i]:
            late.add(i)
        elif claim.rank >= rank[i]:
            cause[i], rank[i], why[i] = claim.cause, claim.rank, claim.why
    found = replace(causes, cause=cause, rank=rank, why=why)
    cuts: list[tuple[int, float]] = []
    for i in sorted(late, reverse=True):
        found, at = _with_late(found, i, float(started[i]), [claim for claim in said if claim.interval == i])
        cuts += [(i, midnight) for midnight in reversed(at)]
    return found, cuts


def _with_late(causes: StopCauses, i: int, started: float, said: Sequence[Claim]) -> tuple[StopCauses, list[float]]:
    """Cut interval i at each midnight from which a claim on it changes its cause; `said` by weight.

    A claim that agrees only makes the cause more certain.
    """
    parts = [(int(causes.cause[i]), int(causes.rank[i]), str(causes.why[i]))]
    cuts: list[float] = []
    for edge in sorted({at for claim in said if (at := claim.at - claim.at % DAY_S) > started}):
        known = [claim for claim in said if claim.at - claim.at % DAY_S <= edge][-1]
        if known.rank >= parts[-1][1]:
            agrees = known.cause == parts[-1][0]
            parts[-1:] = [*(() if agrees else parts[-1:]), (known.cause, known.rank, known.why)]
            cuts += [] if agrees else [edge]
    columns = (causes.cause, causes.rank, causes.why)
    cause, rank, why = (
        np.concatenate([column[:i], np.array(values, dtype=column.dtype), column[i + 1 :]])
        for column, values in zip(columns, zip(*parts, strict=True), strict=True)
    )
    began = np.insert(causes.began, [i + 1] * len(cuts), causes.began[i])
    return StopCauses(cause=cause, rank=rank, why=why, began=began), cuts
