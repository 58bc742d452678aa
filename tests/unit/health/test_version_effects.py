"""What a release did, good or bad: by difference in differences, with an interval that holds the truth as it says."""

from datetime import timedelta

import numpy as np
import pytest

from services.health.assess import assess
from services.health.block import Event
from services.health.joining import joined
from services.health.value_assessment.version_effects import WINDOW, Compared, _rate, _uptime
from tests.unit.health.worlds import START, asset, customer, part

RELEASED = START + timedelta(days=40, hours=9)


def released(asset_id, version="2", at=RELEASED):
    return Event(scope_type="asset", scope_id=asset_id, at=at, kind="software_release", attributes={"version": version})


def days(*, down=1.2, rate=100.0):
    """28 days of 24 known hours."""
    table = np.zeros((4, WINDOW))
    table[0], table[1], table[2] = 24, down, 24 - np.asarray(down)
    table[3] = rate * table[2]
    return table


def test_a_worked_effect():
    """Stops from 5 to 8 % where others went from 5 to 6: 2 points lost. 100 to 90 an hour, others 99: 90 / 99 - 1."""
    before = days()
    updated = [Compared(before=before, after=days(down=1.92, rate=90.0), weight=1.0)]
    others = [Compared(before=before, after=days(down=1.44, rate=99.0), weight=-0.5)] * 2
    assert _uptime(updated, others)[0] == pytest.approx(-0.02)
    assert _rate(updated, others)[0] == pytest.approx(90 / 99 - 1)


def world(days_of_world=75, **terms):
    """Four machines, of which two got release 2 on the 40th day; from then on they make 8 % fewer units."""
    machines = [asset(n, days_of_world) for n in (1, 2, 3, 4)]
    for own in machines[:2]:
        own.increase[2, 24 * 40 + 9 :] *= 0.92
    return customer(machines, events=(released(1), released(2)), **terms)


def test_a_release_is_told_from_the_seventh_day_on_until_all_its_days_are_known():
    whole = assess(None, world())
    (found,) = whole.updates
    assert (found.version, found.asset_type, found.machines, found.controls, found.unknown) == (
        "2",
        "packer",
        2,
        2,
        None,
    )
    assert (found.released_on, found.as_of, found.days) == (RELEASED.date(), (RELEASED + timedelta(28)).date(), 28)
    assert found.rate_low < -0.08 < found.rate_high < -0.06
    assert found.uptime_low < 0 < found.uptime_high
    early = assess(None, part(world(), 0, 24 * 50))
    assert early.updates[0].as_of == (START + timedelta(days=49)).date()
    late = assess(early.state, part(world(), 24 * 50, 24 * 75))
    assert joined(early, late, START + timedelta(days=50)).updates == whole.updates
    assert assess(None, part(world(), 0, 24 * 46)).updates == ()


def test_where_all_machines_got_a_release_nobody_knows_what_it_did():
    block = world()
    everywhere = Event(scope_type="site", scope_id=1, at=RELEASED, kind="software_release", attributes={"version": "2"})
    (found,) = assess(None, part(customer(block.assets, events=(everywhere,)), 0, 24 * 50)).updates
    assert (found.rate, found.uptime, found.controls) == (None, None, 0)
    assert found.unknown is not None


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_nine_of_ten_intervals_hold_what_a_release_did(correlation):
    """Days that resemble their neighbours or not, 5 % of noise a day, one machine against two: 85 to 95 %, of 100."""
    rng, held, rounds = np.random.default_rng(7), [0, 0], 100
    for _ in range(rounds):
        noise = rng.standard_normal((3, 2 * WINDOW))
        for day in range(1, 2 * WINDOW):
            noise[:, day] = correlation * noise[:, day - 1] + np.sqrt(1 - correlation**2) * noise[:, day]
        stops = rng.poisson(0.4, noise.shape)
        down = np.minimum([[rng.lognormal(0.78, 0.8, n).sum() for n in row] for row in stops], 23.0)
        rate = 100 * np.exp(0.05 * noise)
        rate[0, WINDOW:] *= 0.94
        sides = [slice(0, WINDOW), slice(WINDOW, 2 * WINDOW)]
        tables = [[days(down=down[n, side], rate=rate[n, side]) for side in sides] for n in range(3)]
        own, *others = (
            Compared(before=before, after=after, weight=1.0 if n == 0 else -0.5)
            for n, (before, after) in enumerate(tables)
        )
        _, low, high = _rate([own], others)
        held[0] += low <= -0.06 <= high
        _, low, high = _uptime([own], others)
        held[1] += low <= 0 <= high
    assert np.all(np.abs(np.array(held) / rounds - 0.9) < 0.05 + 0.03)
