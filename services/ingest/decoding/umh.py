"""UMH's unified namespace: topic `umh/v1/{enterprise}/{site}[/{level}…]/_{contract}[/{path}…]/{name}`

{"timestamp_ms": <Unix ms>, "value": number | string | true | false | null}

The source is `umh/v1/{enterprise}/{site}`: what one plant's gateway publishes with one credential. All sources lie
equally deep, so that no source's access rule covers another's; a topic with an enterprise alone is refused. The device
is the rest of the location (`packaging/line-3`), or `_site` where there is none, which no level can be called. The
metric begins with the contract (`_raw/motor/speed`), since one tag may be there raw and modelled at the same instant.

UMH Classic sent several tags at once under `_historian`: any keys but the time's, nested where they are grouped. They
are taken as if each had come under its own topic.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import msgspec

from services.ingest.decoding.bounded_caches import kept_by_topic
from services.ingest.decoding.values import Scalar, once_each, sort_values
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import MALFORMED, MOST_READINGS, Reading, check_count, check_instant, check_name
from shared.errors import DecodeError

PROTOCOL = "umh"
PREFIX = "umh/v1/"
SUBSCRIPTION = "umh/v1/#"

_SEVERAL_TAGS = "_historian"
_TIME = "timestamp_ms"
_SITE_ITSELF = "_site"
_SHAPE = 'a message is {"timestamp_ms": whole Unix ms, "value": number, text, true, false or null}'


class Tag(NamedTuple):
    """What a topic says. `name` is None where the topic ends with the contract, and the payload names its tags."""

    source: str
    device: str
    contract: str
    name: str | None


class _Value(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    timestamp_ms: int
    value: Scalar


_value = msgspec.json.Decoder(_Value)
_object = msgspec.json.Decoder(dict[str, object])


def decode_umh(envelope: Envelope) -> tuple[Reading, ...]:
    """The reading of one message; raise DecodeError with the reason."""
    topic = envelope.topic
    tag = parse_topic(topic)
    try:
        timestamp_ms, items = _tags(topic, tag, envelope.payload)
    except MALFORMED as exc:
        raise DecodeError(topic, str(exc) or type(exc).__name__) from exc
    found = sort_values(topic, once_each(topic, items))
    return (
        Reading(
            source=tag.source,
            protocol=PROTOCOL,
            device=tag.device,
            observed_us=check_instant(topic, timestamp_ms * 1000, envelope.received_us),
            historical=False,
            metrics=found.metrics,
            values=found.values,
            texts=found.texts,
        ),
    )


@kept_by_topic
def parse_topic(topic: str) -> Tag:
    """What `topic` says; raise DecodeError where it is none of UMH's."""
    levels = topic.split("/")
    contract = next((place for place, level in enumerate(levels) if level.startswith("_")), len(levels))
    location, rest = levels[2:contract], levels[contract:]
    if levels[:2] != ["umh", "v1"] or not rest or not all(levels):
        raise DecodeError(topic, "the topic is not umh/v1/{enterprise}/{site}/…/_{contract}/…/{name}")
    if len(location) < 2:
        raise DecodeError(topic, "the location has no site: a source is umh/v1/{enterprise}/{site}")
    if len(rest[0]) < 2 or (len(rest) == 1 and rest[0] != _SEVERAL_TAGS):
        raise DecodeError(topic, f"no tag is named after the contract {rest[0]!r}")
    return Tag(
        source=check_name(topic, "/".join(levels[:4])),
        device=check_name(topic, "/".join(location[2:]) or _SITE_ITSELF),
        contract=rest[0],
        name=check_name(topic, "/".join(rest)) if len(rest) > 1 else None,
    )


def _tags(topic: str, tag: Tag, payload: bytes) -> tuple[int, list[tuple[str, Scalar]]]:
    """The time and each tag with its value."""
    if tag.name is not None:
        try:
            body = _value.decode(payload)
        except msgspec.ValidationError as exc:
            if tag.contract != _SEVERAL_TAGS:
                raise msgspec.ValidationError(f"{exc}; {_SHAPE}") from exc
        else:
            return body.timestamp_ms, [(tag.name, body.value)]
    members = _object.decode(payload)
    timestamp_ms = members.pop(_TIME, None)
    if not isinstance(timestamp_ms, int) or isinstance(timestamp_ms, bool):
        raise msgspec.ValidationError(f"{_TIME} is not an integer")
    if not members:
        raise msgspec.ValidationError(f"there is nothing beside {_TIME}")
    tags = list(islice(_leaves(topic, tag.name or tag.contract, members), MOST_READINGS + 1))
    check_count(topic, len(tags))
    return timestamp_ms, tags


def _leaves(topic: str, prefix: str, members: dict[str, object]) -> Iterator[tuple[str, Scalar]]:
    """Names are checked on the way down: of 900 levels with long keys, the names alone would fill gigabytes."""
    for key, value in members.items():
        name = check_name(topic, f"{prefix}/{key}")
        if isinstance(value, dict):
            yield from _leaves(topic, name, value)
        elif value is None or isinstance(value, str | bool | int | float):
            yield name, value
        else:
            raise msgspec.ValidationError(f"{name!r} is an array")
