"""A machine that is worse since its update: told once it is sure, within 90 days, and of nothing that came later."""

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from services.health.advisory_generation.update_effects import regression_after_update
from services.health.block import Event
from services.health.health_assessment.daily_history import DailyHistory
from services.health.state_detection.times import APT, FIELDS, GOOD, PBT, STOPPED
from tests.unit.health.worlds import START, asset, customer

RELEASED = 185


def release(asset_id=1, day=RELEASED):
    at = START + timedelta(days=day, hours=6)
    return Event(scope_type="asset", scope_id=asset_id, at=at, kind="software_release", attributes={"version": "7.1"})


def stops(seed, share, days):
    """Hours of downtime a day: Poisson stops of three hours in the mean, gamma distributed, `share` of all time."""
    random = np.random.default_rng(seed)
    count = random.poisson(24 * np.broadcast_to(share, days) / 3.0)
    return np.minimum(24.0, np.array([random.gamma(1.5, 2.0, int(n)).sum() for n in count]))


def days_told(*down_h, events=None):
    """Days after the release on which the first of some machines is told to be worse, and on which it is not."""
    days = len(down_h[0])
    block = customer([asset(n, 2) for n in range(1, len(down_h) + 1)], events=events or (release(),))
    machines = []
    for own, down in zip(block.assets, down_h, strict=True):
        table = np.zeros((days, len(FIELDS)))
        table[:, PBT], table[:, STOPPED], table[:, APT] = 86400, 3600 * down, 3600 * (24 - down)
        table[:, GOOD] = 100 * (24 - down)
        history = DailyHistory(first_day=block.first_day, kept=0, table=table)
        machines.append(SimpleNamespace(asset=own, site_name="Works", days=history, running=np.zeros(24 * days)))
    found = regression_after_update(block, machines[0], machines)
    worse, gone = (np.flatnonzero(hours[::24]) - RELEASED - 1 for hours in (found.raised, found.cleared))
    return worse[worse > 0].tolist(), gone[gone > 0].tolist()


def worse_by(points, *, since=RELEASED, days=370, until=None, usual=0.03):
    share = np.full(days, usual)
    share[since + 1 : until] += points
    return share


def test_what_four_weeks_leave_open_is_told_within_ninety_days():
    worse, gone = days_told(stops(102, worse_by(0.10), 370), stops(103, 0.03, 370))
    assert 28 < worse[0] < 90
    assert worse[-1] == 90
    assert gone == []


def test_without_a_machine_to_compare_with_only_four_weeks_count():
    worse, _ = days_told(stops(1, worse_by(0.08), 370))
    assert worse == []
    plain, _ = days_told(stops(1, worse_by(0.40), 370))
    assert plain[-1] == 28


def test_what_comes_two_months_later_is_not_the_updates_doing():
    worse, _ = days_told(stops(1, worse_by(0.10, since=RELEASED + 60), 370), stops(2, 0.03, 370))
    assert worse == []


def test_harm_that_is_undone_is_not_told_any_more():
    worse, gone = days_told(stops(1, worse_by(0.30, until=RELEASED + 45), 370), stops(2, 0.03, 370))
    assert worse[0] < 28
    assert worse[-1] < gone[0]
    assert 45 < gone[0] <= 45 + 28


@pytest.mark.parametrize("machine", [1, 2])
def test_days_before_an_earlier_release_are_not_compared_with(machine):
    """Until it, the updated machine stopped ten times as often, or the other one hardly: both would hide harm."""
    earlier = RELEASED - 60
    usual, used_to_be = (0.03, 0.30) if machine == 1 else (0.15, 0.005)
    until = worse_by(used_to_be - usual, since=-1, until=earlier, usual=usual)
    shares = [until + worse_by(0.15, usual=0.0), 0.03] if machine == 1 else [worse_by(0.15), until]
    machines = [stops(10 + n, share, 370) for n, share in enumerate(shares)]
    assert days_told(*machines, events=(release(machine, earlier), release()))[0] != []
    assert days_told(*machines)[0] == []
