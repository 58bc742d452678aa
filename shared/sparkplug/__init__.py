"""Sparkplug B on the wire: the protocol buffer, its data types, and payloads as a plant writes them."""

from shared.sparkplug.datatypes import DataType
from shared.sparkplug.encode import Metric, next_seq, node_birth, node_death, payload, rebirth_command
from shared.sparkplug.names import NAMESPACE, SUBSCRIPTION, state_topic, topic
from shared.sparkplug.state import parse_state, state_payload

__all__ = [
    "NAMESPACE",
    "SUBSCRIPTION",
    "DataType",
    "Metric",
    "next_seq",
    "node_birth",
    "node_death",
    "parse_state",
    "payload",
    "rebirth_command",
    "state_payload",
    "state_topic",
    "topic",
]
