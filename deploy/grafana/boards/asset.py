"""One machine: what it does, what it told, and when it is expected to fail, with the band of that forecast."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import parts
from deploy.grafana.laying_out import laid_out
from deploy.grafana.panels import Panel, series, table

_OF_METRIC = f"{parts.OF_ASSET} AND metric IN (${{metric:sqlstring}})"


def asset() -> Dashboard:
    """What is known of one machine."""
    board = parts.board("asset", "Asset", "One machine: times, condition, forecasts with their bands, readings.")
    for variable in (parts.customer_variable, parts.site_variable, parts.asset_variable, parts.metric_variable):
        board.with_variable(variable())
    board.annotation(parts.alerts_annotation(parts.OF_ASSET)).annotation(parts.firmware_annotation(parts.OF_ASSET))
    panels = [_times(), _deviation(), *_forecasts(), *_readings(), _versions(), parts.alerts_table(parts.OF_ASSET)]
    return laid_out(board, panels)


def _times() -> Panel:
    return series(
        "Hours of the day",
        "Planned hours: producing, stopped by whose cause, and not known.",
        "h",
        f"""
        SELECT time, production_hours AS "Production", supplier_stopped_hours AS "Stopped: supplier",
            customer_stopped_hours AS "Stopped: customer", operator_stopped_hours AS "Stopped: operator",
            external_stopped_hours AS "Stopped: external", unexplained_stopped_hours AS "Stopped: cause not known",
            unknown_hours AS "Not known"
        FROM bellwether_views.asset_times_daily WHERE {parts.DAYS} AND {parts.OF_ASSET} ORDER BY time
        """,
        drawn="bars",
    )


def _deviation() -> Panel:
    return series(
        "Deviation from its own normal",
        "On the evening of each day, in standard deviations of its own baseline.",
        "none",
        f"""
        SELECT time, value AS "Deviation" FROM bellwether_views.asset_signals_daily
        WHERE kind = 'deviation' AND {parts.DAYS} AND {parts.OF_ASSET} ORDER BY time
        """,
    )


def _forecasts() -> list[Panel]:
    return [
        _expected("remaining_life", "Days to failure, learned from the fleet",
                  "From what other machines' lives taught: how many days after each evening it was expected to fail,"
                  " and between which earliest and latest."),
        _expected("deviation", "Days to its limit, from its own drift",
                  "From how its own condition drifts: how many days after each evening it was expected to reach its"
                  " limit, and between which earliest and latest."),
        series(
            "Probability of a failure",
            "As it was told each time for the days of its horizon; gaps where nobody said.",
            "percentunit",
            f"""
            SELECT time, kind || ', ' || horizon_days || ' days' AS metric, probability_ratio AS value
            FROM bellwether_views.forecasts
            WHERE $__timeFilter(time) AND scope_type = 'asset' AND scope_id IN (${{asset:sqlstring}})
                AND {parts.OF_CUSTOMER} ORDER BY 1
            """,
            limits=(0, 1),
            width=24,
        ),
    ]  # fmt: skip


def _expected(kind: str, title: str, description: str) -> Panel:
    return series(
        title,
        description,
        "d",
        f"""
        SELECT time, expected_days AS "Expected", earliest_days AS "Earliest", latest_days AS "Latest"
        FROM bellwether_views.asset_failure_forecasts_daily
        WHERE kind = '{kind}' AND {parts.DAYS} AND {parts.OF_ASSET} ORDER BY time
        """,
        band=("Earliest", "Latest"),
    )


def _readings() -> list[Panel]:
    return [
        series(
            f"Reading by the {name}",
            f"Time-weighted mean of the chosen metric each {name}, between its lowest and highest value, in the"
            " metric's own unit; gaps where it said nothing.",
            "none",
            f"""
            SELECT time, mean AS "Mean", minimum AS "Lowest", maximum AS "Highest"
            FROM bellwether_views.asset_readings_{view}
            WHERE $__timeFilter(time) AND {_OF_METRIC} ORDER BY time
            """,
            band=("Lowest", "Highest"),
        )
        for name, view in (("day", "daily"), ("hour", "hourly"))
    ]


def _versions() -> Panel:
    return table(
        "Versions",
        "When the machine first said that it runs another version; the newest 100.",
        f"""
        SELECT time AS "Since", component AS "Component", version_before AS "Before", version AS "Version"
        FROM bellwether_views.firmware_versions
        WHERE $__timeFilter(time) AND {parts.OF_ASSET} ORDER BY time DESC LIMIT 100
        """,
        columns={"Since": parts.TIME},
    )
