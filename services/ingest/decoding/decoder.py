"""What comes through the kept session: the topic decides the decoder."""

from collections.abc import Sequence

from services.ingest.decoding import bellwether_json as json_telemetry
from services.ingest.decoding import umh
from services.ingest.decoding.bellwether_json import decode_json
from services.ingest.decoding.mapped_json import Arrivals, decode_mapped, match_topic
from services.ingest.decoding.umh import decode_umh
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded, Reading, check_size
from shared.errors import DecodeError
from shared.mappings import MappingSpecification, subscription


class Decoder:
    """All formats but Sparkplug. `mappings` may be replaced at any time; the first that fits a topic counts.

    A retained message is what the broker kept for newcomers, and may be years old: it gives nothing, except where a
    mapping takes it, and never says that its source is alive. Sparkplug, which a mapping's wildcards may cover, gives
    nothing either: its own session has it.
    """

    def __init__(self, mappings: Sequence[MappingSpecification] = ()) -> None:
        self.mappings = tuple(mappings)
        self._arrivals = Arrivals()

    def decode(self, envelope: Envelope) -> Decoded:
        """The message decoded whole, or refused whole with a reason; never an exception for what it contains."""
        if envelope.topic.startswith("spBv1.0/"):
            return Decoded(envelope)
        try:
            return Decoded(envelope, self._readings(envelope), alive=None if envelope.retained else True)
        except DecodeError as exc:
            return Decoded(envelope, reason=exc.reason)

    def _readings(self, envelope: Envelope) -> tuple[Reading, ...]:
        check_size(envelope.topic, envelope.payload)
        if envelope.topic.startswith("bellwether/v1/"):
            return () if envelope.retained else decode_json(envelope)
        if envelope.topic.startswith(umh.PREFIX):
            return () if envelope.retained else decode_umh(envelope)
        for mapping in self.mappings:
            address = match_topic(envelope.topic, mapping.topic)
            if address is not None:
                return decode_mapped(mapping, address, envelope, self._arrivals)
        raise DecodeError(envelope.topic, "no mapping fits the topic")


def acknowledged_subscriptions(mappings: Sequence[MappingSpecification]) -> frozenset[str]:
    """Topic filters of everything that comes at QoS 1 through the kept session."""
    mapped = (subscription(mapping.topic) for mapping in mappings)
    return frozenset({json_telemetry.SUBSCRIPTION, umh.SUBSCRIPTION, *mapped})
