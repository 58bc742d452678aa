from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.block import Event, StateSamples
from services.health.data_acquisition.state_history import Known, with_history
from services.health.state_detection.state_intervals import Intervals, intervals
from services.health.state_detection.states import NO_CAUSE, Kept, by_limits, decoded, kept_raw
from services.health.state_detection.stop_causes import basis_of
from shared.records.vocabulary import CAUSES, STATES

HOUR = 3600.0
TEXT = {"kind": "text", "states": {"RUN": "production", "FAULT": "down", "WAIT": "idle", "HOLD": "held", "E42": "down"}}


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


def of(*pairs, hold=np.inf, events=(), before=None, start=0.0, end=10.0, decoder=None, modes=None, faults=()):
    told = {"modes": None if modes is None else samples(*modes), "faults": [samples(*each) for each in faults]}
    said = samples(*pairs, hold=hold)
    return intervals(before, said, decoder or TEXT, events, start=start * HOUR, end=end * HOUR, **told)


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


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("0", "idle"),
        ("1", "setup"),
        ("4", "production"),
        ("7", "down"),
        ("8", "down"),
        ("12", "suspended"),
        ("15", "held"),
    ],
)
def test_opc_30060_numbers_the_same_states_otherwise(raw, state):
    """OPC 30060 v2.00, 11.9: 0 Stopped, 1 Resetting, 4 Execute, 7 Aborting, 8 Aborted, 12 Suspended, 15 Held."""
    assert STATES[decoded([raw], {"kind": "packml", "numbering": "opc30060"})[0]] == state


def test_both_numberings_name_the_same_17_states():
    tr88, opc = (
        decoded([str(number) for number in range(first, first + 17)], {"kind": "packml", "numbering": numbering})
        for first, numbering in ((1, "tr88"), (0, "opc30060"))
    )
    assert sorted(tr88) == sorted(opc)
    assert [decoded([str(n)], {"kind": "packml"})[0] for n in (0, 18)] == [STATES.index("unknown")] * 2
    assert decoded(["17"], {"kind": "packml", "numbering": "opc30060"})[0] == STATES.index("unknown")


def test_limits_of_a_metric_are_states():
    decoder = {"kind": "limits", "metric": "current", "running_above": 12.0, "idle_above": 2.0, "below": "off"}
    said = by_limits(np.array([12.0, 11.9, 2.0, 1.9, np.nan]), decoder)
    assert [STATES[code] for code in decoded(said, decoder)] == ["production", "idle", "idle", "off", "unknown"]
    only_running = by_limits(np.array([12.0, 11.9]), {"running_above": 12.0})
    assert only_running.tolist() == ["production", "down"]


def test_maintenance_mode_is_maintenance_and_after_a_failure_repair():
    found = of((0, "RUN"), (5, "FAULT"), (8, "RUN"), modes=[(0, "1"), (1, "2"), (3, "1"), (6, "2"), (7, "1")])
    assert story(found) == [
        (0, 1, "production"),
        (1, 3, "maintenance"),
        (3, 5, "production"),
        (5, 6, "down"),
        (6, 7, "repair"),
        (7, 8, "down"),
        (8, 10, "production"),
    ]
    assert found.failure.tolist() == [False, False, False, True, False, False, False]


def test_trying_a_machine_out_by_hand_is_setting_up_and_repairs_nothing():
    found = of((0, "RUN"), (4, "FAULT"), (6, None), modes=[(2, "MANUAL"), (8, "PRODUCTION")])
    assert story(found) == [(0, 2, "production"), (2, 4, "setup"), (4, 6, "down"), (6, 10, "unknown")]


def test_modes_may_have_names_of_their_own():
    decoder = TEXT | {"modes": {"JOG": "manual"}}
    assert story(of((0, "RUN"), decoder=decoder, modes=[(1, "JOG"), (2, "AUTO")]))[1] == (1, 2, "setup")


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


RULES = TEXT | {
    "causes": [
        {"cause": "unknown", "raw": ["E42"], "faults": ["E1"], "longer_than_s": 8 * HOUR},
        {"cause": "operator", "raw": ["E42"], "longer_than_s": 10 * HOUR},
        {"cause": "external", "faults": ["E17"]},
        {"cause": "supplier", "states": ["held"], "longer_than_s": 2 * HOUR},
        {"cause": "customer", "raw": ["FAULT"], "longer_than_s": 4 * HOUR},
    ]
}


def correction(hour, cause, until, said_at="1"):
    at = datetime.fromtimestamp(hour * HOUR, UTC)
    word = {"cause": cause, "until_s": until * HOUR, "actor": "shift lead", "reason": "power cut", "said_at": said_at}
    return Event(scope_type="asset", scope_id=1, at=at, kind="correction", attributes=word)


