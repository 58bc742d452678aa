"""The Sparkplug B host application, without its network: messages in, what they tell out."""

from services.ingest.sparkplug.host import Counts, SparkplugHost
from services.ingest.sparkplug.telemetry import PROTOCOL

__all__ = ["PROTOCOL", "Counts", "SparkplugHost"]
