import pytest

from services.ingest.batch.cardinality import admit
from services.ingest.decoding.decoder import Decoder
from services.ingest.decoding.reason_kinds import ReasonKind, kind_of
from tests.unit.ingest.messages import NOW_MS, envelope


@pytest.mark.parametrize(
    ("topic", "body", "kind"),
    [
        ("bellwether/v1/p", "{}", ReasonKind.TOPIC),
        ("unheard/of", "{}", ReasonKind.TOPIC),
        ("bellwether/v1/p/d", '{"timestamp": 0, "values": {"a": 1}}', ReasonKind.TIME),
        ("bellwether/v1/p/d", f'{{"timestamp": {2 * NOW_MS}, "values": {{"a": 1}}}}', ReasonKind.TIME),
        ("bellwether/v1/p/d", f'{{"timestamp": {NOW_MS}, "values": {{"": 1}}}}', ReasonKind.NAME),
        ("bellwether/v1/p/d", f'{{"timestamp": {NOW_MS}, "values": {{"a": "\\u0000"}}}}', ReasonKind.NAME),
        ("bellwether/v1/p/d", f'{{"timestamp": {NOW_MS}, "values": {{"a": {10**40}}}}}', ReasonKind.VALUE),
        ("bellwether/v1/p/d", b"\xff", ReasonKind.PAYLOAD),
        ("bellwether/v1/p/d", "[" * 100_000, ReasonKind.PAYLOAD),
    ],
)
def test_what_decoders_refuse_is_told_apart(topic, body, kind):
    reason = Decoder().decode(envelope(topic, body)).reason
    assert reason is not None
    assert kind_of(reason) is kind, reason


def test_what_is_refused_for_the_limits_is_told_apart():
    decoded = Decoder().decode(envelope("bellwether/v1/p/d", {"timestamp": NOW_MS, "values": {"a": 1}}))
    for existing, new_sources in (({"bellwether/v1/p": 5}, 0), ({}, 10**6)):
        (refused,) = admit([decoded], lambda _: {("d", "a")}, existing=existing, limit=5, new_sources=new_sources)
        assert kind_of(refused.reason or "") is ReasonKind.LIMIT


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("the database refuses it: 22021 invalid byte sequence", ReasonKind.DATABASE),
        ("no birth gives alias 7 to one metric", ReasonKind.SPARKPLUG),
        ("a retained Sparkplug message tells the past: the specification forbids it", ReasonKind.SPARKPLUG),
        ("neither the metric nor the payload has a time", ReasonKind.TIME),
        ("'2013' is not a time in RFC 3339", ReasonKind.TIME),
        ("it has more than 100000 readings", ReasonKind.LIMIT),
        ("'t.in' has a unit, but is no number", ReasonKind.VALUE),
        ("'t.in' is too large for mm", ReasonKind.VALUE),
        ("there is no name of a metric at 'id'", ReasonKind.NAME),
        ("something that nobody foresaw", ReasonKind.PAYLOAD),
    ],
)
def test_reasons_of_other_places_are_told_apart(reason, kind):
    assert kind_of(reason) is kind
