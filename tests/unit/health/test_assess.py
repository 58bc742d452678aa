"""One function from block to rows: independent of the cut, silent where nothing is known, quiet where all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from services.health.assess import CustomerState, assess, assess_states
from services.health.block import Event
from services.health.prognostic_assessment.fleet_models import FleetModels
from services.health.prognostic_assessment.peer_levels import FIGURES, PeerModel
from shared.alerts import AlertState, Resolution
from tests.unit.health.worlds import ECONOMICS, ENTITLEMENT, START, asset, contract, customer, part

EVERYTHING = contract(guaranteed_availability=0.992, promised_availability=0.93, promised_annual_value=50_000.0)
TRIPS = tuple((24 * day + 5, 30) for day in (200, 206, 213, 221, 228, 236, 300, 304))


@pytest.fixture(scope="module")
def troubled():
    """500 days with a fault of every kind: trips, an update, an idle capability, a silent gateway, drift."""
    days = 500
    drift = np.concatenate([np.zeros(24 * 420), np.linspace(0, 3, 24 * 80)])
    assets = [
        asset(1, days, downs=TRIPS, use=1.0),
        asset(2, days, vibration=drift, use=2.0),
        asset(3, days, use=0.0),
    ]
    block = customer(assets, contracts=(EVERYTHING,), economics=(ECONOMICS,), entitlements=(ENTITLEMENT,))
    heard = block.sources[0].heard.copy()
    heard[24 * 350 : 24 * 353 + 7] = False
    at = START + timedelta(days=260, hours=9)
    release = Event(scope_type="asset", scope_id=3, at=at, kind="software_release", attributes={"version": "4.3.0"})
    failure = Event(
        scope_type="asset",
        scope_id=1,
        at=START + timedelta(days=300, hours=7),
        kind="failure",
        attributes={"cause": "external"},
    )
    block = replace(block, events=(release, failure), sources=(replace(block.sources[0], heard=heard),))
    return part(block, 0, days * 24 - 7)


@pytest.fixture(scope="module")
def told(troubled):
    return assess(None, troubled)


def stored(state):
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=CustomerState)


@pytest.mark.parametrize("cut_day", [1, 61, 206, 225, 352, 475])
def test_two_steps_cut_at_a_midnight_give_what_one_step_gives(troubled, told, cut_day):
    hours, cut = troubled.assets[0].mean.shape[1], cut_day * 24

    first = assess(None, part(troubled, 0, cut))
    second = assess(stored(first.state), part(troubled, cut, hours))
    midnight = START + timedelta(days=cut_day)
    assert [r for r in told.times if r.day >= midnight.date()] == list(second.times)
    assert [r for r in told.intervals if r.ended_at is None or r.ended_at >= midnight] == list(second.intervals)
    assert_same([r for r in told.signals if r.day >= midnight.date()], second.signals)
    assert_same([r for r in told.health if r.day >= midnight.date()], second.health)
    assert_same([r for r in told.values if r.month >= midnight.date().replace(day=1)], second.values)
    assert by_start(still_open(told.episodes, midnight)) == by_start(still_open(second.episodes, midnight))
    assert_same([told.state], [second.state])


@pytest.mark.parametrize("end", [24 * 206 + 6, 24 * 206 + 5.25, 24 * 260 + 9 + 1 / 12, 24 * 300 + 23 + 11 / 12])
def test_states_and_times_move_on_between_hours_as_if_all_had_been_assessed_at_once(troubled, end):
    midnight = int(end // 24) * 24
    before = assess(None, part(troubled, 0, midnight)).state
    at_once = assess(None, part(troubled, 0, end))
    moved_on = assess_states(stored(before), part(troubled, midnight, end))
    assert [r for r in at_once.times if r.day >= before.through.date()] == list(moved_on.times)
    assert [r for r in at_once.intervals if r.ended_at is None or r.ended_at >= before.through] == list(
        moved_on.intervals
    )


@pytest.mark.parametrize("cut", [24 * 352 + 13 + 7 / 12, 24 * 475 + 1 / 12])
def test_a_step_that_ends_within_an_hour_leaves_the_state_of_its_midnight(troubled, told, cut):
    first = assess(None, part(troubled, 0, cut))
    assert_same([assess(None, part(troubled, 0, int(cut // 24) * 24)).state], [first.state])
    second = assess(stored(first.state), part(troubled, int(cut // 24) * 24, troubled.hours))
    assert_same([told.state], [second.state])


def still_open(episodes, since):
    return [e for e in episodes if e.life.resolved_at is None or e.life.resolved_at > since]


def by_start(episodes):
    return sorted(episodes, key=lambda e: (e.kind, e.scope_id, e.life.pending_since))


def assert_same(ours, theirs):
    """Equal, but for the last bits of floats."""
    ours, theirs = (msgspec.to_builtins(list(rows), builtin_types=(datetime, bytes)) for rows in (ours, theirs))
    assert_equal(ours, theirs)


def assert_equal(ours, theirs):
    match ours:
        case dict():
            assert ours.keys() == theirs.keys()
            for key, value in ours.items():
                assert_equal(value, theirs[key])
        case list() | tuple():
            assert len(ours) == len(theirs)
            for a, b in zip(ours, theirs, strict=True):
                assert_equal(a, b)
        case float():
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True)
        case _:
            assert ours == theirs


def test_every_fault_gets_its_alert(told):
    kinds = {(e.kind, e.scope_id) for e in told.episodes}
    assert {
        ("repeated_failures", 1),
        ("wear", 2),
        ("silent_source", 1),
        ("unused_capability", 7),
        ("guarantee_breach", 1),
    } <= kinds
    assert ("regression_after_update", 3) not in kinds


def test_every_alert_says_all_that_an_alert_must_say(troubled, told):
    for episode in told.episodes:
        said = episode.content
        assert said.sentence.endswith(".")
        assert "nan" not in said.sentence
        assert said.play.endswith(".")
        assert said.owner_role in troubled.owner_roles
        assert said.evidence
        assert said.stake.contract_value is not None
        if said.stake.money is not None:
            assert said.stake.money_low <= said.stake.money <= said.stake.money_high
            assert said.stake.currency == "EUR"
            assert said.stake.basis in ("assumed", "agreed")


def test_a_silent_gateway_is_told_after_a_day_and_recovers_when_it_is_heard(told):
    (alert,) = [e for e in told.episodes if e.kind == "silent_source"]
    silent_from = START + timedelta(days=350)
    assert timedelta(hours=24) < alert.life.opened_at - silent_from <= timedelta(hours=26)
    assert alert.life.resolution is Resolution.RECOVERED
    assert alert.life.resolved_at == START + timedelta(days=353, hours=8)


@pytest.mark.parametrize("cut_day", [0, 13])
def test_a_silence_that_ends_at_midnight_is_told_by_its_length(cut_day):
    block = customer([asset(1, 20)])
    heard = blanked(block.sources[0].heard, slice(24 * 10, 24 * 13))
    block = replace(block, sources=(replace(block.sources[0], heard=heard),))
    state = assess(None, part(block, 0, 24 * cut_day)).state if cut_day else None
    (alert,) = assess(state, part(block, 24 * cut_day, 24 * 20)).episodes
    assert alert.life.resolution is Resolution.RECOVERED
    assert "from the gateway of Coast plant for 3 days" in alert.content.sentence


def test_machines_behind_one_silent_gateway_are_one_alert_and_not_one_each():
    def mute(machine):
        kept = machine.states.at < START.timestamp() + 86_400 * 45
        states = replace(
            machine.states,
            at=machine.states.at[kept],
            state=machine.states.state[: kept.sum()],
            max_hold_s=7200.0,
        )
        mean = np.where(np.arange(60 * 24) < 45 * 24, machine.mean, np.nan)
        return replace(machine, mean=mean, covered_s=np.where(np.isnan(mean), 0.0, 3600.0), states=states)

    block = customer([mute(asset(n, 60)) for n in range(1, 7)])
    heard = blanked(block.sources[0].heard, slice(24 * 45, None))
    block = replace(block, sources=(replace(block.sources[0], heard=heard),))
    (alert,) = assess(None, block).episodes
    assert (alert.kind, alert.scope_type) == ("silent_source", "site")


def test_hours_in_which_we_did_not_listen_blame_nobody(troubled):
    source = troubled.sources[0]
    deaf = replace(troubled, sources=(replace(source, excused=~source.heard),))
    assert not [e for e in assess(None, deaf).episodes if e.kind == "silent_source"]


def test_a_customer_whose_machines_run_well_is_left_alone():
    block = customer(
        [asset(i, 400, down_share=0.02) for i in (1, 2, 3)],
        contracts=(contract(guaranteed_availability=0.95, promised_availability=0.95),),
        entitlements=(ENTITLEMENT,),
    )
    result = assess(None, block)
    assert result.episodes == ()
    assert result.health[-1].health > 95


def test_nothing_known_is_not_health():
    silent = asset(1, 60)
    silent = replace(
        silent,
        mean=np.full_like(silent.mean, np.nan),
        covered_s=np.zeros_like(silent.covered_s),
        increase=np.full_like(silent.increase, np.nan),
        states=replace(silent.states, at=np.empty(0), state=()),
        commissioned_on=START.date(),
    )
    block = customer([silent], economics=(ECONOMICS,))
    block = replace(block, sources=(replace(block.sources[0], heard=np.zeros(60 * 24, dtype=bool)),))
    result = assess(None, block)
    assert {row.health for row in result.health} == {None}
    assert {(v.hours_avoided, v.money, v.counterfactual) for v in result.values} == {(None, None, "none yet")}
    assert result.times[-1].unknown_s == 86400
    assert result.episodes == ()


def test_a_machine_that_was_sold_leaves_no_hole_at_its_seller():
    sold_on = (START + timedelta(days=50)).timestamp()
    sold = replace(without(asset(2, 70), slice(24 * 50, 24 * 70)), here=((-np.inf, sold_on),))
    result = assess(None, customer([asset(1, 70), sold]))
    assert {(row.asset_id, row.unknown_s) for row in result.times} == {(1, 0.0), (2, 0.0)}
    assert max(row.day for row in result.times if row.asset_id == 2) == (START + timedelta(days=49)).date()
    assert max(row.ended_at for row in result.intervals if row.asset_id == 2).timestamp() == sold_on
    assert result.health[-1].coverage == pytest.approx(1.0)


def test_losing_a_weeks_data_never_improves_health(troubled, told):
    gone = slice(24 * 440, 24 * 447)
    lost = replace(
        troubled,
        assets=tuple(without(a, gone) for a in troubled.assets),
        sources=tuple(replace(s, heard=blanked(s.heard, gone)) for s in troubled.sources),
    )
    after = assess(None, lost)
    for before, now in zip(told.health[441:], after.health[441:], strict=True):
        assert now.coverage <= before.coverage
        assert now.health is None or now.health <= before.health


def blanked(values, gone, by=False):
    values = values.copy()
    values[..., gone] = by
    return values


def without(machine, gone):
    """The machine's telemetry without some hours, in which it says that it does not know its state."""
    first, end = START.timestamp() + gone.start * 3600, START.timestamp() + gone.stop * 3600
    states = machine.states
    inside = (states.at >= first) & (states.at < end)
    at = np.concatenate([states.at[~inside], [first]])
    raw = np.array([*np.array(states.state, dtype=object)[~inside], None], dtype=object)
    order = np.argsort(at, kind="stable")
    return replace(
        machine,
        mean=blanked(machine.mean, gone, np.nan),
        covered_s=blanked(machine.covered_s, gone, 0.0),
        increase=blanked(machine.increase, gone, np.nan),
        states=replace(states, at=at[order], state=tuple(raw[order])),
    )


