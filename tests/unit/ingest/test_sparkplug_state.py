import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sparkplug import parse_state, state_payload


@pytest.mark.parametrize("online", [True, False])
def test_a_state_is_json_with_online_and_timestamp(online):
    raw = state_payload(online=online, timestamp_ms=1_700_000_000_123)
    assert json.loads(raw) == {"online": online, "timestamp": 1_700_000_000_123}
    assert parse_state(raw) == (online, 1_700_000_000_123)


@pytest.mark.parametrize(
    "raw", [b"", b"ONLINE", b"OFFLINE", b"[]", b'{"online": 1, "timestamp": 5}', b'{"online": true}', b"[" * 100_000]
)
def test_what_is_no_state_says_nothing(raw):
    assert parse_state(raw) is None


@given(st.binary(max_size=60))
def test_any_bytes_are_a_state_or_nothing(raw):
    assert parse_state(raw) is None or raw
