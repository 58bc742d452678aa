"""What the attributes of an event of a certain kind must say, and in which words. Pure.

Attributes beyond those listed are kept as they come: who owns the event may know more than we ask for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shared.records import fields
from shared.records.fields import FieldError
from shared.records.rows import Values
from shared.records.vocabulary import IMPROVEMENT_STATUSES, OWNER_ROLES, PAYERS, RENEWAL_OUTCOMES

Parse = Callable[[str], Any]

_at_least_0 = fields.number(0, remedy="write hours of at least 0")
_units = fields.number(0, remedy="write units, of at least 0")
_cost: Mapping[str, Parse] = {
    "hours": _at_least_0,
    "cost": fields.money(2),
    "currency": fields.currency,
    "paid_by": fields.one_of("payer", PAYERS),
}
_WORDS: Mapping[str, Mapping[str, Parse]] = {
    "improvement": {
        "id": fields.text,
        "status": fields.one_of("status", IMPROVEMENT_STATUSES),
        "title": fields.text,
        "capability": fields.word,
        "objective": fields.text,
        "expected_hours": _at_least_0,
        "expected_money": fields.money(2),
        "currency": fields.currency,
        "owner_role": fields.one_of("role", OWNER_ROLES),
    },
    "capability_adopted": {"capability": fields.word},
    "milestone": {"name": fields.text, "due_on": fields.day, "done_on": fields.day},
    "commitment": {"what": fields.text, "due_on": fields.day, "kept_on": fields.day},
    "renewal": {"outcome": fields.one_of("outcome", RENEWAL_OUTCOMES), "contract": fields.text},
    "baseline": {"availability": fields.number(0, 1, remedy="write a share from 0 to 1"), "good_per_hour": _units},
    "order": {"quantity": _units},
    "work_order": {**_cost, "due_on": fields.day},
    "software_release": {"support_ends_on": fields.day},
    "retrofit": {"support_ends_on": fields.day},
    "touchpoint": _cost,
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "improvement": ("id", "status", "title"),
    "capability_adopted": ("capability",),
    "milestone": ("name", "due_on"),
}
_MONEY = ("expected_money", "cost")


def attributes_say_what_the_kind_asks(values: Values) -> None:
    """The attributes that an event's kind asks for are there, in words that can be counted with."""
    kind, attributes = values["kind"], values["attributes"]
    for name in _REQUIRED.get(kind, ()):
        if attributes.get(name) in (None, ""):
            raise FieldError(f"attributes: {kind} without {name}", f"write its {name}")
    words = _WORDS.get(kind, {})
    for name, parse in words.items():
        if attributes.get(name) is not None:
            _check(name, attributes[name], parse)
    for name in _MONEY:
        if name in words and attributes.get(name) is not None and attributes.get("currency") is None:
            raise FieldError(f"attributes: {name} without currency", "write the currency that belongs to it")


def _check(name: str, said: object, parse: Parse) -> None:
    if isinstance(said, bool | list | dict):
        raise FieldError(f"attributes: {name} is neither text nor a number", f"write {name} as one value")
    try:
        parse(str(said))
    except FieldError as exc:
        raise FieldError(f"attributes: {name}: {exc.problem}", exc.remedy) from exc
