"""Machines that live by the hour, as blocks: what the health benchmark's histories are made of."""

from datetime import date, datetime, timedelta

import numpy as np

from services.health.block import (
    AssetBlock,
    Contract,
    CustomerBlock,
    Entitlement,
    Line,
    Metric,
    Shift,
    Site,
    SourceBlock,
    StateSamples,
)

DECODER: dict[str, object] = {"kind": "text", "states": {"RUN": "production", "WAIT": "idle", "FAULT": "down"}}
HOLD_S = 7200.0
METRICS = (
    *((name, "1", "condition", None) for name in ("vibration", "temperature", "pressure", "current", "flow")),
    ("speed", "rpm", "operating_point", None),
    ("production_count", "1", "production_count", None),
    ("good_count", "1", "good_count", None),
    ("adaptive_use", "%", "usage", "adaptive_control"),
)
_SHIFTS = tuple(
    Shift(valid_from=date(2000, 1, 1), weekdays=tuple(range(6)), starts_at=start, ends_at=end, external_id=start)
    for start, end in (("06:00", "14:00"), ("14:00", "22:00"), ("22:00", "06:00"))
)


def machines_lived(start: datetime, days: int, assets: int) -> CustomerBlock:
    """One customer's machines over so many days: nine metrics by the hour, states that change every few hours."""
    hours = days * 24
    return CustomerBlock(
        customer_id=1,
        name="Customer 1",
        segment=None,
        start=start,
        end=start + timedelta(hours=hours),
        assets=tuple(_machine(start, hours, number) for number in range(1, assets + 1)),
        sources=(
            SourceBlock(
                source_id=1,
                topic_prefix="bellwether/v1/1",
                site_id=1,
                heard=np.ones(hours, dtype=np.bool_),
                excused=np.zeros(hours, dtype=np.bool_),
            ),
        ),
        sites=(Site(site_id=1, name="Site", timezone="Europe/Berlin", shifts=_SHIFTS, planned_stops=()),),
        lines=(Line(line_id=1, site_id=1, name="Line", line_of_business=None),),
        contracts=(_contract(start.date()),),
        economics=(),
        entitlements=(
            Entitlement(
                asset_id=None,
                capability="adaptive_control",
                starts_on=start.date(),
                ends_on=None,
                annual_fee=None,
                currency=None,
            ),
        ),
        events=(),
        owner_roles=("service_manager",),
    )


def _contract(since: date) -> Contract:
    return Contract(
        contract_id=1,
        external_id="1",
        valid_from=since,
        signed_on=None,
        starts_on=since,
        ends_on=None,
        annual_value=100_000.0,
        currency="EUR",
        guaranteed_availability=0.95,
        guarantee_window_days=None,
        guarantee_window="fixed",
        guarantee_exclusions=(),
        credit_per_point=None,
        credit_cap=None,
        bonus_per_point=None,
        promised_annual_value=None,
        promised_availability=None,
    )


def _machine(start: datetime, hours: int, number: int) -> AssetBlock:
    """States last a few hours each, told anew every hour; one stop in twenty is a failure."""
    random = np.random.default_rng(number)
    state = np.repeat(random.choice(["RUN", "RUN", "RUN", "WAIT"], -(-hours // 4)), 4)[:hours]
    state[random.random(hours) < 1 / 500] = "FAULT"
    mean = 50 + random.standard_normal((len(METRICS), hours))
    increase = np.full(mean.shape, np.nan)
    increase[6:8] = random.poisson(100, (2, hours))
    return AssetBlock(
        asset_id=number,
        name=f"Pump {number}",
        asset_type="Pump",
        state_decoder=DECODER,
        site_id=1,
        line_id=1,
        commissioned_on=None,
        metrics=tuple(Metric(name=n, unit=unit, role=role, capability=of) for n, unit, role, of in METRICS),
        mean=mean,
        covered_s=np.full(mean.shape, 3600.0),
        increase=increase,
        states=StateSamples(
            at=start.timestamp() + 3600.0 * np.arange(hours), state=tuple(state.tolist()), max_hold_s=HOLD_S
        ),
        source_ids=(1,),
    )
