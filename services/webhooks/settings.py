"""Settings of the webhooks' delivery, from BELLWETHER_WEBHOOK_*."""

from pathlib import Path

from pydantic import Field

from shared.settings import WebhookSettings


class DeliverySettings(WebhookSettings):
    """Where webhooks may lead, and where their delivery tells of itself."""

    channels_file: Path | None = Field(
        default=None, description="YAML, a line `NAME: address of Apprise` for each channel of people"
    )
    metrics_port: int | None = Field(default=None, ge=1, le=65535, description="serve Prometheus metrics on this port")