def by_rules(*pairs, **more):
    return of(*pairs, decoder=RULES, **more)


def test_a_hold_is_the_suppliers_once_it_is_longer_than_declared():
    assert causes(by_rules((0, "RUN"), (1, "HOLD"), (3, "RUN"), (4, "HOLD"), (6.5, "RUN"))) == [
        None,
        "operator",
        None,
        "supplier",
        None,
    ]


def test_a_fault_in_force_in_the_stop_says_whose_it_is():
    found = by_rules(
        (0, "RUN"), (1, "FAULT"), (2, "RUN"), (3, "FAULT"), (4, "RUN"), faults=[[(0.5, "E1"), (3.5, "E17")]]
    )
    assert causes(found) == [None, "supplier", None, "external", None]
    assert found.why[1] == "a stop of state down"
    assert found.why[3] == "rule: fault E17"
    assert [basis_of(rank) for rank in found.rank] == ["default", "default", "default", "rule", "default"]


def test_a_fault_that_was_over_before_the_stop_says_nothing_of_it():
    faults = [[(0, "E17"), (0.5, "0")], [(0, None)]]
    assert causes(by_rules((0, "RUN"), (1, "FAULT"), (2, "RUN"), faults=faults))[1] == "supplier"


def test_the_first_rule_that_fits_wins_and_an_event_over_all():
    story_of = (0, "RUN"), (1, "FAULT"), (8, "RUN")
    assert causes(by_rules(*story_of))[1] == "customer"
    assert causes(by_rules(*story_of, faults=[[(7, "E17")]]))[1] == "external"
    assert causes(by_rules(*story_of, faults=[[(7, "E17")]], events=[declared(2, "operator")]))[1] == "operator"


def test_a_persons_word_wins_and_the_newest_of_two():
    told = [declared(4, "operator"), correction(1, "customer", 8, "2"), correction(1, "unknown", 8, "1")]
    found = by_rules((0, "RUN"), (1, "FAULT"), (8, "RUN"), events=told)
    assert causes(found)[1] == "customer"
    assert (basis_of(found.rank[1]), found.why[1]) == ("person", "corrected by shift lead: power cut")


def test_the_newest_word_wins_wherever_it_begins():
    """Said of 11:00 first, then of the whole stop, as late data had made one of two."""
    told = [correction(11, "operator", 11.5, "2026-03-02"), correction(10, "supplier", 12, "2026-03-05")]
    assert causes(of((0, "RUN"), (10, "FAULT"), (12, "RUN"), events=told, end=24)) == [None, "supplier", None]


def stored(*stretches, hold):
    """Stored intervals (from, until, state, cause, basis), where no sample is left."""
    known = [
        Known(
            started=a * HOUR,
            ended=b * HOUR,
            state=kept_raw(Kept(state=state, cause=cause, basis=basis, why=basis and f"by {basis}")),
        )
        for a, b, state, cause, basis in stretches
    ]
    return with_history(np.empty(0), np.empty(0, dtype=object), known, max_hold_s=hold * HOUR)


@pytest.mark.parametrize("basis", ["person", "event", "rule", "default"])
def test_a_word_on_a_stop_of_which_only_the_interval_is_stored_wins(basis):
    said = stored((0, 10, "production", None, None), (10, 16, "down", "operator", basis), hold=2)
    word = [correction(10, "operator", 16, "1"), correction(10, "customer", 16, "2")]
    found = intervals(None, said, TEXT, word, start=0.0, end=24 * HOUR)
    assert causes(found)[1] == "customer"
    assert causes(intervals(None, said, TEXT, [], start=0.0, end=24 * HOUR))[1] == "operator"


def test_an_event_on_a_stop_of_which_only_the_interval_is_stored_wins_as_the_later_one():
    said = stored((0, 10, "production", None, None), (10, 16, "down", "operator", "event"), hold=2)
    assert causes(intervals(None, said, TEXT, [declared(11, "customer")], start=0.0, end=24 * HOUR))[1] == "customer"


LONG_HOLD = TEXT | {"causes": [{"cause": "supplier", "states": ["held"], "longer_than_s": 10 * HOUR}]}
HELD_OVER_MIDNIGHT = (0, "RUN"), (20, "HOLD"), (44, "RUN")


@pytest.mark.parametrize(
    ("word", "whose"),
    [
        ((20, "customer", 24), ["customer", "supplier"]),
        ((24, "customer", 44), ["operator", "customer"]),
        ((20, "customer", 44), ["customer"]),
        ((20, "customer", 22), ["customer"]),
    ],
    ids=["the part before midnight", "the part after it", "all of it", "while it went on"],
)
def test_a_word_holds_for_the_part_of_which_it_was_said(word, whose):
    found = of(*HELD_OVER_MIDNIGHT, decoder=LONG_HOLD, events=[correction(*word)], end=48)
    assert causes(found) == [None, *whose, None]


