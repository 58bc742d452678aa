"""The whole check, in the order in which ingest needs things, and what ingest would do with what it heard."""

from collections.abc import Iterator, Mapping, Sequence

from services.ingest.checking.broker import Heard, Subscription, check_broker
from services.ingest.checking.database import check_database
from services.ingest.checking.finding import Finding
from services.ingest.checking.spool import check_spool
from services.ingest.decoding.decoder import Decoder, acknowledged_subscriptions
from services.ingest.settings import IngestSettings
from shared.mappings import MappingSpecification
from shared.settings import BrokerSettings, DatabaseSettings
from shared.sparkplug import SUBSCRIPTION


def check_all(
    database_settings: DatabaseSettings,
    broker_settings: BrokerSettings,
    settings: IngestSettings,
    *,
    listen_s: float,
) -> list[Finding]:
    """Everything that was found. Nothing is stored, nothing published, nobody's session touched."""
    stored = check_database(database_settings, host_id=broker_settings.sparkplug_host_id)
    wanted = {Subscription(each, 1) for each in acknowledged_subscriptions(stored.mappings)}
    said = check_broker(broker_settings, {*wanted, Subscription(SUBSCRIPTION, 0)}, listen_s=listen_s)
    would = _would_do(said.heard, stored.mappings, listen_s)
    return [*stored.findings, check_spool(settings), *said.findings, *would]


def _would_do(
    heard: Mapping[str, Heard], mappings: Sequence[MappingSpecification], listen_s: float
) -> Iterator[Finding]:
    """A line for each topic filter under which something came. A dead letter is kept, so it is no problem of ours."""
    decoder = Decoder(mappings)
    for topic_filter, (messages, first) in heard.items():
        if not messages:
            continue
        decoded = [decoder.decode(envelope) for envelope in first]
        reasons = [one.reason for one in decoded if one.reason is not None]
        said = f"{messages} messages of {len({one.topic for one in first})} topics in {listen_s:g} s"
        if reasons:
            said += f"; of the first {len(first)}, {len(reasons)} would be dead letters: {reasons[0]}"
        yield Finding(f"heard on {topic_filter}", said)
