"""What is stored becomes the block of an assessment."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.health.block import CustomerBlock
from services.health.data_acquisition.block_reading import read_block
from services.health.data_acquisition.change_intake import newest_change, take_changes
from services.health.data_acquisition.record_reading import digest, read_records
from services.health.data_acquisition.source_reading import read_sources, read_watermarks
from services.health.state_detection.states import Kept, kept_raw
from services.health.watermark import Span

from .plant import DAY, HOUR, START, Customer, Plant, Sample


def block_of(plant: Plant, customer: Customer, start: datetime, end: datetime, raw_since: datetime = START):
    plant.conn.commit()
    take_changes(plant.conn, newest=newest_change(plant.conn), most=10_000, hours=10_000, now=end)
    records, sources = read_records(plant.conn, customer.customer_id), read_sources(plant.conn, customer.customer_id)
    return read_block(plant.conn, records, sources, Span(start=start, end=end, restart=True), raw_since)


@pytest.fixture
def customer(plant: Plant) -> Customer:
    return plant.customer("alpha")


def metric(block: CustomerBlock, name: str) -> int:
    return [m.name for m in block.assets[0].metrics].index(name)


def test_hours_become_columns_and_metrics_rows(plant, customer):
    vibration = customer.machines[0].series["vibration"]
    plant.deliver(customer, [Sample(vibration, START + n * HOUR, float(n)) for n in (0, 1, 5)])
    block = block_of(plant, customer, START, START + DAY)
    row = metric(block, "vibration")
    assert block.assets[0].mean.shape == (3, 24)
    assert block.assets[0].mean[row, [0, 1, 2, 5, 6]].tolist() == [0, 1, 1, 5, 5]
    assert np.isnan(block.assets[0].mean[row, [3, 4, 7]]).all()
    assert block.assets[0].covered_s[row, [0, 2, 3, 6, 7]].tolist() == [3600, 3600, 0, 3600, 0]


def test_the_state_in_force_at_the_start_comes_first(plant, customer):
    state = customer.machines[0].series["state"]
    told = [(START + n * HOUR, text) for n, text in [(0, "RUN"), (22, "FAULT"), (23, "WAIT"), (25, "RUN")]]
    plant.deliver(customer, [Sample(state, at, text) for at, text in told])
    states = block_of(plant, customer, START + DAY, START + 2 * DAY).assets[0].states
    assert states.state == ("WAIT", "RUN")
    assert states.at.tolist() == [(START + 23 * HOUR).timestamp(), (START + 25 * HOUR).timestamp()]
    assert states.max_hold_s == 7200


def test_codes_of_states_are_read_as_integer_text_and_no_value_as_none(plant, customer):
    state = customer.machines[0].series["state"]
    plant.deliver(customer, [Sample(state, START, 6.0), Sample(state, START + HOUR, None)])
    assert block_of(plant, customer, START, START + DAY).assets[0].states.state == ("6", None)


def test_a_source_is_heard_where_samples_came_or_still_hold(plant, customer):
    series = customer.machines[0].series
    plant.deliver(customer, [Sample(series["vibration"], START, 1.0), Sample(series["state"], START + 4 * HOUR, "RUN")])
    plant.deliver(customer, [Sample(series["speed"], START + 12 * HOUR, 1.0)])
    block = block_of(plant, customer, START, START + DAY)
    assert np.flatnonzero(block.sources[0].heard).tolist() == [0, 1, 4, 5, 12, 13]
    assert np.flatnonzero(block.sources[0].excused).tolist() == list(range(12, 24))


def test_states_of_one_source_do_not_cover_the_silence_of_another(plant, customer):
    machine = customer.machines[0]
    sensors = plant.conn.execute(
        "WITH source AS (INSERT INTO sources (topic_prefix, site_id) VALUES ('sensors', %s) RETURNING source_id),"
        " device AS (INSERT INTO devices (source_id, name) SELECT source_id, 'box' FROM source RETURNING device_id),"
        " bound AS (INSERT INTO bindings (device_id, valid_from, asset_id) SELECT device_id, %s, %s FROM device)"
        " INSERT INTO series (device_id, metric) SELECT device_id, 'vibration' FROM device RETURNING series_id",
        [customer.site_id, START, machine.asset_id],
    ).fetchone()[0]
    plant.deliver(customer, [Sample(machine.series["state"], START + n * HOUR, "RUN") for n in range(24)])
    plant.deliver(customer, [Sample(sensors, START, 1.0)])
    heard = {s.topic_prefix: s.heard for s in block_of(plant, customer, START, START + DAY).sources}
    assert heard["bellwether/v1/alpha"].all()
    assert np.flatnonzero(heard["sensors"]).tolist() == [0, 1]


def test_hours_in_which_ingest_was_away_are_excused(plant, customer):
    plant.deliver(customer, [Sample(customer.machines[0].series["vibration"], START + n * DAY, 1.0) for n in (0, 1)])
    for first, last in [(0, 5), (8, 30)]:
        plant.conn.execute(
            "INSERT INTO ingest_sessions (started_at, seen_at) VALUES (%s, %s)",
            [START + first * HOUR, START + last * HOUR + timedelta(minutes=20)],
        )
    block = block_of(plant, customer, START, START + DAY)
    assert np.flatnonzero(block.sources[0].excused).tolist() == [5, 6, 7]


def test_what_a_device_said_for_another_asset_does_not_count(plant, customer):
    machine = customer.machines[0]
    other = plant.customer("beta").machines[0]
    plant.conn.execute(
        "INSERT INTO bindings (device_id, valid_from, asset_id)"
        " SELECT device_id, %s, %s FROM bindings WHERE asset_id = %s",
        [START + 6 * HOUR, other.asset_id, machine.asset_id],
    )
    told = [Sample(machine.series["vibration"], START + n * HOUR, float(n)) for n in range(24)]
    told += [Sample(machine.series["state"], START + n * HOUR, "RUN") for n in range(24)]
    plant.deliver(customer, told)
    asset = block_of(plant, customer, START, START + DAY).assets[0]
    assert np.flatnonzero(asset.covered_s[0] > 0).tolist() == list(range(6))
    assert asset.states.state == ("RUN",) * 6 + (None,)


def test_the_watermark_of_a_customer_is_that_of_its_slowest_source_by_sample_or_tick(plant, customer):
    quick = plant.customer("beta")
    plant.deliver(customer, [Sample(customer.machines[0].series["speed"], START, 1.0)])
    plant.deliver(quick, [Sample(quick.machines[0].series["speed"], START + 9 * DAY, 1.0)])
    plant.tick(customer, START + timedelta(hours=3, minutes=10))
    assert read_watermarks(plant.conn, datetime.now(UTC)) == {
        customer.customer_id: START + timedelta(hours=3, minutes=10),
        quick.customer_id: START + 9 * DAY,
    }


def test_states_whose_raw_samples_are_gone_come_from_the_stored_intervals(plant, customer):
    machine = customer.machines[0]
    plant.conn.execute(
        "INSERT INTO state_intervals (asset_id, started_at, ended_at, state, cause, failure) VALUES"
        " (%(a)s, %(s)s, %(s)s + interval '5 hours', 'production', NULL, false),"
        " (%(a)s, %(s)s + interval '5 hours', %(s)s + interval '7 hours', 'down', 'external', true)",
        {"a": machine.asset_id, "s": START},
    )
    plant.deliver(customer, [Sample(machine.series["state"], START + 6 * HOUR, "WAIT")])
    states = block_of(plant, customer, START, START + DAY, raw_since=START + DAY).assets[0].states
    hours = ((states.at - START.timestamp()) / 3600).tolist()
    assert list(zip(hours, states.state, strict=True)) == [
        (0, kept_raw(Kept(state="production"))),
        (2, kept_raw(Kept(state="production"))),
        (4, kept_raw(Kept(state="production"))),
        (5, kept_raw(Kept(state="down", cause="external"))),
        (6, "WAIT"),
    ]


def test_a_guarantee_that_begins_later_asks_for_the_past_that_it_is_judged_by(plant, customer):
    def told() -> bytes:
        return digest(read_records(plant.conn, customer.customer_id), START + 10 * DAY)

    def contract(name: str, guaranteed: float | None) -> None:
        plant.conn.execute(
            "INSERT INTO contracts (record_source, external_id, valid_from, starts_on, customer_id,"
            " guaranteed_availability, guarantee_window_days) VALUES ('files', %s, %s, %s, %s, %s, 90)",
            [name, START + 90 * DAY, START + 90 * DAY, customer.customer_id, guaranteed],
        )

    before = told()
    contract("plain", None)
    assert told() == before
    contract("guaranteed", 0.95)
    assert told() != before
