"""The names that Sparkplug B gives: topics, and metrics that are no telemetry."""

NAMESPACE = "spBv1.0"
SUBSCRIPTION = f"{NAMESPACE}/#"
REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"


def topic(group: str, message_type: str, edge: str, device: str | None = None) -> str:
    """Topic of a message; `message_type` is NBIRTH, DDATA, NCMD and so on."""
    parts = [NAMESPACE, group, message_type, edge]
    return "/".join(parts if device is None else [*parts, device])


def state_topic(host_id: str) -> str:
    """Topic under which a host application says, retained, whether it is online."""
    return f"{NAMESPACE}/STATE/{host_id}"
