"""What several dashboards share: variables, the condition a variable makes, links, columns, annotations."""

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, VariableOption, VariableRefresh

from deploy.grafana.panels import Column, Panel, series, table
from deploy.grafana.query import PROVISIONED, SOURCE, SOURCE_TYPE, Query

TAG = "bellwether"
# Filters on the days of daily rows, so that their index is used.
DAYS = "day BETWEEN $__timeFrom()::date AND $__timeTo()::date"
MONTHS = "month BETWEEN $__timeFrom()::date AND $__timeTo()::date"
# `sqlstring` quotes each chosen value, whether one or several may be chosen.
OF_CUSTOMER = "customer_id IN (${customer:sqlstring})"
OF_SITE = "site_id IN (${site:sqlstring})"
OF_ASSET = "asset_id IN (${asset:sqlstring})"
SHARE: Column = [("unit", "percentunit"), ("decimals", 1)]
TIME: Column = [("unit", "dateTimeAsIso")]
HOURS: Column = [("unit", "h"), ("decimals", 1)]
POINTS: Column = [("decimals", 0), ("min", 0), ("max", 100)]
HIDDEN: Column = [("custom.hidden", True)]
WIDE: Column = [("custom.width", 420)]


def link_to(board: str, **variables: str) -> Column:
    """A column whose cells lead to another dashboard, of the row's own ids and the same stretch of time."""
    chosen = "&".join(f"var-{name}=${{__data.fields.{column}}}" for name, column in variables.items())
    url = f"/d/bellwether-{board}?{chosen}&${{__url_time_range}}"
    return [("links", [{"title": f"Open the {board}", "url": url}])]


def customers_variable() -> builders.QueryVariable:
    """Any customers, all unless somebody chooses."""
    return (
        _variable("customer", "Customer", "SELECT customer AS __text, customer_id::text AS __value"
                  " FROM bellwether_views.customers ORDER BY customer")
        .multi(True)
        .include_all(True)
        .all_value("SELECT customer_id FROM bellwether_views.customers")
    )  # fmt: skip


def customer_variable() -> builders.QueryVariable:
    """One customer."""
    return _variable(
        "customer",
        "Customer",
        "SELECT customer AS __text, customer_id::text AS __value FROM bellwether_views.customers ORDER BY customer",
    )


def site_variable() -> builders.QueryVariable:
    """One site of the customer."""
    return _variable(
        "site",
        "Site",
        "SELECT site AS __text, site_id::text AS __value FROM bellwether_views.sites"
        f" WHERE {OF_CUSTOMER} ORDER BY site",
    )


def asset_variable() -> builders.QueryVariable:
    """One machine of the site."""
    return _variable(
        "asset",
        "Asset",
        "SELECT asset AS __text, asset_id::text AS __value FROM bellwether_views.assets"
        f" WHERE {OF_SITE} ORDER BY asset",
    )


def metric_variable() -> builders.QueryVariable:
    """One numeric metric of the machine."""
    return _variable(
        "metric",
        "Metric",
        "SELECT DISTINCT metric AS __text, metric AS __value FROM bellwether_views.asset_series s"
        f" WHERE {OF_ASSET} AND role IS DISTINCT FROM 'version'"
        " AND EXISTS (SELECT FROM bellwether_views.asset_readings_daily r"
        " WHERE r.asset_id = s.asset_id AND r.metric = s.metric AND $__timeFilter(r.time)) ORDER BY 1",
    )


def alerts_annotation(condition: str) -> builders.AnnotationQuery:
    """Each alert from when it opened until it was resolved."""
    return _annotation(
        "Alerts",
        "orange",
        f"""
        SELECT opened_at AS time, resolved_at AS timeend, sentence AS text, kind || ',' || tier AS tags
        FROM bellwether_views.alerts
        WHERE $__timeFilter(opened_at) AND withheld IS NULL AND {condition}
        ORDER BY opened_at LIMIT 500
        """,
    )


