"""Sparkplug topics: `spBv1.0/{group}/{type}/{edge}[/{device}]`, and `spBv1.0/STATE/{host}`."""

from typing import NamedTuple

from services.ingest.decoding.bounded_caches import kept_by_topic
from services.ingest.messages.readings import check_name
from shared.errors import DecodeError

NOT_TELEMETRY = frozenset({"NCMD", "DCMD", "STATE"})
"""Types that tell hosts or nodes something; what others command and which other hosts there are is not ours."""


class Address(NamedTuple):
    """What a topic says. device None: the node itself. source: the topic prefix that the node speaks under."""

    kind: str
    group: str
    edge: str
    device: str | None
    source: str


@kept_by_topic
def parse_topic(topic: str) -> Address:
    """The address in `topic`; raise DecodeError where it is none of Sparkplug's."""
    match topic.split("/"):
        case ["spBv1.0", "STATE", host] if host:
            return Address("STATE", "", host, None, "")
        case ["spBv1.0", group, "NBIRTH" | "NDATA" | "NDEATH" | "NCMD" as kind, edge]:
            device = None
        case ["spBv1.0", group, "DBIRTH" | "DDATA" | "DDEATH" | "DCMD" as kind, edge, device]:
            check_name(topic, device)
        case _:
            raise DecodeError(topic, "the topic is not spBv1.0/{group}/{type}/{edge}[/{device}]")
    return Address(kind, check_name(topic, group), check_name(topic, edge), device, f"spBv1.0/{group}/{edge}")
