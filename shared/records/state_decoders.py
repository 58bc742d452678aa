"""How an asset type says what its machines' states and modes mean, and whose their stops are. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from shared.errors import RecordError
from shared.records import fields
from shared.records.fields import FieldError
from shared.records.vocabulary import CAUSES, DECODER_KINDS, MODES, NUMBERINGS, STATES, STOPS, suggestion
from shared.records.yaml_file import Place

Value = TypeVar("Value")
Metrics = Sequence[tuple[int | None, Mapping[str, str]]]
"""The metrics of an asset type as they are written: line, and key to text."""

_KEYS = {
    "text": ("kind", "states", "modes", "causes"),
    "codes": ("kind", "states", "modes", "causes"),
    "packml": ("kind", "numbering", "modes", "causes"),
    "limits": ("kind", "metric", "running_above", "idle_above", "below", "modes", "causes"),
}
_RULE_KEYS = ("cause", "states", "raw", "faults", "longer_than_s")
_ROLES_WITHOUT_LIMITS = ("state", "version", "fault", "mode")
_limit = fields.number()
_seconds = fields.number(1e-3, 1e9, "write seconds, more than 0")


def known_keys(members: Mapping[str, Place], known: tuple[str, ...], errors: list[RecordError]) -> None:
    """Note an error for each key that is none of the known."""
    for key, part in members.items():
        if key not in known:
            errors.append(
                part.error(f"unknown key '{key}'", suggestion(key, known, "the keys are " + ", ".join(known)))
            )


def state_decoder(
    entry: Place, members: Mapping[str, Place], metrics: Metrics, errors: list[RecordError]
) -> dict[str, Any]:
    """The decoder of an asset type, empty where it has none or a wrong one; what is wrong goes to the errors."""
    for role in ("state", "mode"):
        named = [(line, cells.get("name")) for line, cells in metrics if cells.get("role") == role]
        if len(named) > 1:
            problem = f"'{named[1][1]}' is a second metric of role {role}"
            errors.append(RecordError(entry.file, named[1][0], problem, f"keep that role for '{named[0][1]}' alone"))
    states = [cells.get("name") for _, cells in metrics if cells.get("role") == "state"]
    if "state_decoder" not in members:
        if states:
            problem = f"nothing says what the states of metric '{states[0]}' mean"
            errors.append(entry.error(problem, "add a state_decoder of kind text, codes or packml"))
        return {}
    place = members["state_decoder"]
    parts = place.members("state_decoder")
    kind = parts["kind"].value if "kind" in parts else None
    if kind not in DECODER_KINDS:
        errors.append(place.error(f"unknown kind of state_decoder '{kind}'", suggestion(str(kind), DECODER_KINDS)))
        return {}
    if bool(states) == (kind == "limits"):
        errors.append(_metric_that_does_not_fit(place, str(kind)))
    known_keys(parts, _KEYS[str(kind)], errors)
    return {"kind": kind} | _checked(place, str(kind), parts, metrics, errors)


def _metric_that_does_not_fit(place: Place, kind: str) -> RecordError:
    if kind == "limits":
        return place.error("limits beside a metric of role state", "that metric says the states: remove one of them")
    return place.error("a state_decoder without a metric of role state", "add that metric or remove it")


def _checked(
    place: Place, kind: str, parts: Mapping[str, Place], metrics: Metrics, errors: list[RecordError]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind in ("text", "codes"):
        if "states" not in parts:
            errors.append(
                place.error(f"state_decoder of kind {kind} without states", "list them: 'RUNNING: production'")
            )
            return found
        states = parts["states"].members("states")
        errors.extend(_state_errors(states, kind))
        found["states"] = {raw: part.value for raw, part in states.items()}
    if kind == "limits":
        found |= _limits(place, parts, metrics, errors)
    if "numbering" in parts:
        found["numbering"] = _one(parts["numbering"], fields.one_of("numbering", NUMBERINGS), errors)
    if "modes" in parts:
        found["modes"] = _modes(parts["modes"], metrics, errors)
    if "causes" in parts:
        found["causes"] = [rule for each in parts["causes"].entries("causes") for rule in _rule(each, metrics, errors)]
    return found


def _one(part: Place, parse: Callable[[str], Value], errors: list[RecordError]) -> Value | None:
    try:
        return parse("" if part.value is None else str(part.value))
    except FieldError as exc:
        errors.append(part.error(exc.problem, exc.remedy))
        return None


def _state_errors(states: Mapping[str, Place], kind: str) -> Iterator[RecordError]:
    for raw, part in states.items():
        if part.value is None:
            yield part.error(f"state '{raw}' has no meaning", "write one of " + ", ".join(STATES))
        elif part.value not in STATES:
            yield part.error(f"state '{raw}' means '{part.value}'", suggestion(str(part.value), STATES))
        if kind == "codes" and not raw.lstrip("-").isdecimal():
            yield part.error(f"code '{raw}' is not a whole number", "write kind: text for states that come as text")


def _limits(place: Place, parts: Mapping[str, Place], metrics: Metrics, errors: list[RecordError]) -> dict[str, Any]:
    """A metric of numbers, and from which value on the machine runs or is idle; `down` below both, if not said."""
    for key in ("metric", "running_above"):
        if key not in parts:
            errors.append(place.error(f"limits without {key}", "write the metric, and from which value on it runs"))
            return {}
    numbers = [cells.get("name", "") for _, cells in metrics if cells.get("role") not in _ROLES_WITHOUT_LIMITS]
    running = _one(parts["running_above"], _limit, errors)
    found: dict[str, Any] = {
        "metric": _one(parts["metric"], fields.one_of("metric of numbers", numbers), errors),
        "running_above": running,
        "below": "down",
    }
    if "idle_above" in parts:
        found["idle_above"] = idle = _one(parts["idle_above"], _limit, errors)
        if idle is not None and running is not None and idle > running:
            errors.append(parts["idle_above"].error("idle_above is above running_above", "idle lies below running"))
    if "below" in parts:
        found["below"] = _one(parts["below"], fields.one_of("state", STATES), errors)
    return found


def _modes(place: Place, metrics: Metrics, errors: list[RecordError]) -> dict[str, Any]:
    if not any(cells.get("role") == "mode" for _, cells in metrics):
        errors.append(place.error("modes without a metric of role mode", "add that metric or remove them"))
    parse = fields.one_of("mode", MODES)
    return {raw: _one(part, parse, errors) for raw, part in place.members("modes").items()}


def _rule(place: Place, metrics: Metrics, errors: list[RecordError]) -> Iterator[dict[str, Any]]:
    """One rule for the cause of a stop; nothing where it is wrong."""
    parts = place.members("a rule of causes")
    before = len(errors)
    known_keys(parts, _RULE_KEYS, errors)
    if "cause" not in parts or len(parts) == 1:
        errors.append(
            place.error("a rule needs a cause and a condition", "for example {faults: [E17], cause: external}")
        )
        return
    found: dict[str, Any] = {"cause": _one(parts["cause"], fields.one_of("cause", CAUSES), errors)}
    if "longer_than_s" in parts:
        found["longer_than_s"] = _one(parts["longer_than_s"], _seconds, errors)
    if "states" in parts:
        parse = fields.one_of("state of a stop", STOPS)
        found["states"] = [_one(each, parse, errors) for each in parts["states"].entries("states")]
    for key in ("raw", "faults"):
        if key in parts:
            found[key] = [str(each.value) for each in parts[key].entries(key)]
    if "faults" in parts and not any(cells.get("role") == "fault" for _, cells in metrics):
        errors.append(parts["faults"].error("faults without a metric of role fault", "add that metric"))
    if len(errors) == before:
        yield found
