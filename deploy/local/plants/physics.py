"""What the sensors of a machine show. All formulas of the demo's physics stand here.

With s the speed or load relative to nominal, w the wear (0..1), u 1 with the harmful firmware and else 0, and a the
ambient temperature:

    demand s       setpoint of the hour (day 1.0, evening 0.9, night 0.78; at weekends 0.92 of it), * season * drift
    pump           pressure p0 s^2 (1 - 0.12 w) · power P0 s^3 (1 + 0.15 w)                         (affinity laws)
                   vibration v0 s^2 (1 + 4 w) · bearing a + 32 s (1 + 0.7 w)
    compressor     power P0 (0.25 + 0.75 s) (1 + 0.2 w) · discharge a + 55 s (1 + 0.25 w)
                   vibration v0 (0.5 + 0.5 s) (1 + 3 w) · separator pressure drop 0.3 s^2 (1 + 2.5 w)
    packaging      cycle deviation 6 s (1 + 4 w) · drive current 14 (0.4 + 0.6 s) (1 + 0.4 w)
                   drive temperature a + 26 s (1 + 0.6 w) · rejects 1 % (1 + 5 w)
    firmware       vibration and cycle deviation * (1 + 0.35 u), power * (1 + 0.08 u), temperatures + 6 u

Each sensor adds noise of 2 to 4 % of its nominal value. Everything is a function of (machine, instant).
"""

import numpy as np

from deploy.local.plants.calendars import local_seconds, weekday
from deploy.local.plants.kinds import COMPRESSOR, PUMP, SITUATIONS, Situation
from deploy.local.plants.machine import Machine, situations, updated
from deploy.local.plants.noise import Floats, Ints, drift, normal, stream
from deploy.local.plants.wear import wear

_DAY_S = 86_400
_YEAR_S = 365.25 * _DAY_S
_RUNNING = SITUATIONS.index(Situation.RUNNING)

PACKS_PER_MINUTE = 120.0
_PUMP_RPM, _PUMP_KW, _PUMP_BAR, _PUMP_MM_S = 2_950.0, 75.0, 8.0, 2.2
_COMPRESSOR_KW, _COMPRESSOR_MM_S = 110.0, 3.0


def demand(machine: Machine, at: Ints) -> Floats:
    """Speed or load asked for, relative to nominal, 0.5..1.05; shape of `at`."""
    local = local_seconds(machine.calendar.timezone, at)
    hour = local % _DAY_S // 3_600
    setpoint = np.where((hour >= 6) & (hour < 14), 1.0, np.where((hour >= 14) & (hour < 22), 0.9, 0.78))
    setpoint = np.where(weekday(local) >= 5, setpoint * 0.92, setpoint)
    season = 1.0 + 0.04 * np.cos(2 * np.pi * (at / _YEAR_S - 0.55))
    return np.clip(
        setpoint * season * (1.0 + 0.012 * drift(stream(machine.key, "demand"), at - machine.origin_s, 21_600)),
        0.5,
        1.05,
    )


def ambient(machine: Machine, at: Ints) -> Floats:
    """Temperature of the hall in degC: the year, the day, and the weather."""
    local = local_seconds(machine.calendar.timezone, at)
    year = -5.0 * np.cos(2 * np.pi * (at / _YEAR_S - 0.05))
    day = -2.0 * np.cos(2 * np.pi * (local % _DAY_S / _DAY_S - 0.17))
    return (
        21.0 + year + day + 1.2 * drift(stream(machine.calendar.timezone, "weather"), at - machine.origin_s, 2 * _DAY_S)
    )


def readings(machine: Machine, at: Ints) -> dict[str, Floats]:
    """Periodic readings but for the counters, by name, at each Unix second; rounded to 3 decimals, shape of `at`."""
    running = situations(machine, at) == _RUNNING
    speed = np.where(running, demand(machine, at), 0.0)
    worn = wear(machine.cycles, at)
    harm = updated(machine, at).astype(np.float64)
    air = ambient(machine, at)
    if machine.kind is PUMP:
        found = _pump(machine, at, speed, worn, harm, air)
    elif machine.kind is COMPRESSOR:
        found = _compressor(machine, at, speed, worn, harm, air)
    else:
        found = _packaging(machine, at, speed, worn, harm, air)
    return {name: _rounded(values) for name, values in found.items()}


