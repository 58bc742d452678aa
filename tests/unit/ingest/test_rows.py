import numpy as np

from services.ingest.batch.device import Device
from services.ingest.batch.rows import Heard, event_time, hear, late_samples, rows_of, silenced, without_overtaken_ends
from services.ingest.messages.readings import GOOD, Decoded, Reading, Silence
from tests.unit.ingest.messages import NOW_US, envelope

MINUTE = 60_000_000


def reading(metrics, values, texts=(), observed_us=NOW_US) -> Reading:
    return Reading("s", "json", "d", observed_us, False, metrics, np.array(values, np.float64), texts)


def decoded(*readings, silences=(), at_us=NOW_US, alive=True) -> Decoded:
    return Decoded(envelope("t", b"", at_us=at_us), readings, silences, alive=alive)


def device(**series: int) -> Device:
    return Device(1, 1, series=dict(series))


def test_rows_keep_the_order_of_receipt():
    machine = device(a=1, b=2)
    rows = rows_of([decoded(reading(("a", "b"), [1, 2])), decoded(reading(("b",), [3]))], lambda _: machine)
    assert rows.samples.series_id.tolist() == [1, 2, 2]
    assert rows.samples.values.tolist() == [1, 2, 3]
    assert rows.samples.quality.tolist() == [GOOD] * 3


def test_no_value_of_a_series_that_holds_text_goes_where_its_text_is():
    machine = device(a=1, state=2)
    batch = [
        decoded(reading(("a",), [1.0], (("state", "RUN"),))),
        decoded(reading(("a", "state"), [np.nan, np.nan])),
    ]
    rows = rows_of(batch, lambda _: machine)
    assert rows.samples.series_id.tolist() == [1, 1]
    assert [(t.series_id, t.text_value, t.quality) for t in rows.texts] == [(2, "RUN", GOOD), (2, None, 0)]


def test_no_value_that_is_said_before_the_first_text_goes_where_the_text_is():
    machine = device(state=2)
    batch = [decoded(reading(("state",), [np.nan])), decoded(reading((), [], (("state", "RUN"),)))]
    rows = rows_of(batch, lambda _: machine)
    assert [t.text_value for t in rows.texts] == [None, "RUN"]
    assert len(rows.samples.values) == 0


def test_numbers_of_a_series_that_holds_text_stand_among_its_texts():
    machine = device(a=1, state=2)
    batch = [
        decoded(reading(("a", "state"), [1.0, 5.0])),
        decoded(reading(("a",), [2.0], (("state", "RUN"),))),
        decoded(reading(("a", "state"), [3.0, 6.0])),
    ]
    rows = rows_of(batch, lambda _: machine)
    assert [(t.text_value, t.number) for t in rows.texts] == [(None, 5.0), ("RUN", None), (None, 6.0)]
    assert rows.samples.series_id.tolist() == [1, 1, 1]
    assert rows.samples.values.tolist() == [1.0, 2.0, 3.0]


def test_an_empty_batch_has_no_rows():
    rows = rows_of([decoded()], lambda _: device())
    assert (len(rows.samples.values), rows.texts) == (0, [])


def test_silence_is_no_value_for_every_series_in_the_table_it_lives_in():
    machine = device(a=1, state=2)
    machine.text.add(2)
    rows = silenced([machine], NOW_US, NOW_US)
    assert rows.samples.series_id.tolist() == [1]
    assert np.isnan(rows.samples.values).all()
    assert [t.series_id for t in rows.texts] == [2]


def test_the_newest_time_counts_and_none_in_the_future_does():
    heard: dict[str, Heard] = {}
    hear(heard, decoded(reading((), [], observed_us=NOW_US - MINUTE)))
    hear(heard, decoded(reading((), [], observed_us=NOW_US - 2 * MINUTE)))
    assert heard["s"].observed_through_us == NOW_US - MINUTE
    hear(heard, decoded(reading((), [], observed_us=NOW_US + 4 * MINUTE)))
    assert heard["s"] == Heard(NOW_US, NOW_US, alive=True, ahead_us=4 * MINUTE)
    hear(heard, decoded(reading((), [], observed_us=NOW_US + 9 * MINUTE)))
    assert heard["s"] == Heard(NOW_US, NOW_US, alive=True, ahead_us=9 * MINUTE)


def test_a_source_whose_clock_is_ahead_dies_after_its_last_sample():
    heard: dict[str, Heard] = {}
    hear(heard, decoded(reading((), [], observed_us=NOW_US + 4 * MINUTE)))
    assert event_time(heard["s"], NOW_US + MINUTE) == NOW_US + 5 * MINUTE


