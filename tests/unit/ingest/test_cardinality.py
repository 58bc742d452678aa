import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.batch.cardinality import NEW_SOURCES_A_DAY, admit
from services.ingest.messages.readings import Decoded, Reading, Silence
from tests.unit.ingest.messages import NOW_US, envelope


def naming(*metrics: str, source: str = "s", device: str = "d", **more) -> Decoded:
    reading = Reading(source, "json", device, NOW_US, False, metrics, np.zeros(len(metrics)))
    return Decoded(envelope("t", b""), (reading,), **more)


def everything_is_new(reading: Reading) -> set[tuple[str, str]]:
    return {(reading.device, metric) for metric in reading.metrics}


def reasons(batch, *, existing, limit=3, new_series=everything_is_new, new_sources=0) -> list[str | None]:
    admitted = admit(batch, new_series, existing=existing, limit=limit, new_sources=new_sources)
    assert all((d.reason is None) == bool(d.readings) for d in admitted)
    return [d.reason for d in admitted]


def test_messages_take_what_room_there_is_in_their_order():
    batch = [naming("a", "b"), naming("c", "d"), naming("a", "e"), naming("f")]
    told = reasons(batch, existing={"s": 0})
    assert [reason is None for reason in told] == [True, False, True, False]


def test_the_reason_says_how_many_there_are_and_which_setting_limits_them():
    (reason,) = reasons([naming("a", "b")], existing={"s": 2})
    assert reason is not None
    assert "2 series of the 3" in reason
    assert "BELLWETHER_INGEST_SERIES_PER_SOURCE" in reason


def test_known_series_go_on_where_a_source_is_full():
    assert reasons([naming("a")], existing={"s": 3}, new_series=lambda _: ()) == [None]


def test_one_sources_greed_is_no_other_sources_limit():
    told = reasons([naming("a"), naming("a", source="other")], existing={"s": 3, "other": 0})
    assert [reason is None for reason in told] == [False, True]


def test_the_same_metric_of_two_devices_is_two_series():
    told = reasons([naming("a"), naming("a", device="e"), naming("a")], existing={"s": 0}, limit=1)
    assert [reason is None for reason in told] == [True, False, True]


@pytest.mark.parametrize("before", [NEW_SOURCES_A_DAY - 1, NEW_SOURCES_A_DAY])
def test_sources_that_turn_up_are_limited_a_day_and_known_ones_are_not(before):
    batch = [naming("a", source="new"), naming("a"), naming("b", source="new"), naming("a", source="newer")]
    told = reasons(batch, existing={"s": 0}, new_sources=before)
    fits = before < NEW_SOURCES_A_DAY
    assert [reason is None for reason in told] == [fits, True, fits, False]
    assert told[3] is not None
    assert "broker" in told[3]


def test_what_a_refused_message_says_about_the_end_of_a_session_counts():
    ending = naming("a", silences=(Silence("s", None, None),), alive=True, rebirth=("g", "e"))
    (refused,) = admit([ending], everything_is_new, existing={"s": 3}, limit=3, new_sources=0)
    assert refused.readings == ()
    assert (refused.silences, refused.alive, refused.rebirth) == (ending.silences, True, ("g", "e"))


@given(st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1), max_size=12), st.integers(0, 8), st.integers(0, 8))
def test_never_more_than_the_limit_and_never_less_than_would_fit(names, existing, limit):
    batch = [naming(*sorted(metrics)) for metrics in names]
    admitted = admit(batch, everything_is_new, existing={"s": existing}, limit=limit, new_sources=0)
    held: set[str] = set()
    for metrics, decoded in zip(names, admitted, strict=True):
        fits = existing + len(held | metrics) <= limit
        assert (decoded.reason is None) == fits
        held |= metrics if fits else set()
