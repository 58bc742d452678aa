"""What the births of a session announced: names behind aliases, data types, members of templates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import getsizeof
from typing import NamedTuple

from services.ingest.messages.readings import LONGEST_NAME
from services.ingest.sparkplug.shapes import Shape
from services.ingest.sparkplug.stencils import Stencils
from shared.errors import DecodeError
from shared.sparkplug.datatypes import DataType
from shared.sparkplug.names import BD_SEQ
from shared.sparkplug.sparkplug_b_pb2 import Payload
from shared.sparkplug.structures import Member, template_members

_WEIGHT_OF_DEVICE = 4
_BYTES_A_MEMBER = 8
_BYTES_A_METRIC = 512
_CUT_NAME = LONGEST_NAME + 1
_MOST_TEMPLATE_BYTES = 512 * 1024
_NO_MEMBERS: Mapping[str, Member] = {}


class UnknownMetricError(DecodeError):
    """No birth names the metric: the node has to give its births again."""


class Known(NamedTuple):
    """One metric as its birth, or the message itself, describes it."""

    name: str
    datatype: int | None
    members: Mapping[str, Member]


@dataclass
class Births:
    """The metrics of one device, or of the node itself.

    weight: how much memory that takes, with what is learnt of its messages, in metrics.
    """

    by_alias: dict[int, Known] = field(default_factory=dict)
    by_name: dict[str, Known] = field(default_factory=dict)
    shapes: dict[object, Shape] = field(default_factory=dict)
    stencils: Stencils = field(default_factory=Stencils)
    weight: int = _WEIGHT_OF_DEVICE

    def identify(self, topic: str, metric: Payload.Metric) -> Known:
        """The metric's name and type: its own where it gives them, else the birth's. Raises UnknownMetricError."""
        if metric.name:
            known = self.by_name.get(metric.name, Known(metric.name, None, _NO_MEMBERS))
        elif metric.HasField("alias"):
            found = self.by_alias.get(metric.alias)
            if found is None:
                raise UnknownMetricError(topic, f"no birth gives alias {metric.alias} to one metric")
            known = found
        else:
            raise DecodeError(topic, "a metric has neither a name nor an alias")
        datatype = metric.datatype
        return known if not datatype or datatype == known.datatype else known._replace(datatype=datatype)


def learn(payload: Payload) -> Births:
    """What a birth announces. An alias that it gives to several metrics names none: guessing would swap their data.

    Of a name that is too long, and will be refused wherever it is said, as much is kept as shows that it is.
    """
    births = Births()
    ambiguous = set()
    template_bytes = name_bytes = 0
    for metric in payload.metrics:
        if not metric.name:
            continue
        members = _NO_MEMBERS
        if metric.datatype == DataType.TEMPLATE and template_bytes < _MOST_TEMPLATE_BYTES:
            template_bytes += len(metric.template_value)
            members = template_members(metric.template_value)
        known = Known(metric.name[:_CUT_NAME], metric.datatype or None, members)
        name_bytes += getsizeof(known.name)
        births.by_name[known.name] = known
        if metric.HasField("alias") and births.by_alias.setdefault(metric.alias, known).name != known.name:
            ambiguous.add(metric.alias)
    for alias in ambiguous:
        del births.by_alias[alias]
    births.weight += max(len(births.by_name), len(births.by_alias))
    births.weight += name_bytes // _BYTES_A_METRIC + template_bytes // _BYTES_A_MEMBER
    return births


def bd_seq(payload: Payload) -> int | None:
    """The number that ties a death to its birth; None where the payload has none."""
    return next((m.long_value or m.int_value for m in payload.metrics if m.name == BD_SEQ), None)