def _rounded(values: Floats) -> Floats:
    rounded: Floats = np.maximum(values, 0.0).round(3)
    return rounded


def _noise(machine: Machine, name: str, at: Ints) -> Floats:
    return normal(stream(machine.key, name), at - machine.origin_s)


def _fresh(machine: Machine, name: str, at: Ints) -> Floats:
    """Level of a sensor relative to nominal: machines differ, and no repair restores exactly what was."""
    cycle = np.searchsorted(machine.cycles.started, at, side="right")
    own = float(normal(stream(machine.key, name, "machine"), np.zeros(1, dtype=np.int64))[0])
    return 1.0 + 0.06 * own + 0.015 * normal(stream(machine.key, name, "repair"), cycle)


def _pump(machine: Machine, at: Ints, s: Floats, w: Floats, u: Floats, air: Floats) -> dict[str, Floats]:
    vibration = _PUMP_MM_S * _fresh(machine, "vibration", at) * s * s * (1 + 4 * w) * (1 + 0.35 * u)
    bearing = air + 32 * _fresh(machine, "bearing", at) * s * (1 + 0.7 * w) + 6 * u * (s > 0)
    power = _PUMP_KW * s * s * s * (1 + 0.15 * w) * (1 + 0.08 * u)
    pressure = _PUMP_BAR * s * s * (1 - 0.12 * w)
    return {
        "vibration": 0.1 + vibration * (1 + 0.04 * _noise(machine, "vibration", at)),
        "bearing_temperature": bearing + 0.9 * _noise(machine, "bearing", at),
        "motor_power": 0.3 + power * (1 + 0.02 * _noise(machine, "power", at)),
        "discharge_pressure": 1.2 + pressure * (1 + 0.02 * _noise(machine, "pressure", at)),
        "speed": _PUMP_RPM * s * (1 + 0.003 * _noise(machine, "speed", at)),
    }


def _compressor(machine: Machine, at: Ints, s: Floats, w: Floats, u: Floats, air: Floats) -> dict[str, Floats]:
    turns = s > 0
    level = _fresh(machine, "vibration", at)
    vibration = _COMPRESSOR_MM_S * level * turns * (0.5 + 0.5 * s) * (1 + 3 * w) * (1 + 0.35 * u)
    discharge = air + 55 * _fresh(machine, "discharge", at) * s * (1 + 0.25 * w) + 6 * u * turns
    power = _COMPRESSOR_KW * turns * (0.25 + 0.75 * s) * (1 + 0.2 * w) * (1 + 0.08 * u)
    drop = 0.3 * s * s * (1 + 2.5 * w)
    return {
        "vibration": 0.1 + vibration * (1 + 0.04 * _noise(machine, "vibration", at)),
        "discharge_temperature": discharge + 1.2 * _noise(machine, "discharge", at),
        "motor_power": 0.5 + power * (1 + 0.02 * _noise(machine, "power", at)),
        "oil_pressure_drop": drop * (1 + 0.04 * _noise(machine, "drop", at)),
        "load": 100 * s * (1 + 0.003 * _noise(machine, "load", at)),
    }


def _packaging(machine: Machine, at: Ints, s: Floats, w: Floats, u: Floats, air: Floats) -> dict[str, Floats]:
    deviation = 6 * _fresh(machine, "cycle", at) * s * (1 + 4 * w) * (1 + 0.35 * u)
    current = 14 * (s > 0) * (0.4 + 0.6 * s) * (1 + 0.4 * w) * (1 + 0.08 * u)
    temperature = air + 26 * _fresh(machine, "drive", at) * s * (1 + 0.6 * w) + 6 * u * (s > 0)
    return {
        "cycle_deviation": deviation * (1 + 0.04 * _noise(machine, "cycle", at)),
        "drive_current": 0.2 + current * (1 + 0.02 * _noise(machine, "current", at)),
        "drive_temperature": temperature + 0.8 * _noise(machine, "drive", at),
        "speed": PACKS_PER_MINUTE * s * (1 + 0.003 * _noise(machine, "speed", at)),
    }
