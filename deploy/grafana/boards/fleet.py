"""The whole fleet: who needs attention, what is at stake, whether enough is known to say so."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import parts
from deploy.grafana.laying_out import laid_out
from deploy.grafana.panels import Panel, series, stat, table


def fleet() -> Dashboard:
    """The overview that leads to everything else."""
    board = parts.board("fleet", "Fleet overview", "All customers: who needs attention, and what is at stake.")
    board.with_variable(parts.customers_variable()).annotation(parts.alerts_annotation(parts.OF_CUSTOMER))
    return laid_out(board, [*_numbers(), _customers(), *_courses(), parts.alerts_table(parts.OF_CUSTOMER), _money()])


def _numbers() -> list[Panel]:
    alerts = f"FROM bellwether_views.alerts WHERE needs_attention AND {parts.OF_CUSTOMER}"
    return [
        stat(
            "Customers",
            "Customers that are chosen above.",
            "none",
            f"SELECT count(*) FROM bellwether_views.customers WHERE {parts.OF_CUSTOMER}",
            width=6,
        ),
        stat(
            "Customers that need attention",
            "Customers with an alert to act on, which nobody has snoozed.",
            "none",
            f"SELECT count(DISTINCT customer_id) {alerts} AND tier = 'act'",
            width=6,
        ),
        stat("Alerts to act on", "Of tier act, open or acknowledged, not snoozed.", "none",
             f"SELECT count(*) {alerts} AND tier = 'act'", width=6),
        stat("Hours at stake", "Of the alerts that need attention, where hours are known.", "h",
             f"SELECT sum(stake_hours) {alerts}", width=6),
    ]  # fmt: skip


def _customers() -> Panel:
    return table(
        "Customers",
        "Newest health of each customer, high is good; empty below the coverage floor, because unknown is not healthy."
        " Alerts are those that need attention. Coverage is the share of planned time that is known.",
        f"""
        SELECT c.customer_id, c.customer AS "Customer", c.segment AS "Segment", c.health_points AS "Health",
            c.coverage_ratio AS "Coverage", count(a.alert_id) FILTER (WHERE a.tier = 'act') AS "Act",
            count(a.alert_id) FILTER (WHERE a.tier = 'watch') AS "Watch", sum(a.stake_hours) AS "Hours at stake",
            c.assessed_through AS "Assessed through"
        FROM bellwether_views.customers c
        LEFT JOIN bellwether_views.alerts a ON a.customer_id = c.customer_id AND a.needs_attention
        WHERE c.{parts.OF_CUSTOMER}
        GROUP BY 1, 2, 3, 4, 5, 9 ORDER BY 6 DESC, 4 NULLS LAST
        """,
        columns={
            "Customer": parts.link_to("customer", customer="customer_id"),
            "customer_id": parts.HIDDEN,
            "Health": parts.POINTS,
            "Coverage": parts.SHARE,
            "Hours at stake": parts.HOURS,
            "Assessed through": parts.TIME,
        },
    )


def _courses() -> list[Panel]:
    return [
        series(
            "Customer health",
            "0 to 100, high is good; gaps where too little is known.",
            "none",
            f"""
            SELECT time, customer AS metric, health_points AS value FROM bellwether_views.customer_health_daily
            WHERE {parts.DAYS} AND {parts.OF_CUSTOMER} ORDER BY time
            """,
            limits=(0, 100),
        ),
        parts.weekly_availability(
            "Availability",
            "Production time over the planned time that is known, a week; time without data is left out.",
            each="customer",
            condition=parts.OF_CUSTOMER,
        ),
        parts.weekly_stops("Hours a week of all chosen customers' machines, by whose the stop was.", parts.OF_CUSTOMER),
        series(
            "Coverage",
            "Share of planned time that is known, a day and customer.",
            "percentunit",
            f"""
            SELECT time, customer AS metric, sum(known_hours) / nullif(sum(planned_hours), 0) AS value
            FROM bellwether_views.asset_times_daily
            WHERE {parts.DAYS} AND {parts.OF_CUSTOMER} GROUP BY 1, 2 ORDER BY 1
            """,
            limits=(0, 1),
        ),
    ]


def _money() -> Panel:
    return table(
        "Money at stake",
        "Of the alerts that need attention and whose money is known, by currency and basis: currencies are not added.",
        f"""
        SELECT currency AS "Currency", basis AS "Basis", count(*) AS "Alerts", sum(stake_money) AS "Money",
            sum(stake_money_low) AS "Low", sum(stake_money_high) AS "High"
        FROM bellwether_views.alerts WHERE needs_attention AND stake_money IS NOT NULL AND {parts.OF_CUSTOMER}
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
    )
