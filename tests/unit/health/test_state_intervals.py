from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.block import Event, StateSamples
from services.health.state_detection.state_intervals import CAUSES, NO_CAUSE, STATES, Intervals, decoded, intervals

HOUR = 3600.0
TEXT = {"kind": "text", "states": {"RUN": "production", "FAULT": "down", "WAIT": "idle", "HOLD": "held"}}


def samples(*pairs, hold=np.inf):
    return StateSamples(
        at=np.array([at * HOUR for at, _ in pairs]), state=tuple(raw for _, raw in pairs), max_hold_s=hold * HOUR
    )


def declared(hour, cause, kind="failure"):
    at = datetime.fromtimestamp(hour * HOUR, UTC)
    return Event(scope_type="asset", scope_id=1, at=at, kind=kind, attributes={"cause": cause})


def story(found: Intervals):
    return [
        (s / HOUR, e / HOUR, STATES[code]) for s, e, code in zip(found.started, found.ended, found.state, strict=True)
    ]


def causes(found: Intervals):
    return [None if c == NO_CAUSE else CAUSES[c] for c in found.cause]


def of(*pairs, hold=np.inf, events=(), before=None, start=0.0, end=10.0, decoder=None):
    return intervals(before, samples(*pairs, hold=hold), decoder or TEXT, events, start=start * HOUR, end=end * HOUR)


def test_neighbours_of_one_state_are_one_interval():
    assert story(of((0, "RUN"), (1, "RUN"), (2, "FAULT"))) == [(0, 2, "production"), (2, 10, "down")]


def test_a_state_not_repeated_within_its_hold_is_unknown_until_the_next_sample():
    assert story(of((0, "RUN"), (6, "RUN"), hold=2)) == [
        (0, 2, "production"),
        (2, 6, "unknown"),
        (6, 8, "production"),
        (8, 10, "unknown"),
    ]


def test_a_device_that_does_not_know_is_believed():
    assert story(of((0, "RUN"), (3, None), (4, "RUN"))) == [
        (0, 3, "production"),
        (3, 4, "unknown"),
        (4, 10, "production"),
    ]


def test_nothing_is_said_before_the_first_sample():
    assert story(of((4, "RUN"))) == [(4, 10, "production")]
    assert story(of()) == []


def test_a_raw_state_that_no_decoder_names_is_unknown():
    assert [STATES[c] for c in decoded(["RUN", "??", None], TEXT)] == ["production", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("6", "production"),
        ("11", "held"),
        ("9", "down"),
        ("5", "suspended"),
        ("4", "idle"),
        ("17", "idle"),
        ("0", "unknown"),
    ],
)
def test_packml_states_are_numbered_as_in_tr88(raw, state):
    assert STATES[decoded([raw], {"kind": "packml"})[0]] == state


def test_packml_states_may_come_by_name():
    assert STATES[decoded(["Execute"], {"kind": "packml"})[0]] == "production"


def test_held_is_an_operators_stop_and_no_failure():
    found = of((0, "RUN"), (1, "HOLD"), (2, "RUN"))
    assert causes(found) == [None, "operator", None]
    assert not found.failure.any()


def test_entering_down_is_a_failure_of_the_suppliers():
    found = of((0, "RUN"), (1, "FAULT"), (2, "RUN"), (3, "WAIT"))
    assert found.failure.tolist() == [False, True, False, False]
    assert causes(found) == [None, "supplier", None, "customer"]


def test_silence_while_down_does_not_make_a_second_failure():
    found = of((0, "RUN"), (1, "FAULT"), (2, None), (3, "FAULT"))
    assert found.failure.tolist() == [False, True, False, False]


def test_a_declared_cause_wins_over_the_rule():
    assert causes(of((0, "RUN"), (1, "FAULT"), (5, "RUN"), events=[declared(2, "external")])) == [
        None,
        "external",
        None,
    ]


@pytest.mark.parametrize("event", [declared(6, "external"), declared(2, "weather"), declared(2, "external", "survey")])
def test_an_event_elsewhere_or_of_another_kind_says_nothing(event):
    assert causes(of((0, "RUN"), (1, "FAULT"), (5, "RUN"), events=[event])) == [None, "supplier", None]


def test_a_cause_declared_days_later_leaves_the_days_before_as_they_were():
    found = of((0, "RUN"), (20, "FAULT"), events=[declared(30, "external")], end=48)
    assert story(found) == [(0, 20, "production"), (20, 24, "down"), (24, 48, "down")]
    assert causes(found) == [None, "supplier", "external"]
    assert found.failure.tolist() == [False, True, False]


RAW = st.sampled_from(["RUN", "FAULT", "WAIT", "HOLD", None])


@given(
    st.dictionaries(st.integers(0, 287), RAW, max_size=14),
    st.sampled_from([1.0, 5.0, 30.0]),
    st.lists(st.tuples(st.integers(0, 71), st.sampled_from(CAUSES)), max_size=3),
    st.sampled_from([24.0, 48.0]),
)
def test_two_blocks_cut_at_midnight_give_what_one_gives(states, hold, declarations, cut):
    pairs = [(quarter / 4, raw) for quarter, raw in sorted(states.items())]
    events = [declared(hour + 0.1, cause) for hour, cause in declarations]
    whole = of(*pairs, hold=hold, events=events, end=72)
    first = of(
        *[p for p in pairs if p[0] < cut],
        hold=hold,
        events=[e for e in events if e.at.timestamp() < cut * HOUR],
        end=cut,
    )
    in_force = max([i for i, p in enumerate(pairs) if p[0] <= cut], default=0)
    second = of(*pairs[in_force:], hold=hold, events=events, start=cut, end=72, before=first.open_at(cut * HOUR))
    early = [row for row in rows(first) if row[1] < cut * HOUR]
    assert early + rows(second) == rows(whole)


def rows(found):
    return list(
        zip(
            found.started.tolist(),
            found.ended.tolist(),
            found.state.tolist(),
            found.cause.tolist(),
            found.failure.tolist(),
            strict=True,
        )
    )
