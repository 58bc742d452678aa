import pytest
from prometheus_client import REGISTRY

from services.ingest.decoding.decoder import Decoder
from services.ingest.monitoring.store_metrics import count_batch
from shared.mappings import parse_mapping
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

UNDATED = parse_mapping(
    {"id": "plc", "topic": "plc/{source}/{metric}", "time": {"format": "received"}, "values": [{"path": ""}]}
)
GOOD = {"timestamp": NOW_MS, "values": {"a": 1, "b": "x"}}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"bellwether_ingest_{name}_total", labels) or 0.0


@pytest.mark.parametrize(
    ("topic", "payload", "retained", "outcome", "undated"),
    [
        ("bellwether/v1/p/d", GOOD, False, "stored", 0),
        ("bellwether/v1/p/d", GOOD, True, "ignored", 0),
        ("umh/v1/a/b/_raw/x", b"", True, "ignored", 0),
        ("bellwether/v1/p/d", b"", False, "dead_letter", 0),
        ("plc/press/force", b"41.5", False, "stored", 1),
        ("plc/press/force", b"41.5", True, "ignored", 0),
    ],
)
def test_a_message_is_counted_once_and_undated_samples_are_told(topic, payload, retained, outcome, undated):
    before = {each: counted("messages", outcome=each) for each in ("stored", "ignored", "dead_letter")}
    undated_before = counted("undated_samples")
    decoded = Decoder([UNDATED]).decode(envelope(topic, payload, retained=retained))
    count_batch([decoded], seconds=0.1, committed_us=NOW_US)
    after = {each: counted("messages", outcome=each) - was for each, was in before.items()}
    assert after == {each: float(each == outcome) for each in before}
    assert counted("undated_samples") - undated_before == undated
