"""Settings of every service, read once at a process's start.

Each comes from the environment as `BELLWETHER_<NAME>`; the command line overrides. Durations are seconds.
"""

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import SetupError
from shared.targets import Network, networks

_Kind = TypeVar("_Kind", bound=BaseSettings)


def read_settings(kind: type[_Kind], **given: object) -> _Kind:
    """Settings from the environment, but for what is given; raise SetupError that names each variable to mend.

    Pydantic's own text would quote the values, which may be secrets.
    """
    values: dict[str, Any] = dict(given)
    try:
        return kind(**values)
    except ValidationError as exc:
        prefix = kind.model_config["env_prefix"]
        wrong = [f"{prefix}{str(each['loc'][0]).upper()}: {each['msg']}" for each in exc.errors()]
        raise SetupError("these settings are missing or wrong: " + "; ".join(wrong)) from None


def _of_networks(text: str) -> str:
    networks(text)
    return text


class DatabaseSettings(BaseSettings):
    """Where the database is."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_", extra="ignore")

    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")


class WebhookSettings(BaseSettings):
    """Where webhooks may lead besides the open internet."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_WEBHOOK_", extra="ignore")

    allowed_networks: Annotated[
        str,
        AfterValidator(_of_networks),
        Field(
            description="networks inside which webhooks may lead, by http too, with commas between them: "
            "10.1.0.0/16,127.0.0.1/32"
        ),
    ] = ""

    def allowed(self) -> tuple[Network, ...]:
        """The networks themselves."""
        return networks(self.allowed_networks)


class BrokerSettings(BaseSettings):
    """Where the broker is and who we are to it."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_", extra="ignore")

    broker_url: SecretStr = Field(description="mqtt://[user:password@]host[:port], or mqtts:// for TLS")
    broker_ca_file: Path | None = Field(default=None, description="certificate authority for mqtts://")
    broker_cert_file: Path | None = Field(default=None, description="client certificate for mqtts://")
    broker_key_file: Path | None = Field(default=None, description="the client certificate's key")
    broker_mqtt_version: str = Field(default="5", pattern="^(5|3.1.1)$", description="5, or 3.1.1 for an old broker")
    broker_client_id: str = Field(
        default="bellwether", min_length=1, description="what client ids begin with; each process needs one of its own"
    )
    broker_shared_group: str | None = Field(
        default=None, pattern="^[^/+#]+$", description="share the JSON load with other processes of this group (MQTT 5)"
    )
    sparkplug_host_id: str = Field(default="bellwether", pattern="^[^/+#]+$", description="in spBv1.0/STATE/<host id>")
