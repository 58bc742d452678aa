"""The three kinds of machine of the demo: what their metrics mean and how their states are told.

One table for the physics, for what is sent, and for the records that are imported.
"""

from dataclasses import dataclass
from enum import StrEnum

HOUR_S = 3_600
HOLD_ON_CHANGE_S = 93_600
"""Gateways repeat what is sent by exception every midnight (UTC); 26 hours leave two for delays."""

CAPABILITY = "adaptive_control"


class Situation(StrEnum):
    """What a machine is doing, in the words of the simulation."""

    RUNNING = "running"
    WAITING = "waiting"
    STARVED = "starved"
    ADJUSTED = "adjusted"
    FAILED = "failed"
    SERVICED = "serviced"
    OFF = "off"


SITUATIONS = tuple(Situation)


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A metric as its asset type declares it; `capability` names what a `usage` metric shows the use of."""

    name: str
    unit: str
    role: str
    periodic: bool = True
    capability: str | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """An asset type. `raw_states` says what the machine sends for each situation: text, or PackML codes."""

    id: str
    name: str
    metrics: tuple[MetricSpec, ...]
    raw_states: dict[Situation, str | int]

    @property
    def periodic(self) -> tuple[str, ...]:
        """Names of the metrics that are sent at a fixed interval."""
        return tuple(metric.name for metric in self.metrics if metric.periodic)


def _by_exception(state_unit: str = "1") -> tuple[MetricSpec, ...]:
    return (
        MetricSpec(name="state", unit=state_unit, role="state", periodic=False),
        MetricSpec(name="energy", unit="kWh", role="energy", periodic=False),
        MetricSpec(name="adaptive_use", unit="%", role="usage", periodic=False, capability=CAPABILITY),
        MetricSpec(name="firmware", unit="1", role="version", periodic=False),
    )


_TEXT_STATES: dict[Situation, str | int] = {
    Situation.RUNNING: "RUNNING",
    Situation.WAITING: "STANDBY",
    Situation.STARVED: "BLOCKED",
    Situation.ADJUSTED: "ADJUSTING",
    Situation.FAILED: "FAULT",
    Situation.SERVICED: "MAINTENANCE",
    Situation.OFF: "OFF",
}
TEXT_DECODER = {
    "RUNNING": "production",
    "STANDBY": "idle",
    "BLOCKED": "suspended",
    "ADJUSTING": "held",
    "FAULT": "down",
    "MAINTENANCE": "planned",
    "OFF": "off",
}

PUMP = Kind(
    id="centrifugal_pump",
    name="Centrifugal pump",
    metrics=(
        MetricSpec(name="vibration", unit="mm/s", role="condition"),
        MetricSpec(name="bearing_temperature", unit="degC", role="condition"),
        MetricSpec(name="motor_power", unit="kW", role="condition"),
        MetricSpec(name="discharge_pressure", unit="bar", role="condition"),
        MetricSpec(name="speed", unit="rpm", role="operating_point"),
        *_by_exception(),
    ),
    raw_states=_TEXT_STATES,
)

COMPRESSOR = Kind(
    id="screw_compressor",
    name="Screw compressor",
    metrics=(
        MetricSpec(name="vibration", unit="mm/s", role="condition"),
        MetricSpec(name="discharge_temperature", unit="degC", role="condition"),
        MetricSpec(name="motor_power", unit="kW", role="condition"),
        MetricSpec(name="oil_pressure_drop", unit="bar", role="condition"),
        MetricSpec(name="load", unit="%", role="operating_point"),
        *_by_exception(),
    ),
    raw_states=_TEXT_STATES,
)

PACKAGING = Kind(
    id="packaging_machine",
    name="Packaging machine",
    metrics=(
        MetricSpec(name="cycle_deviation", unit="ms", role="condition"),
        MetricSpec(name="drive_current", unit="A", role="condition"),
        MetricSpec(name="drive_temperature", unit="degC", role="condition"),
        MetricSpec(name="speed", unit="1/min", role="operating_point"),
        MetricSpec(name="production_count", unit="1", role="production_count"),
        MetricSpec(name="good_count", unit="1", role="good_count"),
        *_by_exception(),
    ),
    raw_states={
        Situation.RUNNING: 6,
        Situation.WAITING: 4,
        Situation.STARVED: 5,
        Situation.ADJUSTED: 11,
        Situation.FAILED: 9,
        Situation.SERVICED: 2,
        Situation.OFF: 2,
    },
)

KINDS = (PUMP, COMPRESSOR, PACKAGING)