def test_a_wear_alert_does_not_recover_because_its_machine_went_silent():
    drift = np.concatenate([np.zeros(24 * 120), np.linspace(0, 3, 24 * 60), np.full(24 * 40, 3.0)])
    block = customer([asset(1, 220, vibration=drift)])
    gone = slice(24 * 172, 24 * 220)
    alerts = assess(None, replace(block, assets=(without(block.assets[0], gone),))).episodes
    assert [(e.kind, e.life.resolution) for e in alerts if e.kind == "wear"] == [("wear", Resolution.DATA_GAP)]


def test_a_bad_update_is_told_from_what_changed_for_everybody():
    days, at = 160, START + timedelta(days=100, hours=8)
    worse = np.concatenate([np.full(100, 0.06), np.full(60, 0.14)])
    block = customer(
        [asset(1, days, down_share=worse), asset(2, days), asset(3, days)],
        events=(Event(scope_type="asset", scope_id=1, at=at, kind="software_release", attributes={"version": "2.1"}),),
    )
    (alert,) = assess(None, block).episodes
    assert (alert.kind, alert.scope_id, alert.life.state) == ("regression_after_update", 1, AlertState.OPEN)
    assert alert.content.sentence.startswith(f"Since the update to 2.1 on {at.day} {at:%B %Y}, ")
    assert alert.content.evidence["downtime_added"]["value"] == pytest.approx(8, abs=1.5)
    together = replace(block, assets=tuple(asset(i, days, down_share=worse) for i in (1, 2, 3)))
    assert [e for e in assess(None, together).episodes if e.kind == "regression_after_update"] == []


