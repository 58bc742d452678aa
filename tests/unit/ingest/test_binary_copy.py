import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.batch.binary_copy import Columns, by_key, changed, first_of_key, selected, staged_as_copy

_DAY_US = 86_400_000_000
_POINTS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40).map(lambda n: n * _DAY_US // 4)), max_size=40)


def columns(points) -> Columns:
    size = len(points)
    return Columns(
        np.array([s for s, _ in points], np.int32),
        np.array([t for _, t in points], np.int64),
        np.zeros(size, np.int64),
        np.arange(size, dtype=np.float64),
        np.full(size, 192, np.int16),
        np.zeros(size, np.bool_),
    )


def test_a_gap_of_more_than_a_day_begins_a_new_range():
    points = columns([(1, 0), (1, _DAY_US), (1, 2 * _DAY_US + 1), (2, 5)])
    ranges = changed(points.series_id, points.observed_us)
    assert list(zip(*(r.tolist() for r in ranges), strict=True)) == [
        (1, 0, _DAY_US),
        (1, 2 * _DAY_US + 1, 2 * _DAY_US + 1),
        (2, 5, 5),
    ]


@given(_POINTS)
def test_ranges_cover_every_point_and_begin_and_end_on_one(points):
    batch = columns(points)
    ranges = list(zip(*(r.tolist() for r in changed(batch.series_id, batch.observed_us)), strict=True))
    assert all(sum(s == series and a <= t <= b for series, a, b in ranges) == 1 for s, t in points)
    assert {(s, a) for s, a, _ in ranges} | {(s, b) for s, _, b in ranges} <= set(points)


@given(_POINTS)
def test_of_points_at_the_same_instant_the_first_received_is_marked(points):
    ordered = by_key(columns(points))
    expected = {}
    for place, point in enumerate(points):
        expected.setdefault(point, place)
    assert list(zip(ordered.series_id.tolist(), ordered.observed_us.tolist(), strict=True)) == sorted(points)
    assert sorted(selected(ordered, first_of_key(ordered)).values.tolist()) == sorted(expected.values())


def test_staged_samples_stand_in_their_order_each_with_eight_bytes_of_value():
    batch = columns([(1, 0), (1, 0), (2, 0)])._replace(values=np.array([np.nan, 1.0, 2.0]))
    raw = staged_as_copy(batch, np.array([True, False, True]))
    assert len(raw) == 19 + 3 * (2 + 7 * 4 + 4 + 8 + 8 + 2 + 1 + 8 + 1) + 2
    assert [raw[19 + place * 62 + 61] for place in range(3)] == [1, 0, 1]
