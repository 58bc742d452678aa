"""Structured logs: one JSON object a line on stderr, event name plus fields, never a payload."""

import logging
import sys

import structlog


def configure_logs(service: str, level: int = logging.INFO) -> None:
    """Set up structlog for one process; a terminal gets colours, a file or pipe gets JSON."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )

    def name_service(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """In every thread, which context variables would not be."""
        return {"service": service, **event}

    structlog.configure(
        processors=[
            name_service,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
