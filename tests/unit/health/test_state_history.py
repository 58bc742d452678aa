import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.block import StateSamples
from services.health.data_acquisition.state_history import Known, RawStates, clip, thinned, with_history
from services.health.state_detection.states import Kept, decoded, kept_in, kept_raw
from shared.records.vocabulary import STATES

HOLD = 10.0


def samples(*told):
    return np.array([at for at, _ in told], dtype=float), np.array([state for _, state in told], dtype=object)


def pairs(found):
    return list(zip(found.at.tolist(), found.state, strict=True))


def state_at(found: StateSamples, at: float):
    index = int(np.searchsorted(found.at, at, side="right")) - 1
    return None if index < 0 or at >= found.at[index] + found.max_hold_s else found.state[index]


def test_a_known_stretch_is_repeated_as_its_hold_needs_and_ended():
    found = with_history(*samples(), [Known(started=0, ended=25, state="RUN")], max_hold_s=HOLD)
    assert pairs(found) == [(0, "RUN"), (10, "RUN"), (20, "RUN"), (25, None)]


def test_stretches_that_meet_leave_no_gap():
    known = [Known(started=0, ended=5, state="RUN"), Known(started=5, ended=9, state="FAULT")]
    assert pairs(with_history(*samples(), known, max_hold_s=HOLD)) == [(0, "RUN"), (5, "FAULT"), (9, None)]


def test_a_sample_wins_for_as_long_as_it_holds_also_one_of_no_value():
    found = with_history(*samples((4, None)), [Known(started=0, ended=20, state="RUN")], max_hold_s=HOLD)
    assert pairs(found) == [(0, "RUN"), (4, None), (14, "RUN"), (20, None)]


def test_outside_its_windows_a_device_says_nothing():
    at, state = clip(*samples((1, "RUN"), (5, "RUN"), (9, "RUN")), [(0.0, 3.0), (8.0, float("inf"))])
    assert at.tolist() == [1, 3, 9]
    assert state.tolist() == ["RUN", None, "RUN"]


TIMES = st.integers(0, 100).map(float)
TOLD = st.dictionaries(TIMES, st.sampled_from(["RUN", "FAULT", None]), max_size=12).map(lambda d: sorted(d.items()))
STRETCHES = st.lists(TIMES, max_size=8, unique=True).map(
    lambda edges: [
        Known(started=a, ended=b, state="WAIT") for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)
    ]
)


@given(TOLD, STRETCHES)
def test_at_every_moment_the_sample_that_holds_else_what_is_known(told, known):
    raw = StateSamples(at=samples(*told)[0], state=tuple(samples(*told)[1]), max_hold_s=HOLD)
    found = with_history(*samples(*told), known, max_hold_s=HOLD)
    for moment in np.arange(-0.5, 120.5, 1.0):
        index = int(np.searchsorted(raw.at, moment, side="right")) - 1
        spoken = index >= 0 and moment < raw.at[index] + HOLD
        stretch = next((k.state for k in known if k.started <= moment < k.ended), None)
        assert state_at(found, moment) == (raw.state[index] if spoken else stretch), moment


@given(TOLD)
def test_what_thinning_leaves_says_the_same_at_every_moment(told):
    at, state = samples(*told)
    left = thinned(RawStates(at=at, state=state), max_hold_s=HOLD)
    full, less = (StateSamples(at=a, state=tuple(s), max_hold_s=HOLD) for a, s in ((at, state), (left.at, left.state)))
    assert [state_at(full, m) for m in np.arange(-0.5, 120, 1.0)] == [
        state_at(less, m) for m in np.arange(-0.5, 120, 1.0)
    ]


def test_thinning_leaves_few_of_many_repetitions():
    at = np.arange(0, 1000, 0.1)
    assert len(thinned(RawStates(at=at, state=np.full(len(at), "idle", dtype=object)), max_hold_s=HOLD).at) == 400


@pytest.mark.parametrize("decoder", [{"kind": "packml"}, {"kind": "text", "states": {"A": "down"}}, {}])
def test_a_stored_interval_comes_back_through_every_decoder(decoder):
    said = [Kept(state=state, cause="external", basis="rule", why="rule: fault 7") for state in STATES]
    kept = [kept_raw(each) for each in said]
    assert [STATES[code] for code in decoded(kept, decoder)] == list(STATES)
    assert [kept_in(raw) for raw in kept] == said
    assert kept_in(kept_raw(Kept(state="idle"))) == Kept(state="idle")
    assert kept_in("RUN") is kept_in(None) is None
