"""Settings of ingest, from BELLWETHER_INGEST_*."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestSettings(BaseSettings):
    """What concerns ingest alone."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_INGEST_", extra="ignore")

    metrics_port: int = Field(default=0, ge=0, le=65535, description="where Prometheus finds metrics; 0 for nowhere")
    spool_directory: Path = Field(
        default=Path(".bellwether/spool"), description="where Sparkplug data wait while the database is away"
    )
    spool_limit_mb: int = Field(default=1024, ge=1, description="how much of them, in MB")
    reorder_timeout_s: float = Field(default=5.0, gt=0, description="how long a Sparkplug message may be overtaken")
    births_within_s: float = Field(
        default=60.0,
        gt=0,
        description="when a node that gives no births is stale",
    )
    sparkplug_metrics: int = Field(
        default=200_000, ge=1, description="so many metrics of Sparkplug births are kept in memory, 0.5 kB each"
    )
    dead_letters_mb: int = Field(default=1024, ge=1, description="how many MB of refused messages are kept")
    series_per_source: int = Field(default=10_000, ge=1, description="so many metrics of its devices a source may name")