def test_samples_are_late_that_are_older_than_what_their_source_had_told():
    through: dict[str, int] = {}
    batch = [
        decoded(reading(("a",), [1.0])),
        decoded(reading(("a", "b"), [1.0, 1.0], (("c", "RUN"),), observed_us=NOW_US - 1)),
        decoded(reading(("a",), [1.0], observed_us=NOW_US)),
    ]
    assert late_samples(batch, through) == 3
    assert through == {"s": NOW_US}


def test_a_clock_that_was_ahead_makes_nothing_late_that_is_received_in_time():
    through = {"s": NOW_US}
    late_samples([decoded(reading(("a",), [1.0], observed_us=NOW_US + 60 * MINUTE))], through)
    now = NOW_US + MINUTE
    assert late_samples([decoded(reading(("a",), [1.0], observed_us=now), at_us=now)], through) == 0


def test_the_instant_of_receipt_moves_only_together_with_the_newest_time():
    heard: dict[str, Heard] = {}
    hear(heard, decoded(reading((), [])))
    hear(heard, decoded(reading((), [], observed_us=NOW_US - MINUTE), at_us=NOW_US + MINUTE))
    hear(heard, decoded(reading((), []), at_us=NOW_US + 2 * MINUTE))
    assert heard["s"] == Heard(NOW_US, NOW_US, alive=True)
    hear(heard, decoded(reading((), [], observed_us=NOW_US + 1), at_us=NOW_US + 3 * MINUTE))
    assert heard["s"] == Heard(NOW_US + 3 * MINUTE, NOW_US + 1, alive=True)


def test_a_death_keeps_the_newest_time_and_says_not_alive():
    heard: dict[str, Heard] = {}
    hear(heard, decoded(reading((), [])))
    hear(heard, decoded(silences=(Silence("s", None, None),), at_us=NOW_US + MINUTE, alive=False))
    assert heard["s"] == Heard(NOW_US, NOW_US, alive=False)


def test_a_devices_death_says_nothing_about_its_source():
    heard: dict[str, Heard] = {}
    hear(heard, decoded(silences=(Silence("s", "d", NOW_US),), alive=None))
    assert heard["s"] == Heard(NOW_US, None, None)
    hear(heard, decoded(reading((), []), at_us=NOW_US + MINUTE))
    hear(heard, decoded(silences=(Silence("s", "d", NOW_US),), at_us=NOW_US + 2 * MINUTE, alive=None))
    assert heard["s"] == Heard(NOW_US + MINUTE, NOW_US, alive=True)


def test_a_source_that_lives_in_2013_dies_in_2013():
    long_ago = NOW_US - 10**15
    assert event_time(Heard(NOW_US, long_ago, alive=True), NOW_US + MINUTE) == long_ago + MINUTE
    assert event_time(Heard(NOW_US, None, alive=True), NOW_US) is None


def test_death_follows_the_last_sample_even_in_the_same_microsecond():
    assert event_time(Heard(NOW_US, NOW_US, alive=True), NOW_US) > NOW_US


def test_an_end_is_overtaken_by_what_its_source_said_since_unless_it_has_a_time_of_its_own():
    spoke = {"s": Heard(NOW_US, NOW_US, alive=True)}
    death = decoded(silences=(Silence("s", None, None),), at_us=NOW_US - 1, alive=False)
    assert without_overtaken_ends(death, spoke) == death._replace(silences=(), alive=None)
    assert without_overtaken_ends(death, {}) == death
    later = decoded(silences=(Silence("s", None, None),), alive=False)
    assert without_overtaken_ends(later, spoke) == later
    devices = decoded(silences=(Silence("s", "d", NOW_US),), at_us=NOW_US - 1, alive=None)
    assert without_overtaken_ends(devices, spoke) == devices
    birth = decoded(reading(("a",), [1.0]), silences=(Silence("s", None, None),), at_us=NOW_US - 1)
    assert without_overtaken_ends(birth, spoke) == birth._replace(silences=())


def test_a_reading_of_texts_only_has_no_numbers_after_one_that_had_some():
    machine = device(a=1)
    rows = rows_of([decoded(reading(("a",), [1.0]))], lambda _: machine)
    assert rows.samples.series_id.tolist() == [1]
    rows = rows_of([decoded(reading((), [], (("a", "RUN"),)))], lambda _: machine)
    assert len(rows.samples.series_id) == 0
