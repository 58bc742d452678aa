"""Small customers made up for tests: machines with planned states, counts, use and wear, all by a seed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from services.health.block import (
    AssetBlock,
    Contract,
    CustomerBlock,
    Economics,
    Entitlement,
    Line,
    Metric,
    Shift,
    Site,
    SourceBlock,
    StateSamples,
)

START = datetime(2022, 1, 3, tzinfo=UTC)
DECODER = {"kind": "text", "states": {"RUN": "production", "FAULT": "down", "WAIT": "idle", "HOLD": "held"}}
METRICS = (
    Metric(name="vibration", unit="mm/s", role="condition"),
    Metric(name="speed", unit="rpm", role="operating_point"),
    Metric(name="good_count", unit="1", role="good_count"),
    Metric(name="production_count", unit="1", role="production_count"),
    Metric(name="adaptive_use", unit="%", role="usage", capability="adaptive_control"),
)


def asset(asset_id, days, *, seed=0, down_share=0.06, use=60.0, vibration=0.0, rate=100.0, downs=()):
    """One machine: each hour is lost to a hold with `down_share` of it; `downs`: (hour, hours) of failures."""
    rng = np.random.default_rng((seed, asset_id))
    hours = days * 24
    lost = np.clip(down_share * (1 + 0.3 * rng.standard_normal(days)), 0.001, 0.95)
    at, states = [], []
    start = START.timestamp()
    for day in range(days):
        at += [start + day * 86400, start + day * 86400 + 86400 * (1 - lost[day])]
        states += ["RUN", "HOLD"]
    for began, length in downs:
        inside = [i for i, t in enumerate(at) if start + began * 3600 <= t < start + (began + length) * 3600]
        for i in reversed(inside):
            del at[i], states[i]
        place = int(np.searchsorted(at, start + began * 3600))
        at[place:place] = [start + began * 3600, start + (began + length) * 3600]
        states[place:place] = ["FAULT", "RUN"]
    mean = np.vstack(
        [
            2 + vibration + 0.1 * rng.standard_normal(hours),
            1500 + 50 * rng.standard_normal(hours),
            np.full(hours, np.nan),
            np.full(hours, np.nan),
            np.full(hours, use),
        ]
    )
    increase = np.full((5, hours), np.nan)
    increase[3] = rng.poisson(rate, hours)
    increase[2] = np.round(increase[3] * 0.97)
    return AssetBlock(
        asset_id=asset_id,
        name=f"Packer {asset_id}",
        asset_type="packer",
        state_decoder=DECODER,
        site_id=1,
        line_id=1,
        commissioned_on=None,
        metrics=METRICS,
        mean=mean,
        covered_s=np.full((5, hours), 3600.0),
        increase=increase,
        states=StateSamples(at=np.array(at), state=tuple(states), max_hold_s=2 * 86400.0),
        source_ids=(1,),
    )


def contract(**terms):
    plain = Contract(
        contract_id=1,
        external_id="C-1",
        valid_from=date(1, 1, 1),
        signed_on=None,
        starts_on=START.date(),
        ends_on=None,
        annual_value=120_000.0,
        currency="EUR",
        guaranteed_availability=None,
        guarantee_window_days=None,
        guarantee_window="fixed",
        guarantee_exclusions=(),
        credit_per_point=None,
        credit_cap=None,
        bonus_per_point=None,
        promised_annual_value=None,
        promised_availability=None,
    )
    return replace(plain, **terms)


ECONOMICS = Economics(
    site_id=1,
    line_of_business="snacks",
    valid_from=date(1, 1, 1),
    margin_per_good_unit=0.2,
    downtime_cost_per_hour=500.0,
    currency="EUR",
    basis="assumed",
)
ENTITLEMENT = Entitlement(
    asset_id=None,
    capability="adaptive_control",
    starts_on=START.date(),
    ends_on=None,
    annual_fee=9000.0,
    currency="EUR",
)


def customer(assets, **terms):
    """A customer of these assets on one site that works around the clock; `terms` replace fields of the block."""
    hours = assets[0].mean.shape[1]
    block = CustomerBlock(
        customer_id=7,
        name="Northfield Foods",
        segment="food",
        start=START,
        end=START + timedelta(hours=hours),
        assets=tuple(assets),
        sources=(
            SourceBlock(
                source_id=1,
                topic_prefix="bellwether/v1/coast",
                site_id=1,
                heard=np.ones(hours, dtype=bool),
                excused=np.zeros(hours, dtype=bool),
            ),
        ),
        sites=(
            Site(
                site_id=1,
                name="Coast plant",
                timezone="Europe/Copenhagen",
                shifts=(Shift(valid_from=date(1, 1, 1), weekdays=tuple(range(7)), starts_at="00:00", ends_at="00:00"),),
                planned_stops=(),
            ),
        ),
        lines=(Line(line_id=1, site_id=1, name="Packing", line_of_business="snacks"),),
        contracts=(contract(),),
        economics=(),
        entitlements=(),
        events=(),
        owner_roles=("account_manager", "service_manager"),
    )
    return replace(block, **terms)


def part(block, first, end):
    """The hours [first, end) of a block, as the shell would read them; `first` at a midnight, `end` on five minutes."""
    start = block.start + timedelta(hours=first)
    until = block.start + timedelta(minutes=round(60 * end))
    own = slice(first, int(end))
    return replace(
        block,
        start=start,
        end=until,
        assets=tuple(_hours(a, own, start.timestamp(), until.timestamp()) for a in block.assets),
        sources=tuple(replace(s, heard=s.heard[own], excused=s.excused[own]) for s in block.sources),
        events=tuple(e for e in block.events if e.at < until),
    )


def _hours(asset, own, start, until):
    states = asset.states
    first = max(int(np.searchsorted(states.at, start, side="right")) - 1, 0)
    last = int(np.searchsorted(states.at, until, side="left"))
    return replace(
        asset,
        mean=asset.mean[:, own],
        covered_s=asset.covered_s[:, own],
        increase=asset.increase[:, own],
        states=replace(states, at=states.at[first:last], state=states.state[first:last]),
    )
