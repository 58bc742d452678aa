"""The product's own track record: how often it was right, how early, and whether acting on it helped."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import parts
from deploy.grafana.laying_out import laid_out
from deploy.grafana.panels import Panel, series, table


def record() -> Dashboard:
    """How right the alerts were, over all customers."""
    board = parts.board("record", "Track record", "How often alerts were right, how early, and whether acting helped.")
    return laid_out(board, [_newest(), *_courses(), _reliability(), _plays()])


def _newest() -> Panel:
    return table(
        "Record by kind",
        "As of the newest day: alerts are judged by what they said when they opened, once their horizon is over. What"
        " somebody averted is no false alarm. Base rate: how often an alert at any moment would have been right. Empty"
        " is not known yet.",
        """
        SELECT DISTINCT ON (kind) kind AS "Kind", skill AS "Skill", horizon_days AS "Horizon", alerts AS "Alerts",
            came_true AS "Came true", too_early AS "Too early", false_alarms AS "False alarms", averted AS "Averted",
            unjudged AS "Not judged", standing AS "Standing", precision_ratio AS "Precision",
            base_rate_ratio AS "Base rate", recall_ratio AS "Recall", lead_median_hours AS "Median lead",
            ready_on::text AS "Known on", time AS "As of"
        FROM bellwether_views.track_records WHERE time <= $__timeTo() ORDER BY kind, time DESC
        """,
        columns={
            "Horizon": [("unit", "d")],
            "Precision": parts.SHARE,
            "Base rate": parts.SHARE,
            "Recall": parts.SHARE,
            "Median lead": parts.HOURS,
            "As of": parts.TIME,
        },
    )


def _courses() -> list[Panel]:
    return [
        _course("Precision", "percentunit", "precision_ratio", "Alerts that came true of those judged, by kind."),
        _course("Recall", "percentunit", "recall_ratio", "Outcomes that had an alert in time, by kind."),
        _course("Median lead time", "h", "lead_median_hours", "Hours from an alert to what it foretold, by kind."),
        series(
            "Brier skill",
            "Of the probabilities told, by kind and horizon, against always telling the base rate: 1 is perfect, 0 is"
            " no better, less is worse.",
            "none",
            """
            SELECT time, kind || ', ' || horizon_days || ' days' AS metric, brier_skill AS value
            FROM bellwether_views.track_record_calibration WHERE $__timeFilter(time) ORDER BY time
            """,
        ),
    ]


def _course(title: str, unit: str, column: str, description: str) -> Panel:
    return series(
        title,
        description,
        unit,
        f"""
        SELECT time, kind AS metric, {column} AS value FROM bellwether_views.track_records
        WHERE $__timeFilter(time) ORDER BY time
        """,
    )


def _reliability() -> Panel:
    return table(
        "Told and happened",
        "Forecasts next to each other, as of the newest day: the mean probability told, and the share that happened."
        " The two are equal where what is told can be taken at its word.",
        """
        SELECT kind AS "Kind", horizon_days AS "Horizon", forecasts AS "Forecasts", told_ratio AS "Told",
            happened_ratio AS "Happened"
        FROM bellwether_views.track_record_reliability r
        WHERE time = (SELECT max(time) FROM bellwether_views.track_records n
            WHERE n.kind = r.kind AND n.time <= $__timeTo())
        ORDER BY 1, 2, 4
        """,
        columns={"Horizon": [("unit", "d")], "Told": parts.SHARE, "Happened": parts.SHARE},
        width=12,
    )


def _plays() -> Panel:
    return table(
        "Whether acting helped",
        "Hours of stops saved in 1,000 known hours by acting on alerts of a kind, against those that nobody acted on,"
        " with a 90 % interval.",
        """
        SELECT DISTINCT ON (play) play AS "Kind", verdict AS "Verdict", saved_hours_per_1000_hours AS "Saved",
            saved_low_hours_per_1000_hours AS "Low", saved_high_hours_per_1000_hours AS "High", acted AS "Acted on",
            left_alone AS "Left alone", needed AS "Missing", time AS "As of"
        FROM bellwether_views.plays_monthly WHERE time <= $__timeTo() ORDER BY play, time DESC
        """,
        columns={"Saved": parts.HOURS, "Low": parts.HOURS, "High": parts.HOURS, "As of": parts.TIME},
        width=12,
    )
