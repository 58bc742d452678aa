"""One site: its machines side by side, whose their stops were, what they told."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import parts
from deploy.grafana.laying_out import laid_out
from deploy.grafana.panels import Panel, series, table


def site() -> Dashboard:
    """What is known of one site."""
    board = parts.board("site", "Site", "One site: its machines, their stops and alerts.")
    board.with_variable(parts.customer_variable()).with_variable(parts.site_variable())
    board.annotation(parts.alerts_annotation(parts.OF_SITE)).annotation(parts.firmware_annotation(parts.OF_SITE))
    return laid_out(board, [_machines(), *_courses(), _stops(), parts.alerts_table(parts.OF_SITE)])


def _machines() -> Panel:
    return table(
        "Machines",
        "Machines at the site now, with their availability, stops and repairs over the stretch of time chosen.",
        f"""
        SELECT a.customer_id, a.site_id, a.asset_id, a.asset AS "Machine", a.asset_type AS "Type", a.line AS "Line",
            a.serial AS "Serial", sum(t.production_hours) / nullif(sum(t.known_hours), 0) AS "Availability",
            sum(t.known_hours) / nullif(sum(t.planned_hours), 0) AS "Coverage", sum(t.stopped_hours) AS "Stopped",
            sum(t.failures) AS "Failures", sum(t.repair_hours) AS "In repair"
        FROM bellwether_views.assets a
        LEFT JOIN bellwether_views.asset_times_daily t
            ON t.asset_id = a.asset_id AND t.site_id = a.site_id AND t.{parts.DAYS}
        WHERE a.{parts.OF_SITE} GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 6, 4
        """,
        columns={
            "Machine": parts.link_to("asset", customer="customer_id", site="site_id", asset="asset_id"),
            "customer_id": parts.HIDDEN,
            "site_id": parts.HIDDEN,
            "asset_id": parts.HIDDEN,
            "Availability": parts.SHARE,
            "Coverage": parts.SHARE,
            "Stopped": parts.HOURS,
            "In repair": parts.HOURS,
        },
    )


def _courses() -> list[Panel]:
    return [
        parts.weekly_availability(
            "Availability by machine",
            "Production time over the planned time that is known, a week.",
            each="asset",
            condition=parts.OF_SITE,
        ),
        parts.weekly_stops("Hours a week of all machines of the site, by whose the stop was.", parts.OF_SITE),
        series(
            "Failures",
            "Failures a week, by machine.",
            "none",
            f"""
            SELECT date_bin('7 days', time, '2001-01-01Z'::timestamptz) AS time, asset AS metric,
                sum(failures) AS value
            FROM bellwether_views.asset_times_daily
            WHERE {parts.DAYS} AND {parts.OF_SITE} GROUP BY 1, 2 ORDER BY 1
            """,
            drawn="bars",
        ),
        series(
            "Deviation from their own normal",
            "Of each machine on the evening of each day, in standard deviations of its own baseline.",
            "none",
            f"""
            SELECT d.time, d.asset AS metric, d.value
            FROM bellwether_views.asset_signals_daily d JOIN bellwether_views.assets a ON a.asset_id = d.asset_id
            WHERE d.kind = 'deviation' AND d.{parts.DAYS} AND a.{parts.OF_SITE} ORDER BY 1
            """,
        ),
    ]


def _stops() -> Panel:
    return table(
        "Stops",
        "The newest 500 stops that began in the stretch of time chosen: whose they were, and why we think so.",
        f"""
        SELECT time AS "Began", ended_at AS "Ended", extract(epoch FROM ended_at - time) / 3600 AS "Hours",
            asset AS "Machine", state AS "State", cause AS "Cause", failure AS "Failure", cause_why AS "Why"
        FROM bellwether_views.asset_states
        WHERE $__timeFilter(time) AND cause IS NOT NULL AND {parts.OF_SITE} ORDER BY time DESC LIMIT 500
        """,
        columns={"Began": parts.TIME, "Ended": parts.TIME, "Hours": parts.HOURS, "Why": parts.WIDE},
    )
