"""Which alerts people are shown. Days from an epoch; ids are small numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.advisory_generation.alert_kinds import ASSET_FAILURE, AlertKind, OutcomeTest
from services.health.advisory_generation.showing import (
    ALIKE_FOR,
    Candidate,
    Shown,
    SkillHistory,
    Withheld,
    decide,
)
from shared.alerts import Tier

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
TEST = OutcomeTest(outcome=ASSET_FAILURE, horizon_days=30, in_time_h=24)


def kind(name, tier, test=TEST):
    return AlertKind(
        name=name,
        scope_type="asset",
        tier=tier,
        owner_roles=("service_manager",),
        sentence="",
        play="",
        pending_h=1,
        minimum_hold_h=1,
        gap_h=24,
        outcome_test=test,
    )


KINDS = {
    each.name: each for each in (kind("risk", Tier.ACT), kind("wear", Tier.WATCH), kind("silence", Tier.ACT, test=None))
}
NEVER = SkillHistory(instants={}, demonstrated={})


def day(number):
    return EPOCH + timedelta(days=number)


def alert(number, opened, ended=None, *, of="silence", tier=Tier.ACT, scope=None, hours=None, dated=True, role="a"):
    return Candidate(
        alert_id=UUID(int=number),
        kind=of,
        scope=("asset", number if scope is None else scope),
        owner_role=role,
        tier=tier,
        dated=dated,
        opened_at=day(opened),
        ended_at=None if ended is None else day(ended),
        stake_hours=hours,
        shown_at=None,
        withheld=None,
        taken=False,
    )


def proven(*days):
    return SkillHistory(instants={"risk": [day(d) for d, _ in days]}, demonstrated={"risk": [s for _, s in days]})


def shown(*alerts, skills=NEVER, through=100):
    found = decide(alerts, KINDS, skills, since=EPOCH, through=day(through))
    return [
        (found[a.alert_id].shown_at - EPOCH).days if found[a.alert_id].withheld is None else found[a.alert_id].withheld
        for a in alerts
    ]


def test_what_was_measured_is_shown_at_once():
    assert shown(alert(1, 10), alert(2, 11)) == [10, 11]


def test_a_forecast_of_an_unproven_kind_stays_in_the_shadow():
    assert shown(alert(1, 10, of="risk")) == [Withheld.NO_SKILL]


def test_it_leaves_the_shadow_when_its_kind_is_proven_as_long_as_it_stands():
    records = proven((7, False), (14, False), (21, True))
    alerts = [alert(1, 10, of="risk"), alert(2, 10, 20, of="risk"), alert(3, 30, of="risk")]
    assert shown(*alerts, skills=records) == [21, Withheld.NO_SKILL, 30]
    assert shown(*alerts[:2], skills=records, through=20) == [Withheld.NO_SKILL] * 2


def test_a_kind_that_loses_its_skill_goes_back_into_the_shadow():
    assert shown(alert(1, 10, of="risk"), skills=proven((7, True), (9, False))) == [Withheld.NO_SKILL]


def test_an_act_without_a_date_says_what_is_so_already():
    assert shown(alert(1, 10, of="risk", dated=False)) == [10]


def test_an_unproven_forecast_of_a_kind_that_watches_first_is_shown_as_watch():
    unproven = alert(1, 10, of="wear")
    assert shown(unproven) == [10]
    assert decide([unproven], KINDS, NEVER, since=EPOCH, through=day(20))[UUID(int=1)].tier is Tier.WATCH


def test_the_sixth_of_a_week_waits_until_there_is_room():
    assert shown(*(alert(n, n) for n in range(1, 7))) == [1, 2, 3, 4, 5, 8]


def test_what_is_over_before_there_is_room_was_held_back_by_the_budget():
    assert shown(*(alert(n, n) for n in range(1, 6)), alert(6, 6, 7.5)) == [1, 2, 3, 4, 5, Withheld.BUDGET]
    assert shown(*(alert(n, n) for n in range(1, 7)), through=7)[-1] is Withheld.BUDGET


def test_act_comes_before_watch_and_the_greater_stake_first():
    full = [alert(n, 1) for n in range(1, 6)]
    waiting = [alert(6, 2, tier=Tier.WATCH, hours=90.0), alert(7, 3, hours=5.0), alert(8, 4, hours=50.0)]
    shown_then = shown(*full, *waiting)
    assert shown_then[5:] == [8, 8, 8]
    busy = [alert(n + 20, 8 + n / 100) for n in range(1, 4)]
    assert shown(*full, *waiting, *busy)[5:8] == [8, 8, 8]
    assert shown(*full, *(alert(9 + n, 2, hours=200.0) for n in range(4)), *waiting)[9:] == [15, 15, 8]


def test_owners_have_budgets_of_their_own():
    assert shown(*(alert(n, 1, role="a" if n < 6 else "b") for n in range(1, 8))) == [1] * 7


def test_the_fourth_of_one_machine_in_thirty_days_flaps():
    alerts = [alert(n, 8 * n, 8 * n + 1, scope=1) for n in range(1, 7)]
    assert shown(*alerts) == [8, 16, 24, Withheld.FLAPPING, 40, 48]


def test_a_flapping_alert_that_has_stood_for_two_days_is_shown():
    before = [alert(n, 8 * n, 8 * n + 1, scope=1) for n in range(1, 4)]
    assert shown(*before, alert(4, 32, 34, scope=1))[3] is Withheld.FLAPPING
    assert shown(*before, alert(4, 32, scope=1), through=33)[3] is Withheld.FLAPPING
    assert shown(*before, alert(4, 32, 35, scope=1))[3] == 34


alerts_of_an_owner = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 40), st.booleans(), st.integers(1, 3)), max_size=25
).map(
    lambda drawn: [
        alert(
            n,
            at,
            None if life > 30 else at + life,
            of="risk" if n % 5 == 0 else "silence",
            tier=Tier.ACT if act else Tier.WATCH,
            scope=scope,
        )
        for n, (at, life, act, scope) in enumerate(drawn)
    ]
)


@given(alerts_of_an_owner)
def test_nobody_gets_more_than_five_new_alerts_in_any_seven_days(alerts):
    found = decide(alerts, KINDS, NEVER, since=EPOCH, through=day(100)).values()
    instants = sorted(each.shown_at for each in found if each.shown_at is not None)
    assert all(later - earlier >= timedelta(days=7) for earlier, later in zip(instants, instants[5:], strict=False))


@given(alerts_of_an_owner, st.lists(st.integers(1, 99), max_size=3))
def test_deciding_day_by_day_gives_the_same_as_deciding_at_once(alerts, cuts):
    skills = SkillHistory(
        instants={"risk": [day(7 * n) for n in range(12)]}, demonstrated={"risk": [n % 3 == 1 for n in range(12)]}
    )
    at_once = decide(alerts, KINDS, skills, since=EPOCH, through=day(100))
    decided, since = {}, day(-1)
    for through in (*map(day, sorted(cuts)), day(100)):
        known = [_stored(_as_of(a, through), decided.get(a.alert_id)) for a in alerts if a.opened_at <= through]
        decided |= decide(_candidates(known, since), KINDS, skills, since=since, through=through)
        since = through
    assert decided == at_once


@given(alerts_of_an_owner, st.integers(1, 99))
def test_deciding_anew_from_any_instant_gives_the_same(alerts, cut):
    at_once = decide(alerts, KINDS, NEVER, since=EPOCH, through=day(100))
    known = [_stored(a, at_once[a.alert_id]) for a in alerts]
    assert at_once | decide(_candidates(known, day(cut)), KINDS, NEVER, since=day(cut), through=day(100)) == at_once


def _candidates(alerts, since):
    """Those that the database is asked for."""
    standing = [a for a in alerts if a.ended_at is None or a.ended_at > since]
    recent = [a for a in alerts if a not in standing and a.shown_at is not None and a.shown_at > since - ALIKE_FOR]
    older = [
        a
        for a in alerts
        if a.shown_at is not None
        and any(
            (a.kind, a.scope) == (s.kind, s.scope) and a.shown_at > s.opened_at - ALIKE_FOR
            for s in (*standing, *recent)
        )
    ]
    return list(dict.fromkeys((*standing, *recent, *older)))


def _as_of(candidate, at):
    over = candidate.ended_at is not None and candidate.ended_at <= at
    return candidate if over else replace(candidate, ended_at=None)


def _stored(candidate: Candidate, decided: Shown | None) -> Candidate:
    if decided is None:
        return candidate
    return replace(candidate, shown_at=decided.shown_at, withheld=decided.withheld)


@pytest.mark.parametrize("life", [0.5, 3, 30])
def test_an_alert_that_is_over_when_it_is_first_seen_was_shown_when_it_opened(life):
    assert shown(alert(1, 10, 10 + life)) == [10]


def test_what_a_person_has_taken_stays_with_them_when_all_is_decided_anew():
    others = [alert(n, 1, hours=100) for n in range(5)]
    own = replace(alert(9, 2, hours=1), shown_at=day(2))
    assert shown(*others, own)[-1] == 8
    assert shown(*others, replace(own, taken=True))[-1] == 2
