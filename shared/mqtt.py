"""Reaching a broker with paho: address, credentials and TLS as the settings say."""

import ssl
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt

from shared.errors import BrokerError, SetupError
from shared.settings import BrokerSettings

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_S = 30


def apply_settings(client: mqtt.Client, settings: BrokerSettings) -> tuple[str, int]:
    """Give `client` its credentials and TLS; return host and port.

    Raises SetupError for an address that cannot work.
    """
    address = urlsplit(settings.broker_url.get_secret_value())
    if address.scheme not in _DEFAULT_PORTS or not address.hostname:
        raise SetupError("the broker's address must look like mqtt://host:1883 or mqtts://user:password@host:8883")
    if address.username:
        client.username_pw_set(unquote(address.username), unquote(address.password or ""))
    if address.scheme == "mqtts":
        client.tls_set_context(_tls_context(settings))
    return address.hostname, address.port or _DEFAULT_PORTS[address.scheme]


def connect(client: mqtt.Client, settings: BrokerSettings) -> None:
    """Open the connection; raise BrokerError when nobody answers or TLS fails."""
    host, port = apply_settings(client, settings)
    try:
        client.connect(host, port, keepalive=_KEEPALIVE_S)
    except OSError as exc:
        raise BrokerError(f"cannot reach the broker at {host}:{port}: {exc}") from exc


def _tls_context(settings: BrokerSettings) -> ssl.SSLContext:
    """System authorities unless one is named; the host's name is always checked."""
    try:
        context = ssl.create_default_context(cafile=settings.broker_ca_file)
        if settings.broker_cert_file is not None:
            context.load_cert_chain(settings.broker_cert_file, settings.broker_key_file)
    except OSError as exc:
        raise SetupError(f"the broker's certificate files cannot be read: {exc}") from exc
    return context