def test_flat_for_years_with_room_is_stagnation_and_flat_at_the_frontier_is_not():
    flat = assess(None, customer([asset(i, 760, down_share=0.1) for i in (1, 2)]))
    assert [(e.kind, e.content.evidence["room_against"]) for e in flat.episodes] == [("stagnation", "frontier")]
    frontier = assess(None, customer([asset(i, 760, down_share=0.02) for i in (1, 2)]))
    assert frontier.episodes == ()


@pytest.mark.parametrize(("status", "kinds"), [("proposed", {"stagnation"}), ("accepted", set()), ("realized", set())])
def test_an_improvement_counts_as_a_change_once_it_is_accepted(status, kinds):
    at = START + timedelta(days=600)
    attributes = {"id": "I", "status": status, "title": "quick changeover"}
    event = Event(scope_type="customer", scope_id=1, at=at, kind="improvement", attributes=attributes)
    flat = assess(None, customer([asset(1, 760, down_share=0.1)], events=(event,)))
    assert {e.kind for e in flat.episodes if e.life.state is AlertState.OPEN} == kinds


def test_getting_better_is_not_stagnation_and_getting_worse_is_a_decline():
    better, worse = np.linspace(0.14, 0.06, 760), np.linspace(0.06, 0.14, 760)
    assert assess(None, customer([asset(i, 760, down_share=better) for i in (1, 2)])).episodes == ()
    found = assess(None, customer([asset(i, 760, down_share=worse) for i in (1, 2)])).episodes
    assert {e.kind for e in found} == {"decline"}


