from datetime import UTC, datetime, timedelta

import pytest

from shared.leases import Holding, Watch

_SEEN = Holding("one", datetime(2026, 1, 1, tzinfo=UTC))
_RENEWED = _SEEN._replace(expires_at=_SEEN.expires_at + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("looks", "unchanged_s"),
    [
        ([(100.0, _SEEN)], 0.0),
        ([(100.0, _SEEN), (101.0, _SEEN), (105.5, _SEEN)], 5.5),
        ([(100.0, _SEEN), (101.0, _RENEWED)], 0.0),
        ([(100.0, _SEEN), (101.0, _RENEWED), (102.0, _RENEWED)], 1.0),
        ([(100.0, _SEEN), (105.1, _SEEN)], 0.0),
        ([(100.0, _SEEN), (130.0, _SEEN), (132.0, _SEEN)], 2.0),
    ],
)
def test_a_row_is_unchanged_as_long_as_it_was_looked_at_without_a_break(looks, unchanged_s):
    watch = Watch()
    assert [watch.unchanged_s(seen, now_s) for now_s, seen in looks][-1] == unchanged_s
