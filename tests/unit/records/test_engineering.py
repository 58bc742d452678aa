"""What a wrong asset type or mapping is told."""

import pytest

from shared.records.engineering import parse_asset_types, parse_mappings

PUMP = """\
- id: pump
  name: Pump
  state_decoder: {kind: text, states: {RUN: production, STOP: off, "012": down}}
  metrics:
    - {name: mode, role: state, sampling: on_change, max_hold_s: 7200}
    - {name: vibration, unit: mm/s, role: condition, sampling: periodic, interval_s: 10}
"""
VIBRATION = "{name: vibration, unit: mm/s, role: condition, sampling: periodic, interval_s: 10}"


def type_errors(content: str) -> list[str]:
    types, metrics = parse_asset_types("asset_types.yaml", content)
    found = sorted(types.errors + metrics.errors, key=lambda error: error.line or 0)
    return [str(error).removeprefix("asset_types.yaml") for error in found]


def test_an_asset_type_is_read_with_its_words_as_written_and_the_hold_of_two_intervals() -> None:
    types, metrics = parse_asset_types("asset_types.yaml", PUMP)
    assert types.errors + metrics.errors == []
    assert types.rows[0].values == {
        "id": "pump",
        "name": "Pump",
        "state_decoder": {"kind": "text", "states": {"RUN": "production", "STOP": "off", "012": "down"}},
        "unit_time_s": None,
        "capacity_per_hour": None,
    }
    assert [(row.line, row.values["unit"], row.values["max_hold_s"]) for row in metrics.rows] == [
        (5, "1", 7200.0),
        (6, "mm/s", 20.0),
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "name: Pump",
            "nme: Pump",
            ":1: name is empty; every asset_type needs a name|:2: unknown key 'nme'; did you mean 'name'?",
        ),
        ("  name: Pump", "  id: pump", ":2: 'id' stands in line 1 already; keep one of them"),
        ("unit: mm/s", "unit: mm/sec", ":6: unit: unknown unit 'mm/sec'; write mm/s"),
        ("unit: mm/s, ", "", ":6: metric 'vibration' has no unit; write its unit, or 1 where there is none"),
        ("role: condition", "role: conditions", ":6: role: unknown role 'conditions'; did you mean 'condition'?"),
        (
            "role: condition",
            "role: energy",
            ":6: metric 'vibration' of role energy cannot have unit mm/s (velocity);"
            " write a unit of energy or power, or another role",
        ),
        (
            "role: condition",
            "role: usage",
            ":6: metric 'vibration' of role usage has capability None;"
            " role usage goes with the capability whose use it measures, and no other role does",
        ),
        (
            "sampling: periodic",
            "sampling: onchange",
            ":6: sampling: unknown sampling 'onchange'; did you mean 'on_change'?",
        ),
        (
            ", interval_s: 10",
            "",
            ":6: periodic metric 'vibration' has no interval_s; write how many seconds lie between samples",
        ),
        (
            "interval_s: 10",
            "interval_s: 10, max_hold_s: 5",
            ":6: metric 'vibration' has max_hold_s 5 below interval_s 10; a value holds at least one interval",
        ),
        (
            ", max_hold_s: 7200",
            "",
            ":5: on_change metric 'mode' has no max_hold_s;"
            " write for how many seconds a value holds unrepeated, for example 7200",
        ),
        (
            "max_hold_s: 7200",
            "interval_s: 60",
            ":5: on_change metric 'mode' has an interval_s; remove it, or write sampling: periodic",
        ),
        ("interval_s: 10", "interval_s: 0", ":6: interval_s: 0 is out of range; write seconds, more than 0"),
        ("interval_s: 10", "intervall_s: 10", None),
        (
            "name: vibration",
            "name: mode",
            ":6: asset_type 'pump', name 'mode' stands in line 5 already; keep one row for each asset_type and name",
        ),
        (
            "role: condition",
            "role: state",
            ":6: 'vibration' is a second metric of role state; keep that role for 'mode' alone"
            "|:6: metric 'vibration' of role state cannot have unit mm/s (velocity);"
            " write a unit of number, or another role",
        ),
        ("kind: text", "kind: txt", ":3: unknown kind of state_decoder 'txt'; did you mean 'text'?"),
        ("RUN: production", "RUN: producing", ":3: state 'RUN' means 'producing'; did you mean 'production'?"),
        (
            "RUN: production",
            "RUN:",
            ":3: state 'RUN' has no meaning;"
            " write one of production, idle, down, held, suspended, setup, planned, off, unknown, maintenance, repair",
        ),
        (
            "kind: text",
            "kind: codes",
            ":3: code 'RUN' is not a whole number; write kind: text for states that come as text"
            "|:3: code 'STOP' is not a whole number; write kind: text for states that come as text",
        ),
        ("kind: text", "kind: packml", ":3: unknown key 'states'; the keys are kind, numbering, modes, causes"),
        (
            "role: state, ",
            "role: version, ",
            ":3: a state_decoder without a metric of role state; add that metric or remove it",
        ),
        (
            "  state_decoder:",
            "  # state_decoder:",
            ":1: nothing says what the states of metric 'mode' mean; add a state_decoder of kind text, codes or packml",
        ),
        ("- id: pump", "id: pump", None),
    ],
)
def test_a_wrong_asset_type_is_told_with_its_line_and_what_to_write(old: str, new: str, error: str | None) -> None:
    assert old in PUMP
    found = type_errors(PUMP.replace(old, new, 1))
    if error is None:
        assert found
    else:
        assert found == error.split("|")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", ":1: the file is empty; write a list, or remove the file"),
        ("id: pump\n", ":1: asset_types.yaml is not a list; begin each entry with '- '"),
        ("- pump\n", ":1: an asset type is not a mapping; write 'key: value' lines"),
        ("- {id: pump, name: Pump}\n", ":1: asset type 'pump' has no metrics; list at least one under 'metrics:'"),
        ("- {id: [pump], name: Pump, metrics: []}\n", ":1: id is not one value; write 'id: value'"),
        ("- &a {id: pump, name: Pump, metrics: [*a]}\n", ":1: an alias contains itself; write the part out"),
        (
            "- id: pump\n  name: 'Pump\n",
            ":3: not valid YAML (found unexpected end of stream); check indentation, quotes and colons",
        ),
        ("- ? [a]\n  : b\n", ":1: a key is not plain text; write 'key: value' lines"),
    ],
)
def test_yaml_of_the_wrong_shape_is_told_so(content: str, error: str) -> None:
    assert type_errors(content) == [error]