def test_a_rule_of_two_conditions_remembers_the_first_over_midnight():
    """Fault 42 from 20:00 to 21:00, and ten hours of the stop on the next day: in one block and in two."""
    rules = {"causes": [{"cause": "customer", "raw": ["E42"], "longer_than_s": 10 * HOUR}]}
    told, decoder = ((0, "RUN"), (20, "E42"), (21, "FAULT"), (40, "RUN")), TEXT | rules
    assert causes(of(*told, decoder=decoder, end=48)) == [None, "supplier", "customer", None]
    first = of(*told[:3], decoder=decoder, end=24)
    second = of(*told[2:], decoder=decoder, start=24, end=48, before=first.open_at(24 * HOUR))
    assert causes(second) == ["supplier", "customer", None]


def test_late_data_does_not_shake_a_correction_off():
    word = [correction(2, "external", 5)]
    assert causes(of((0, "RUN"), (1.5, "FAULT"), (6, "RUN"), events=word)) == [None, "external", None]
    assert causes(
        of((0, "RUN"), (2.5, "FAULT"), (3, "RUN"), (4, "FAULT"), (4.5, "RUN"), (7, "FAULT"), events=word)
    ) == [
        None,
        "external",
        None,
        "external",
        None,
        "supplier",
    ]


def test_a_correction_gives_no_cause_to_what_is_no_stop():
    assert causes(of((0, "RUN"), (4, "HOLD"), events=[correction(1, "external", 3)])) == [None, "operator"]


def test_a_word_does_not_reach_back_over_the_midnight_before_it():
    """The stop was told to begin at 00:30; what late data adds of the day before stays as it was assessed."""
    found = of((0, "RUN"), (23.5, "FAULT"), (30, "RUN"), events=[correction(24.5, "customer", 30)], end=48)
    assert story(found)[1:3] == [(23.5, 24, "down"), (24, 30, "down")]
    assert causes(found) == [None, "supplier", "customer", None]


def test_a_rule_that_fits_on_a_later_day_leaves_the_days_before_as_they_were():
    found = by_rules((0, "RUN"), (23, "HOLD"), end=48)
    assert story(found)[1:] == [(23, 24, "held"), (24, 48, "held")]
    assert causes(found) == [None, "operator", "supplier"]


RAW = st.sampled_from(["RUN", "FAULT", "WAIT", "HOLD", "E42", None])


HOURS_TO = st.sampled_from([1, 5, 30, "midnight"])
MODES = st.dictionaries(st.integers(0, 71), st.sampled_from(["1", "2", "3", None]), max_size=5)
FAULTS = st.dictionaries(st.integers(0, 71), st.sampled_from(["E17", "E1", None]), max_size=5)


@given(
    st.dictionaries(st.integers(0, 287), RAW, max_size=14),
    st.sampled_from([1.0, 5.0, 30.0]),
    st.lists(st.tuples(st.integers(0, 71), st.sampled_from(CAUSES)), max_size=3),
    st.lists(st.tuples(st.integers(0, 71), st.sampled_from(CAUSES), HOURS_TO), max_size=3),
    MODES,
    FAULTS,
    st.sampled_from([(24.0,), (48.0,), (24.0, 48.0)]),
)
def test_blocks_cut_at_midnight_give_what_one_gives(states, hold, declarations, corrections, modes, faults, cuts):
    pairs = [(quarter / 4, raw) for quarter, raw in sorted(states.items())]
    events = [declared(hour + 0.1, cause) for hour, cause in declarations]
    events += [
        correction(hour, cause, 24 * (hour // 24 + 1) if length == "midnight" else hour + length, str(number))
        for number, (hour, cause, length) in enumerate(corrections)
    ]

    def block(first, end, before=None):
        def in_force(told):
            told = sorted(told)
            since = max([i for i, (at, _) in enumerate(told) if at <= first], default=0)
            return [(at, raw) for at, raw in told[since:] if at < end]

        said = [e for e in events if e.at.timestamp() < end * HOUR]
        others = {"modes": in_force(modes.items()), "faults": [in_force(faults.items())]}
        return by_rules(*in_force(pairs), hold=hold, events=said, start=first, end=end, before=before, **others)

    told, before, since = [], None, 0.0
    for until in (*cuts, 72.0):
        found = block(since, until, before)
        told = [row for row in told if not row[1] >= since * HOUR] + rows(found)
        before, since = found.open_at(until * HOUR), until
    assert told == rows(block(0, 72))


def rows(found):
    return list(
        zip(
            found.started.tolist(),
            found.ended.tolist(),
            found.state.tolist(),
            found.cause.tolist(),
            found.failure.tolist(),
            found.rank.tolist(),
            found.why.tolist(),
            strict=True,
        )
    )
