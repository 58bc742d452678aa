"""One customer: its health and what moved it, its value against what was promised, its sites."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import parts
from deploy.grafana.laying_out import laid_out
from deploy.grafana.panels import Panel, series, stat, table


def customer() -> Dashboard:
    """What is known of one customer."""
    board = parts.board("customer", "Customer", "One customer: health, value against promise, sites, alerts.")
    board.with_variable(parts.customer_variable())
    board.annotation(parts.alerts_annotation(parts.OF_CUSTOMER))
    board.annotation(parts.firmware_annotation(parts.OF_CUSTOMER))
    return laid_out(board, [*_numbers(), *_health(), *_value(), _outlooks(), _sites(), _alerts()])


def _numbers() -> list[Panel]:
    newest = f"FROM bellwether_views.customers WHERE {parts.OF_CUSTOMER}"
    return [
        stat("Health", "The newest day's, 0 to 100, high is good; not known below the coverage floor.", "none",
             f"SELECT health_points {newest}", width=6),
        stat("Coverage", "Share of planned time that is known, on that day.", "percentunit",
             f"SELECT coverage_ratio {newest}", width=6),
        stat("Assessed through", "How far this customer's data is assessed.", "dateTimeAsIso",
             f"SELECT assessed_through {newest}", width=6),
        stat("Alerts that need attention", "Open or acknowledged, not snoozed.", "none",
             f"SELECT count(*) FROM bellwether_views.alerts WHERE needs_attention AND {parts.OF_CUSTOMER}", width=6),
    ]  # fmt: skip


def _health() -> list[Panel]:
    return [
        series(
            "Health",
            "0 to 100, high is good; gaps where too little is known.",
            "none",
            f"""
            SELECT time, health_points AS "Health" FROM bellwether_views.customer_health_daily
            WHERE {parts.DAYS} AND {parts.OF_CUSTOMER} ORDER BY time
            """,
            limits=(0, 100),
        ),
        series(
            "What health is lost to",
            "Points lost by measure; with what is not known they add up to 100 less health.",
            "none",
            f"""
            SELECT time, measure AS metric, lost_points AS value FROM bellwether_views.health_points_lost_daily
            WHERE {parts.DAYS} AND {parts.OF_CUSTOMER} ORDER BY time
            """,
            drawn="bars",
        ),
    ]


def _value() -> list[Panel]:
    return [
        series(
            "Hours of stops avoided",
            "A month, of all lines of business, against the counterfactual of each.",
            "h",
            f"""
            SELECT time, line_of_business AS metric, avoided_hours AS value FROM bellwether_views.value_monthly
            WHERE {parts.MONTHS} AND {parts.OF_CUSTOMER} ORDER BY time
            """,
            drawn="bars",
        ),
        series(
            "Value kept of what is promised",
            "What the value a year on will come to over what will have been promised by then, as foretold at each"
            " month's end, with the band from its 5 % to its 95 % point. 1 is the promise.",
            "percentunit",
            f"""
            SELECT time, kept_ratio AS "Expected", kept_low_ratio AS "Low", kept_high_ratio AS "High"
            FROM bellwether_views.value_outlooks
            WHERE {parts.MONTHS} AND {parts.OF_CUSTOMER} AND line_of_business = '*' AND horizon = '1_year'
            ORDER BY time
            """,
            band=("Low", "High"),
        ),
        table(
            "Value by month",
            "Gross value with its 5 % and 95 % points and net of fees and maintenance, against what was promised; the"
            " basis says how money is known, and empty is not known, never zero.",
            f"""
            SELECT month::text AS "Month", line_of_business AS "Line of business", counterfactual AS "Against",
                avoided_hours AS "Hours avoided", gross_money AS "Gross", gross_low_money AS "Low",
                gross_high_money AS "High", net_money AS "Net", promised_money AS "Promised", currency AS "Currency",
                basis AS "Basis", coverage_ratio AS "Coverage"
            FROM bellwether_views.value_monthly WHERE {parts.MONTHS} AND {parts.OF_CUSTOMER}
            ORDER BY month DESC, line_of_business
            """,
            columns={"Hours avoided": parts.HOURS, "Coverage": parts.SHARE},
        ),
    ]


def _outlooks() -> Panel:
    return table(
        "What value will come to",
        "Value since the start as foretold at the end of the newest month, by horizon, with its 5 % and 95 % points.",
        f"""
        SELECT horizon AS "Horizon", horizon_day::text AS "Day", avoided_hours AS "Hours avoided",
            gross_money AS "Gross", gross_low_money AS "Low", gross_high_money AS "High",
            promised_money AS "Promised", currency AS "Currency", kept_ratio AS "Kept"
        FROM bellwether_views.value_outlooks o WHERE {parts.OF_CUSTOMER} AND line_of_business = '*'
            AND month = (SELECT max(month) FROM bellwether_views.value_outlooks n WHERE n.customer_id = o.customer_id)
        ORDER BY horizon_day
        """,
        columns={"Hours avoided": parts.HOURS, "Kept": parts.SHARE},
    )


def _sites() -> Panel:
    return table(
        "Sites",
        "Machines at each site now, and its availability over the stretch of time chosen: production time over the"
        " planned time that is known.",
        f"""
        SELECT s.customer_id, s.site_id, s.site AS "Site", s.timezone AS "Time zone",
            (SELECT count(*) FROM bellwether_views.assets a WHERE a.site_id = s.site_id) AS "Machines",
            sum(t.production_hours) / nullif(sum(t.known_hours), 0) AS "Availability",
            sum(t.known_hours) / nullif(sum(t.planned_hours), 0) AS "Coverage", sum(t.failures) AS "Failures"
        FROM bellwether_views.sites s
        LEFT JOIN bellwether_views.asset_times_daily t ON t.site_id = s.site_id AND t.{parts.DAYS}
        WHERE s.{parts.OF_CUSTOMER} GROUP BY 1, 2, 3, 4 ORDER BY 3
        """,
        columns={
            "Site": parts.link_to("site", customer="customer_id", site="site_id"),
            "customer_id": parts.HIDDEN,
            "site_id": parts.HIDDEN,
            "Availability": parts.SHARE,
            "Coverage": parts.SHARE,
        },
    )


def _alerts() -> Panel:
    return parts.alerts_table(parts.OF_CUSTOMER)