def test_who_is_as_good_as_the_best_peers_has_no_room():
    flat = replace(customer([asset(1, 580, down_share=0.1)]), data_use=("benchmarking",))
    plain = dict.fromkeys(FIGURES, (float("nan"),) * 5)
    model = PeerModel(
        asset_type=flat.assets[0].asset_type,
        learned_through=0.0,
        customers=(91, 92, 93, 94, 95),
        segments=(None,) * 5,
        levels=plain | {"down_share": (0.12,) * 5},
        errors=plain | {"down_share": (0.0,) * 5},
    )
    assert assess(None, flat, models=FleetModels(peers=(model,))).episodes == ()


def test_each_machine_has_a_trend_of_its_own_beside_the_customers():
    better, worse = np.linspace(0.14, 0.02, 430), np.linspace(0.02, 0.14, 430)
    block = customer([asset(1, 430, down_share=better), asset(2, 430, down_share=worse)])
    said = [row for row in assess(None, block).signals if row.kind == "trend"]
    last = {(row.scope_type, row.scope_id): row for row in said if row.day == said[-1].day}
    verdicts = {of: row.evidence["verdict"] for of, row in last.items()}
    assert verdicts == {("customer", 7): "flat", ("asset", 1): "improving", ("asset", 2): "declining"}
    assert last["asset", 1].value == pytest.approx(0.12 * 365 / 430, rel=0.15)
    assert last["customer", 7].evidence["room"] is True
    assert "room" not in last["asset", 1].evidence


