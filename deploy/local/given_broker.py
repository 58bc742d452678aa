"""A broker that somebody else runs, tried before anything starts: its refusal would stand in ingest's log alone."""

import os
import ssl

from shared.errors import BrokerError, RefusedError, SetupError
from shared.mqtt import address_of, admitted, new_client
from shared.settings import BrokerSettings


def try_broker(settings: BrokerSettings) -> str:
    """What to say about the broker: that it lets us in, or that it does not answer and is waited for.

    Raises SetupError, with what to do, when it refuses us or TLS fails, which waiting does not mend.
    """
    client = new_client(settings, client_id=f"{settings.broker_client_id}-check-{os.getpid()}")
    host, port = address_of(settings)
    try:
        with admitted(client, settings):
            return f"yours at {host}:{port}"
    except RefusedError as exc:
        raise SetupError(
            f"{exc}; a port that speaks TLS needs mqtts://, and may ask for a BELLWETHER_BROKER_CERT_FILE"
        ) from exc
    except BrokerError as exc:
        if isinstance(exc.__cause__, ssl.SSLError | ConnectionResetError):
            raise SetupError(
                f"{exc}; name the authority that signed its certificate in BELLWETHER_BROKER_CA_FILE, and the host as "
                "it does; a port that does not speak TLS needs mqtt://"
            ) from exc
        return (
            f"waited for: {exc}. Nothing comes from plants until it answers; ingest keeps trying. Is the address right?"
        )