def firmware_annotation(condition: str) -> builders.AnnotationQuery:
    """When a machine first said that it runs another version."""
    return _annotation(
        "Firmware versions",
        "blue",
        f"""
        SELECT time, asset || ' runs ' || component || ' ' || version
            || coalesce(', before ' || version_before, '') AS text, component AS tags
        FROM bellwether_views.firmware_versions
        WHERE $__timeFilter(time) AND {condition}
        ORDER BY time LIMIT 500
        """,
    )


def alerts_table(condition: str) -> Panel:
    """Alerts that need attention now, whatever stretch of time is chosen."""
    return table(
        "Open alerts",
        "What will happen, when, how sure that is and what to do; at most 500. Empty cells are not known.",
        f"""
        SELECT customer_id, opened_at AS "Opened", customer AS "Customer", scope AS "Of", tier AS "Tier",
            kind AS "Kind", sentence AS "What will happen", expected_at AS "Expected",
            expected_earliest_at AS "Earliest", expected_latest_at AS "Latest", confidence_ratio AS "Confidence",
            stake_hours AS "Hours", stake_money AS "Money", currency AS "Currency", basis AS "Basis",
            owner_role AS "Owner", play AS "Do"
        FROM bellwether_views.alerts WHERE needs_attention AND {condition}
        ORDER BY tier, expected_at NULLS LAST, opened_at DESC LIMIT 500
        """,
        columns={
            "Customer": link_to("customer", customer="customer_id"),
            "customer_id": HIDDEN,
            "Opened": TIME,
            "Expected": TIME,
            "Earliest": TIME,
            "Latest": TIME,
            "Confidence": SHARE,
            "Hours": HOURS,
            "What will happen": WIDE,
            "Do": WIDE,
        },
    )


def weekly_availability(title: str, description: str, *, each: str, condition: str) -> Panel:
    """Availability a week, a line for each `customer` or `asset`."""
    return series(
        title,
        description,
        "percentunit",
        f"""
            SELECT date_bin('7 days', time, '2001-01-01Z'::timestamptz) AS time, {each} AS metric,
                sum(production_hours) / nullif(sum(known_hours), 0) AS value
            FROM bellwether_views.asset_times_daily
            WHERE {DAYS} AND {condition} GROUP BY 1, 2 ORDER BY 1
            """,
        limits=(0, 1),
    )


def weekly_stops(description: str, condition: str) -> Panel:
    """Hours of stops a week, by whose they were."""
    return series(
        "Stopped time by cause",
        description,
        "h",
        f"""
            SELECT date_bin('7 days', time, '2001-01-01Z'::timestamptz) AS time,
                sum(supplier_stopped_hours) AS "Supplier", sum(customer_stopped_hours) AS "Customer",
                sum(operator_stopped_hours) AS "Operator", sum(external_stopped_hours) AS "External",
                sum(unexplained_stopped_hours) AS "Not known"
            FROM bellwether_views.asset_times_daily
            WHERE {DAYS} AND {condition} GROUP BY 1 ORDER BY 1
            """,
        drawn="bars",
    )


def board(name: str, title: str, description: str) -> builders.Dashboard:
    """An empty dashboard that leads to all others with its variables and stretch of time."""
    others = (
        builders.DashboardLink("Bellwether")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .icon("external link")
        .tooltip("The other dashboards, for the same choice and time")
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
    return (
        builders.Dashboard(title)
        .uid(f"bellwether-{name}")
        .description(description)
        .tags([TAG])
        .readonly()
        .timezone("utc")
        .time("now-1y", "now")
        .refresh("5m")
        .link(others)
        .with_variable(
            builders.DatasourceVariable("datasource")
            .label("Data source")
            .type(SOURCE_TYPE)
            .current(VariableOption(selected=True, text="Bellwether", value=PROVISIONED))
        )
    )


def _variable(name: str, label: str, sql: str) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(sql)
        .definition(sql)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def _annotation(name: str, color: str, sql: str) -> builders.AnnotationQuery:
    return builders.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(color).target(Query(sql))
