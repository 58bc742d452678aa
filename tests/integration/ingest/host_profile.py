"""The assertions of the host profile (Sparkplug 3.0, its compatibility kit's tests of hosts), and who shows them.

An assertion is shown by the tests that name it with `shows`, or has a reason here why nobody need show it.
"""

from collections.abc import Callable
from typing import TypeVar

_Test = TypeVar("_Test", bound=Callable[..., object])

ASSERTIONS = {
    "EdgeSessionTermination": (
        "operational-behavior-edge-node-termination-host-action-ddeath-devices-offline",
        "operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale",
        "operational-behavior-edge-node-termination-host-action-ndeath-devices-offline",
        "operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale",
        "operational-behavior-edge-node-termination-host-action-ndeath-node-offline",
        "operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale",
    ),
    "MessageOrdering": (
        "operational-behavior-host-reordering-param",
        "operational-behavior-host-reordering-rebirth",
        "operational-behavior-host-reordering-start",
        "operational-behavior-host-reordering-success",
    ),
    "MultipleBroker": (
        "operational-behavior-host-application-multi-server-timestamp",
        "operational-behavior-primary-application-state-with-multiple-servers-state",
        "operational-behavior-primary-application-state-with-multiple-servers-state-subs",
    ),
    "SendCommand": (
        "message-flow-edge-node-birth-publish-will-message-topic",
        "operational-behavior-data-commands-dcmd-metric-name",
        "operational-behavior-data-commands-dcmd-metric-value",
        "operational-behavior-data-commands-dcmd-verb",
        "operational-behavior-data-commands-ncmd-metric-name",
        "operational-behavior-data-commands-ncmd-metric-value",
        "operational-behavior-data-commands-ncmd-rebirth-name",
        "operational-behavior-data-commands-ncmd-rebirth-value",
        "operational-behavior-data-commands-ncmd-rebirth-verb",
        "operational-behavior-data-commands-ncmd-verb",
        "payloads-dcmd-qos",
        "payloads-dcmd-retain",
        "payloads-dcmd-seq",
        "payloads-dcmd-timestamp",
        "payloads-name-cmd-requirement",
        "payloads-ncmd-qos",
        "payloads-ncmd-retain",
        "payloads-ncmd-seq",
        "payloads-ncmd-timestamp",
        "topics-dcmd-mqtt",
        "topics-dcmd-payload",
        "topics-dcmd-timestamp",
        "topics-dcmd-topic",
        "topics-ncmd-mqtt",
        "topics-ncmd-payload",
        "topics-ncmd-timestamp",
        "topics-ncmd-topic",
    ),
    "SessionEstablishment": (
        "components-ph-state",
        "conformance-primary-host",
        "host-topic-phid-birth-message",
        "host-topic-phid-birth-payload",
        "host-topic-phid-birth-payload-timestamp",
        "host-topic-phid-birth-qos",
        "host-topic-phid-birth-required",
        "host-topic-phid-birth-retain",
        "host-topic-phid-birth-sub-required",
        "host-topic-phid-birth-topic",
        "host-topic-phid-death-payload",
        "host-topic-phid-death-qos",
        "host-topic-phid-death-required",
        "host-topic-phid-death-retain",
        "host-topic-phid-death-topic",
        "intro-sparkplug-host-state",
        "message-flow-hid-sparkplug-state-message-delivered",
        "message-flow-phid-sparkplug-clean-session-311",
        "message-flow-phid-sparkplug-clean-session-50",
        "message-flow-phid-sparkplug-state-publish",
        "message-flow-phid-sparkplug-state-publish-payload",
        "message-flow-phid-sparkplug-state-publish-payload-timestamp",
        "message-flow-phid-sparkplug-subscription",
        "operational-behavior-host-application-connect-birth",
        "operational-behavior-host-application-connect-birth-payload",
        "operational-behavior-host-application-connect-birth-qos",
        "operational-behavior-host-application-connect-birth-retained",
        "operational-behavior-host-application-connect-birth-topic",
        "operational-behavior-host-application-connect-will",
        "operational-behavior-host-application-connect-will-payload",
        "operational-behavior-host-application-connect-will-qos",
        "operational-behavior-host-application-connect-will-retained",
        "operational-behavior-host-application-connect-will-topic",
        "payloads-state-birth",
        "payloads-state-birth-payload",
        "payloads-state-subscribe",
        "payloads-state-will-message",
        "payloads-state-will-message-payload",
        "payloads-state-will-message-qos",
        "payloads-state-will-message-retain",
        "principles-birth-certificates-order",
    ),
    "SessionTermination": (
        "host-topic-phid-death-payload-timestamp-disconnect-clean",
        "host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet",
        "operational-behavior-host-application-death-payload",
        "operational-behavior-host-application-death-qos",
        "operational-behavior-host-application-death-retained",
        "operational-behavior-host-application-death-topic",
        "operational-behavior-host-application-disconnect-intentional",
        "operational-behavior-host-application-termination",
    ),
}

_WRITES = "Bellwether writes nothing into a plant: the rebirth request is the one command it sends"

NOT_SHOWN = {
    "host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet": (
        "Bellwether ends its session with a DISCONNECT whenever it ends it itself; cut off, its will speaks"
    ),
    "operational-behavior-host-application-multi-server-timestamp": "one process of ingest is host on one broker",
    "message-flow-edge-node-birth-publish-will-message-topic": "a rule for edge nodes",
    "operational-behavior-data-commands-ncmd-metric-name": _WRITES,
    "operational-behavior-data-commands-ncmd-metric-value": _WRITES,
    "operational-behavior-data-commands-dcmd-metric-name": _WRITES,
    "operational-behavior-data-commands-dcmd-metric-value": _WRITES,
    "operational-behavior-data-commands-dcmd-verb": _WRITES,
    "payloads-dcmd-qos": _WRITES,
    "payloads-dcmd-retain": _WRITES,
    "payloads-dcmd-seq": _WRITES,
    "payloads-dcmd-timestamp": _WRITES,
    "topics-dcmd-mqtt": _WRITES,
    "topics-dcmd-payload": _WRITES,
    "topics-dcmd-timestamp": _WRITES,
    "topics-dcmd-topic": _WRITES,
}

shown: dict[str, list[str]] = {}
"""Assertion to the names of its tests."""


def shows(*assertions: str) -> Callable[[_Test], _Test]:
    """Note that a test shows these assertions."""

    def note(test: _Test) -> _Test:
        for assertion in assertions:
            shown.setdefault(assertion, []).append(test.__name__)
        return test

    return note
