"""How far each source has told its time, and whether it lives: what its messages say of the source itself."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.ingest.messages.readings import Decoded

_LEAST_SILENCE_US = 1


class SourceState(NamedTuple):
    """How far a source has told its time (its watermark), and when we received that; in Unix µs.

    watermark_us: never beyond received_us; None: it has said nothing with a time, only (at received_us) that it
    is alive or not. ahead_us: by how much its clock is ahead of ours, 0 or more.
    """

    received_us: int
    watermark_us: int | None
    alive: bool | None
    ahead_us: int = 0


def hear(sources: dict[str, SourceState], decoded: Decoded) -> None:
    """Note in `sources` (by topic prefix) what one message says about its source.

    Its instants of receipt and of observation move on together, or event time could not be reckoned from them: data
    that are older than what the source has told, and deaths, say only whether it is alive. What a clock says that is
    ahead of ours counts as told now: nothing in the future moves event time.
    """
    received_us = decoded.envelope.received_us
    for reading in decoded.readings:
        at = min(reading.observed_us, received_us)
        before = sources.get(reading.source)
        ahead_us = reading.observed_us - at
        if before is None or before.watermark_us is None or (at, ahead_us) > (before.watermark_us, before.ahead_us):
            sources[reading.source] = SourceState(received_us, at, decoded.alive, ahead_us)
        else:
            sources[reading.source] = before._replace(alive=decoded.alive)
    for silence in decoded.silences:
        before = sources.get(silence.source, SourceState(received_us, None, None))
        sources[silence.source] = before if decoded.alive is None else before._replace(alive=decoded.alive)


def event_time(source: SourceState, received_us: int) -> int | None:
    """When, on the source's own clock, we received something: its newest time and what has passed since.

    None where the source never gave a time.
    """
    if source.watermark_us is None:
        return None
    passed_us = max(received_us - source.received_us, _LEAST_SILENCE_US)
    return source.watermark_us + source.ahead_us + passed_us


def without_overtaken_ends(decoded: Decoded, known: Mapping[str, SourceState]) -> Decoded:
    """The message without the ends that it brings by our clock to sources that have spoken since, to another process.

    It waited in this one's spool: what it would end now is what the source said after it.
    """
    received_us = decoded.envelope.received_us
    silences = tuple(
        silence
        for silence in decoded.silences
        if silence.observed_us is not None
        or silence.source not in known
        or known[silence.source].received_us <= received_us
    )
    if len(silences) == len(decoded.silences):
        return decoded
    return decoded._replace(silences=silences, alive=decoded.alive or None)


def late_samples(batch: Iterable[Decoded], watermark_us: Mapping[str, int]) -> int:
    """How many samples are older than what their source had told before, in the batch or ahead of it.

    watermark_us: by topic prefix, never ahead of receipt; of a source that is absent nothing is known, so nothing is
    late before its first time.
    """
    late = 0
    told: dict[str, int] = {}
    for decoded in batch:
        received_us = decoded.envelope.received_us
        for reading in decoded.readings:
            before = told.get(reading.source, watermark_us.get(reading.source))
            if before is not None and reading.observed_us < before:
                late += len(reading.metrics) + len(reading.texts)
            else:
                told[reading.source] = min(reading.observed_us, received_us)
    return late
