from services.ingest.batch.source_state import SourceState, event_time, hear, late_samples, without_overtaken_ends
from services.ingest.messages.readings import Silence
from tests.unit.ingest.messages import NOW_US, decoded, reading

MINUTE = 60_000_000


def test_the_newest_time_counts_and_none_in_the_future_does():
    sources: dict[str, SourceState] = {}
    hear(sources, decoded(reading((), [], observed_us=NOW_US - MINUTE)))
    hear(sources, decoded(reading((), [], observed_us=NOW_US - 2 * MINUTE)))
    assert sources["s"].watermark_us == NOW_US - MINUTE
    hear(sources, decoded(reading((), [], observed_us=NOW_US + 4 * MINUTE)))
    assert sources["s"] == SourceState(NOW_US, NOW_US, alive=True, ahead_us=4 * MINUTE)
    hear(sources, decoded(reading((), [], observed_us=NOW_US + 9 * MINUTE)))
    assert sources["s"] == SourceState(NOW_US, NOW_US, alive=True, ahead_us=9 * MINUTE)


def test_a_source_whose_clock_is_ahead_dies_after_its_last_sample():
    sources: dict[str, SourceState] = {}
    hear(sources, decoded(reading((), [], observed_us=NOW_US + 4 * MINUTE)))
    assert event_time(sources["s"], NOW_US + MINUTE) == NOW_US + 5 * MINUTE


def test_samples_are_late_that_are_older_than_what_their_source_had_told():
    batch = [
        decoded(reading(("a",), [1.0])),
        decoded(reading(("a", "b"), [1.0, 1.0], (("c", "RUN"),), observed_us=NOW_US - 1)),
        decoded(reading(("a",), [1.0], observed_us=NOW_US)),
    ]
    assert late_samples(batch, {}) == 3
    assert late_samples(batch, {"s": NOW_US + 1}) == 5


def test_a_clock_that_was_ahead_makes_nothing_late_that_is_received_in_time():
    ahead = decoded(reading(("a",), [1.0], observed_us=NOW_US + 60 * MINUTE))
    right = decoded(reading(("a",), [1.0], observed_us=NOW_US + MINUTE), at_us=NOW_US + MINUTE)
    assert late_samples([ahead, right], {"s": NOW_US}) == 0


def test_the_instant_of_receipt_moves_only_together_with_the_newest_time():
    sources: dict[str, SourceState] = {}
    hear(sources, decoded(reading((), [])))
    hear(sources, decoded(reading((), [], observed_us=NOW_US - MINUTE), at_us=NOW_US + MINUTE))
    hear(sources, decoded(reading((), []), at_us=NOW_US + 2 * MINUTE))
    assert sources["s"] == SourceState(NOW_US, NOW_US, alive=True)
    hear(sources, decoded(reading((), [], observed_us=NOW_US + 1), at_us=NOW_US + 3 * MINUTE))
    assert sources["s"] == SourceState(NOW_US + 3 * MINUTE, NOW_US + 1, alive=True)


def test_a_death_keeps_the_newest_time_and_says_not_alive():
    sources: dict[str, SourceState] = {}
    hear(sources, decoded(reading((), [])))
    hear(sources, decoded(silences=(Silence("s", None, None),), at_us=NOW_US + MINUTE, alive=False))
    assert sources["s"] == SourceState(NOW_US, NOW_US, alive=False)


def test_a_devices_death_says_nothing_about_its_source():
    sources: dict[str, SourceState] = {}
    hear(sources, decoded(silences=(Silence("s", "d", NOW_US),), alive=None))
    assert sources["s"] == SourceState(NOW_US, None, None)
    hear(sources, decoded(reading((), []), at_us=NOW_US + MINUTE))
    hear(sources, decoded(silences=(Silence("s", "d", NOW_US),), at_us=NOW_US + 2 * MINUTE, alive=None))
    assert sources["s"] == SourceState(NOW_US + MINUTE, NOW_US, alive=True)


def test_a_source_that_lives_in_2013_dies_in_2013():
    long_ago = NOW_US - 10**15
    assert event_time(SourceState(NOW_US, long_ago, alive=True), NOW_US + MINUTE) == long_ago + MINUTE
    assert event_time(SourceState(NOW_US, None, alive=True), NOW_US) is None


def test_death_follows_the_last_sample_even_in_the_same_microsecond():
    assert event_time(SourceState(NOW_US, NOW_US, alive=True), NOW_US) > NOW_US


def test_an_end_is_overtaken_by_what_its_source_said_since_unless_it_has_a_time_of_its_own():
    spoke = {"s": SourceState(NOW_US, NOW_US, alive=True)}
    death = decoded(silences=(Silence("s", None, None),), at_us=NOW_US - 1, alive=False)
    assert without_overtaken_ends(death, spoke) == death._replace(silences=(), alive=None)
    assert without_overtaken_ends(death, {}) == death
    later = decoded(silences=(Silence("s", None, None),), alive=False)
    assert without_overtaken_ends(later, spoke) == later
    devices = decoded(silences=(Silence("s", "d", NOW_US),), at_us=NOW_US - 1, alive=None)
    assert without_overtaken_ends(devices, spoke) == devices
    birth = decoded(reading(("a",), [1.0]), silences=(Silence("s", None, None),), at_us=NOW_US - 1)
    assert without_overtaken_ends(birth, spoke) == birth._replace(silences=())