def test_a_broken_promise_is_told_and_a_kept_one_is_not():
    machines = [asset(i, 200, down_share=0.1) for i in (1, 2)]
    kinds = [
        [e.kind for e in assess(None, customer(machines, contracts=(contract(promised_availability=p),))).episodes]
        for p in (0.95, 0.88)
    ]
    assert kinds == [["promise_gap"], []]


def test_a_guarantee_of_all_the_time_is_kept_until_the_first_fault():
    whole = contract(guaranteed_availability=1.0, credit_per_point=100.0)
    assert assess(None, customer([asset(1, 60), asset(2, 60)], contracts=(whole,))).episodes == ()
    faulty = customer([asset(1, 60, downs=((24 * 40, 36),)), asset(2, 60)], contracts=(whole,))
    (alert,) = [e for e in assess(None, faulty).episodes if e.kind == "guarantee_breach"]
    assert "broken already" in alert.content.sentence
    assert alert.content.evidence["budget_spent"]["value"] is None
    assert alert.content.stake.money > 0


@pytest.mark.parametrize(("days", "silent_days"), [(760, 25), (760, 45), (760, 100), (760, 160)])
def test_an_alert_whose_evidence_stays_away_repeats_what_was_known_last(days, silent_days):
    kinds = ("promise_gap", "unused_capability", "stagnation")
    terms = {"contracts": (contract(promised_availability=0.95),), "entitlements": (ENTITLEMENT,)}
    block = customer([asset(i, days, down_share=0.1, use=0.0) for i in (1, 2)], economics=(ECONOMICS,), **terms)
    gone = slice(24 * (days - silent_days), 24 * days)
    block = replace(block, assets=tuple(without(a, gone) for a in block.assets))
    alerts = [e for e in assess(None, block).episodes if e.kind in kinds]
    assert {e.kind for e in alerts} == set(kinds)
    for alert in alerts:
        assert "nan" not in alert.content.sentence
        assert "  " not in alert.content.sentence
        assert alert.content.stake.money != 0


def test_without_economics_there_is_no_money_anywhere():
    block = customer(
        [asset(1, 300, down_share=0.1, downs=TRIPS)], contracts=(contract(annual_value=None, currency=None),)
    )
    result = assess(None, block)
    assert {(v.money, v.money_low, v.promised_money, v.currency, v.rung) for v in result.values} == {
        (None, None, None, None, "hours")
    }
    assert result.values[-1].hours_avoided is not None
    assert {e.content.stake.money for e in result.episodes} == {None}


def test_a_block_that_does_not_follow_its_state_is_refused():
    block = customer([asset(1, 3)])
    state = assess(None, part(block, 0, 24)).state
    with pytest.raises(ValueError, match="starts at"):
        assess(state, part(block, 48, 72))


def test_instants_are_utc():
    result = assess(None, customer([asset(1, 2)]))
    assert {row.started_at.tzinfo for row in result.intervals} == {UTC}
