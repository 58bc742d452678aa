"""The Sparkplug B host application, without its network: messages in, what they tell out."""

from services.ingest.sparkplug.counts import Counts
from services.ingest.sparkplug.host import SparkplugHost
from services.ingest.sparkplug.telemetry import PROTOCOL

__all__ = ["PROTOCOL", "Counts", "SparkplugHost"]
