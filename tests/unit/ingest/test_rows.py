import numpy as np

from services.ingest.batch.device import Device
from services.ingest.batch.rows import rows_of, silenced
from services.ingest.messages.readings import GOOD
from tests.unit.ingest.messages import NOW_US, decoded, reading


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


def test_a_reading_of_texts_only_has_no_numbers_after_one_that_had_some():
    machine = device(a=1)
    rows = rows_of([decoded(reading(("a",), [1.0]))], lambda _: machine)
    assert rows.samples.series_id.tolist() == [1]
    rows = rows_of([decoded(reading((), [], (("a", "RUN"),)))], lambda _: machine)
    assert len(rows.samples.series_id) == 0