MAPPING = """\
- id: skid
  topic: "factory/{source}/{device}/data"
  time: {path: ts, format: epoch_ms}
  values:
    - {path: t.in, metric: temperature_in, unit: degF, to: degC}
    - {path: p, metric: pressure, strings: true}
"""


def test_a_mapping_is_stored_as_ingest_reads_it() -> None:
    (row,) = parse_mappings("mappings.yaml", MAPPING).rows
    assert row.line == 1
    assert row.values["topic_pattern"] == "factory/{source}/{device}/data"
    assert row.values["enabled"] is True
    assert row.values["specification"]["values"] == [
        {"path": "t.in", "metric": "temperature_in", "unit": "degF", "to": "degC"},
        {"path": "p", "metric": "pressure", "strings": True},
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "to: degC",
            "to: bar",
            ":1: cannot convert degF (temperature) to bar (pressure); convert degF to one of K, degC, degF, degR",
        ),
        ("to: degC", "to: C", ":1: unknown unit 'C'; write degC"),
        ("- id: skid", "- id: skid\n  enabled: maybe", ":2: enabled is 'maybe'; write true or false"),
        ("metric: pressure", "metrik: pressure", None),
        ("{source}", "plant", None),
        ("epoch_ms", "millis", None),
    ],
)
def test_a_wrong_mapping_is_told_with_its_line(old: str, new: str, error: str | None) -> None:
    parsed = parse_mappings("mappings.yaml", MAPPING.replace(old, new, 1))
    assert len(parsed.errors) == 1
    assert parsed.errors[0].line is not None
    if error is not None:
        assert str(parsed.errors[0]) == f"mappings.yaml{error}"


def test_two_mappings_of_one_id_are_refused() -> None:
    parsed = parse_mappings("mappings.yaml", MAPPING + MAPPING)
    assert [str(error) for error in parsed.errors] == [
        "mappings.yaml:7: id 'skid' stands in line 1 already; give each mapping its own id"
    ]


def test_a_mapping_can_be_switched_off() -> None:
    parsed = parse_mappings("mappings.yaml", MAPPING.replace("- id: skid", "- id: skid\n  enabled: false"))
    assert [row.values["enabled"] for row in parsed.rows] == [False]


def counter_errors(more: str, was: str = "unit: mm/s, role: condition", now: str = "unit: 1, role: good_count") -> str:
    return "|".join(type_errors(PUMP.replace(was, now).replace("interval_s: 10", f"interval_s: 10, {more}")))


def test_a_counter_says_where_it_rolls_over_and_how_fast_it_counts() -> None:
    assert counter_errors("rollover_at: 65536, max_per_hour: 600") == ""
    assert counter_errors("max_per_hour: 600") == ""


