"""Whether data arrives: sources and their clocks, samples, what was refused, when ingest itself was away."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import parts
from deploy.grafana.laying_out import laid_out
from deploy.grafana.panels import Panel, series, stat, table


def ingest() -> Dashboard:
    """The operation of ingest as the database tells it; how fast it is, its own metrics tell."""
    board = parts.board("ingest", "Ingest operations", "Whether plants' data arrives, and whether it is assessed.")
    board.time("now-7d", "now")
    return laid_out(board, [*_numbers(), _sources(), *_courses(), _refused(), _conflicts(), _sessions(), _waiting()])


def _numbers() -> list[Panel]:
    return [
        stat("Sources", "Topic prefixes that ever told something.", "none",
             "SELECT count(*) FROM bellwether_views.sources", width=6),
        stat("Sources of nobody", "Their data is kept, and assessed once a record says whose they are.", "none",
             "SELECT count(*) FROM bellwether_views.sources WHERE customer_id IS NULL", width=6),
        stat("Silent for longest", "Of the sources that did not end their session.", "s",
             "SELECT max(silent_seconds) FROM bellwether_views.sources WHERE alive IS DISTINCT FROM false", width=6),
        stat("Dead letters", "Messages refused in the stretch of time chosen.", "none",
             "SELECT count(*) FROM bellwether_views.dead_letters WHERE $__timeFilter(time)", width=6),
    ]  # fmt: skip


def _sources() -> Panel:
    return table(
        "Sources",
        "Those first that were silent for longest; at most 500. Clock: how far it is ahead of ours, negative behind.",
        """
        SELECT source AS "Source", protocol AS "Protocol", customer AS "Customer", site AS "Site", alive AS "Alive",
            silent_seconds AS "Silent for", received_at AS "Received", observed_through AS "Observed through",
            clock_offset_seconds AS "Clock"
        FROM bellwether_views.sources ORDER BY received_at NULLS FIRST LIMIT 500
        """,
        columns={
            "Silent for": [("unit", "s")],
            "Received": parts.TIME,
            "Observed through": parts.TIME,
            "Clock": [("unit", "s")],
        },
    )


def _courses() -> list[Panel]:
    return [
        series(
            "Samples by source",
            "Samples an hour, by the machines' clocks.",
            "short",
            """
            SELECT time, source AS metric, samples AS value FROM bellwether_views.samples_hourly
            WHERE $__timeFilter(time) ORDER BY time
            """,
        ),
        series(
            "Dead letters",
            "Messages refused an hour, by reason; `bellwether dead-letters list` shows them.",
            "short",
            """
            SELECT date_bin('1 hour', time, '2001-01-01Z'::timestamptz) AS time, reason AS metric, count(*) AS value
            FROM bellwether_views.dead_letters WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1
            """,
            drawn="bars",
        ),
    ]


def _refused() -> Panel:
    return table(
        "Refused messages",
        "The newest 200 dead letters, without what was in them.",
        """
        SELECT time AS "Received", topic AS "Topic", reason AS "Reason", qos AS "QoS", replayed_at AS "Replayed"
        FROM bellwether_views.dead_letters WHERE $__timeFilter(time) ORDER BY time DESC LIMIT 200
        """,
        columns={"Received": parts.TIME, "Replayed": parts.TIME, "Topic": parts.WIDE, "Reason": parts.WIDE},
        width=12,
    )


def _conflicts() -> Panel:
    return table(
        "Samples that contradict",
        "Series of which a sample came again with another value; the first one stays. Two devices under one name are"
        " the usual cause.",
        """
        SELECT time AS "Last", source AS "Source", device AS "Device", metric AS "Metric", conflicts AS "Conflicts",
            kept AS "Kept", offered AS "Offered"
        FROM bellwether_views.sample_conflicts WHERE $__timeFilter(time) ORDER BY time DESC LIMIT 200
        """,
        columns={"Last": parts.TIME},
        width=12,
    )


def _sessions() -> Panel:
    return table(
        "When ingest listened",
        "Outside of these stretches silence is ours, and no source is blamed for it.",
        """
        SELECT time AS "From", ended_at AS "To", extract(epoch FROM ended_at - time) / 3600 AS "Hours"
        FROM bellwether_views.ingest_sessions
        WHERE time <= $__timeTo() AND ended_at >= $__timeFrom() ORDER BY time DESC LIMIT 200
        """,
        columns={"From": parts.TIME, "To": parts.TIME, "Hours": parts.HOURS},
        width=12,
    )


def _waiting() -> Panel:
    return table(
        "Assessment",
        "How far each customer is assessed, and since when new data waits for it; those that wait longest first.",
        """
        SELECT customer AS "Customer", assessed_through AS "Assessed through", assessed_at AS "Assessed at",
            due_since AS "Waiting since", waiting_seconds AS "Waiting for"
        FROM bellwether_views.assessments ORDER BY due_since NULLS LAST, assessed_through LIMIT 500
        """,
        columns={
            "Assessed through": parts.TIME,
            "Assessed at": parts.TIME,
            "Waiting since": parts.TIME,
            "Waiting for": [("unit", "s")],
        },
        width=12,
    )
