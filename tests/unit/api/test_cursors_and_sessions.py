"""What the API signs: page cursors and sign-ins; and what it only names: positions in the feed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.cursors import feed_cursor, feed_sequence, read, sign
from services.api.problems import BadCursorError
from services.api.sessions import LIFETIME, key_of_session, session_for

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 9, 21, 8, tzinfo=UTC)
FILTERS = st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8), max_size=4)


@given(position=FILTERS, filters=FILTERS)
def test_a_cursor_gives_back_its_position_for_its_own_filters(position, filters):
    assert read(SECRET, sign(SECRET, position, filters), filters) == position


@given(position=FILTERS, filters=FILTERS, others=FILTERS)
def test_a_cursor_serves_no_other_filters(position, filters, others):
    if filters != others:
        with pytest.raises(BadCursorError):
            read(SECRET, sign(SECRET, position, filters), others)


@given(position=FILTERS, place=st.integers(min_value=0), letter=st.sampled_from("Aa0_-"))
def test_a_cursor_with_a_letter_changed_is_refused(position, place, letter):
    cursor = sign(SECRET, position, {})
    place %= len(cursor) - 1  # The last letter may carry unused bits.
    changed = cursor[:place] + letter + cursor[place + 1 :]
    if changed != cursor:
        with pytest.raises(BadCursorError):
            read(SECRET, changed, {})


def test_another_secret_makes_other_cursors():
    with pytest.raises(BadCursorError):
        read(b"x" * 32, sign(SECRET, {"id": 1}, {}), {})


@given(st.text(max_size=60))
def test_what_is_no_cursor_is_refused_whatever_it_is(text):
    with pytest.raises(BadCursorError):
        read(SECRET, text, {})


@given(sequence=st.integers(min_value=0, max_value=10**18 - 1), at=st.datetimes(timezones=st.just(UTC)))
def test_a_feed_cursor_names_its_sequence(sequence, at):
    assert feed_sequence(feed_cursor(sequence, at)) == sequence


def test_a_feed_cursor_tells_two_feeds_apart_by_the_time_of_the_change():
    assert feed_cursor(7, NOW) != feed_cursor(7, NOW + timedelta(microseconds=1))
    assert feed_cursor(7, NOW) == feed_cursor(7, NOW)


def test_a_session_is_good_for_its_key_until_it_ends():
    session = session_for(SECRET, "bw01", NOW)
    assert key_of_session(SECRET, session, NOW + LIFETIME - timedelta(seconds=1)) == "bw01"
    assert key_of_session(SECRET, session, NOW + LIFETIME) is None
    assert key_of_session(b"x" * 32, session, NOW) is None
    assert key_of_session(SECRET, session.replace("bw01", "bw02"), NOW) is None
    key_id, ends, tag = session.split(".")
    assert key_of_session(SECRET, f"{key_id}.{int(ends) + 1}.{tag}", NOW) is None
    assert key_of_session(SECRET, "", NOW) is None