@pytest.mark.parametrize(
    ("more", "role", "error"),
    [
        ("rollover_at: 65536", "unit: 1, role: good_count", "rollover_at without max_per_hour; write the most"),
        ("rollover_at: 0", "unit: 1, role: good_count", "rollover_at: 0 is out of range"),
        ("max_per_hour: 5", "unit: kW, role: energy", "with unit kW has max_per_hour, but does not count; remove it"),
        ("max_per_hour: 5", "unit: mm/s, role: condition", "of role condition with unit mm/s has max_per_hour"),
        ("rollover_at: 5", "role: fault", "of role fault with unit None has rollover_at"),
    ],
)
def test_what_does_not_count_cannot_roll_over(more: str, role: str, error: str) -> None:
    assert error in counter_errors(more, now=role)


DECODED = """\
- id: press
  name: Press
  unit_time_s: 12
  capacity_per_hour: 300
  state_decoder:
    kind: limits
    metric: current
    running_above: 12.5
    idle_above: 2
    causes:
      - {states: [down], faults: [E17], longer_than_s: 60, cause: external}
  metrics:
    - {name: current, unit: A, role: operating_point, sampling: periodic, interval_s: 10}
    - {name: fault, role: fault, sampling: on_change, max_hold_s: 3600}
    - {name: mode, role: mode, sampling: on_change, max_hold_s: 3600}
"""


def test_a_rule_on_a_metric_and_rules_for_causes_are_read_with_their_numbers() -> None:
    types, metrics = parse_asset_types("asset_types.yaml", DECODED)
    assert types.errors + metrics.errors == []
    assert types.rows[0].values == {
        "id": "press",
        "name": "Press",
        "unit_time_s": 12,
        "capacity_per_hour": 300,
        "state_decoder": {
            "kind": "limits",
            "metric": "current",
            "running_above": 12.5,
            "idle_above": 2,
            "below": "down",
            "causes": [{"cause": "external", "states": ["down"], "faults": ["E17"], "longer_than_s": 60}],
        },
    }


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("metric: current", "metric: curent", ":7: unknown metric of numbers 'curent'; did you mean 'current'?"),
        ("metric: current", "metric: fault", ":7: unknown metric of numbers 'fault'; write one of current"),
        ("    running_above: 12.5\n", "", ":6: limits without running_above; write the metric, and from which"),
        ("idle_above: 2", "idle_above: 20", ":9: idle_above is above running_above; idle lies below running"),
        ("idle_above: 2", "below: stopped", ":9: unknown state 'stopped'"),
        ("cause: external", "cause: weather", ":11: unknown cause 'weather'"),
        ("states: [down], ", "states: [off], ", ":11: unknown state of a stop 'off'"),
        ("longer_than_s: 60", "longer_than_s: 0", ":11: 0 is out of range; write seconds, more than 0"),
        ("longer_than_s: 60", "longer: 60", ":11: unknown key 'longer'; did you mean 'longer_than_s'?"),
        ("states: [down], faults: [E17], longer_than_s: 60, ", "", ":11: a rule needs a cause and a condition"),
        ("role: fault", "role: version", ":11: faults without a metric of role fault; add that metric"),
        ("role: fault", "role: mode", ":15: 'mode' is a second metric of role mode; keep that role for 'fault' alone"),
        ("role: mode", "role: state", ":6: limits beside a metric of role state; that metric says the states"),
        ("    idle_above: 2", "    modes: {A: auto}", ":9: unknown mode 'auto'"),
        ("unit_time_s: 12", "unit_time_s: 0", ":1: unit_time_s: 0 is out of range; write seconds, more than 0"),
    ],
)
def test_a_wrong_decoder_is_told_what_to_write(old: str, new: str, error: str) -> None:
    assert any(said.startswith(error) for said in type_errors(DECODED.replace(old, new))), type_errors(
        DECODED.replace(old, new)
    )


@pytest.mark.parametrize(
    ("decoder", "errors"),
    [
        ("{kind: packml, numbering: opc30060}", []),
        ("{kind: packml, numbering: opc}", [":3: unknown numbering 'opc'; write one of tr88, opc30060"]),
        (
            "{kind: packml, modes: {A: manual}}",
            [":3: modes without a metric of role mode; add that metric or remove them"],
        ),
    ],
)
def test_packml_is_numbered_by_one_of_two_standards(decoder: str, errors: list[str]) -> None:
    content = PUMP.replace('{kind: text, states: {RUN: production, STOP: off, "012": down}}', decoder)
    assert type_errors(content) == errors
