"""How far machines are behind the newest software of their type, on worked versions."""

from datetime import date

import pytest

from services.health.account_assessment.account import FleetVersion
from services.health.account_assessment.version_lag import version_lags
from services.health.assessment import UpdateEffectRow
from tests.unit.health.accounts import account, asset, event

SEEN = tuple(
    FleetVersion(asset_type="filler", version=version, first_seen=first_seen)
    for version, first_seen in (("1.9", date(2024, 1, 1)), ("1.10", date(2024, 3, 1)), ("2.0", date(2024, 7, 1)))
)
EFFECT = UpdateEffectRow(
    asset_type="filler",
    version="2.0",
    released_on=date(2024, 7, 3),
    as_of=date(2024, 7, 31),
    days=28,
    machines=1,
    controls=2,
    uptime=None,
    uptime_low=None,
    uptime_high=None,
    rate=0.04,
    rate_low=0.03,
    rate_high=0.05,
    unknown=None,
)


def lag(day, *releases):
    events = tuple(
        event("software_release", on, ("asset", asset_id), version=version) for asset_id, version, on in releases
    )
    told = account(assets=(asset(1), asset(2)), events=events, fleet_versions=SEEN, updates=(EFFECT,))
    return list(version_lags(told, day))


def test_a_machine_lags_by_the_days_between_the_versions_and_by_how_many_there_were():
    """1.9 was first seen on 1 January, 2.0 on 1 July: 182 days and two versions, though 1.10 sorts before 1.9."""
    (found,) = lag(date(2024, 9, 1), (1, "1.9", date(2024, 2, 1)), (2, "2.0", date(2024, 7, 3)))
    assert (found.verdict, found.value, found.unit, found.subject) == ("behind", 182, "d", "filler")
    assert found.evidence["machines"] == [
        {"asset_id": 1, "version": "1.9", "days": 182, "releases": 2},
        {"asset_id": 2, "version": "2.0", "days": 0, "releases": 0},
    ]
    assert found.evidence["missed"] == ["1.10", "2.0"]
    assert found.evidence["good_rate_of_missed"] == {"2.0": {"rate": 0.04, "low": 0.03, "high": 0.05}}


@pytest.mark.parametrize(
    ("day", "verdict", "days"), [(date(2024, 7, 1), "current", 0), (date(2024, 7, 2), "behind", 122)]
)
def test_nobody_lags_behind_what_was_not_seen_yet(day, verdict, days):
    (found,) = lag(day, (1, "1.10", date(2024, 3, 1)))
    assert (found.verdict, found.value) == (verdict, days)


def test_where_no_release_was_told_nothing_is_said():
    assert lag(date(2024, 9, 1)) == []
