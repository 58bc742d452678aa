"""The Sparkplug B host application, without its network: messages in, what they tell out."""

from services.ingest.sparkplug.host import PROTOCOL, SUBSCRIPTION, SparkplugHost

__all__ = ["PROTOCOL", "SUBSCRIPTION", "SparkplugHost"]
