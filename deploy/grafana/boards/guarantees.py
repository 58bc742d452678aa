"""Guarantees of availability as budgets of hours: what is spent, and how likely it is that they do not last."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import parts
from deploy.grafana.laying_out import laid_out
from deploy.grafana.panels import Panel, series, table


def guarantees() -> Dashboard:
    """Every guarantee's budget."""
    board = parts.board("guarantees", "Guarantee budgets", "Hours that guarantees allow, and what is spent of them.")
    board.with_variable(parts.customers_variable()).annotation(
        parts.alerts_annotation(f"kind = 'guarantee_breach' AND {parts.OF_CUSTOMER}")
    )
    return laid_out(board, [_newest(), *_courses()])


def _newest() -> Panel:
    return table(
        "Budgets",
        "Each guarantee as of its newest day: hours that are ours, of those that the window allows; the probability"
        " that the window closes overspent, and when. Where nothing can be claimed, the reason.",
        f"""
        SELECT DISTINCT ON (contract_id) customer_id, customer AS "Customer", contract AS "Contract",
            day::text AS "Day", attributed_availability_ratio AS "Availability", guaranteed_ratio AS "Guaranteed",
            spent_hours AS "Spent", budget_hours AS "Allowed", spent_ratio AS "Share spent",
            breach_probability_ratio AS "Breach", breach_expected_at AS "Expected", coverage_ratio AS "Coverage",
            guarantee_window AS "Window", window_last_day::text AS "Closes", not_claimed_why AS "Not claimed"
        FROM bellwether_views.guarantees_daily WHERE {parts.DAYS} AND {parts.OF_CUSTOMER}
        ORDER BY contract_id, day DESC
        """,
        columns={
            "Customer": parts.link_to("customer", customer="customer_id"),
            "customer_id": parts.HIDDEN,
            "Availability": [("unit", "percentunit"), ("decimals", 2)],
            "Guaranteed": [("unit", "percentunit"), ("decimals", 2)],
            "Spent": parts.HOURS,
            "Allowed": parts.HOURS,
            "Share spent": parts.SHARE,
            "Breach": parts.SHARE,
            "Expected": parts.TIME,
            "Coverage": parts.SHARE,
        },
    )


def _courses() -> list[Panel]:
    return [
        _course("Share of the budget spent", "percentunit", "spent_ratio",
                "Hours of stops that are ours over those that the window allows; above 1 the guarantee is broken."),
        _course("Probability of a breach", "percentunit", "breach_probability_ratio",
                "That the window closes overspent, as it was told each evening."),
        _course("Attributed availability", "percentunit", "attributed_availability_ratio",
                "Availability with only those stops counted that are ours by the contract, in the window so far."),
        series(
            "Credit expected",
            "Money that the guarantee is expected to cost at the window's end, by contract and currency.",
            "none",
            f"""
            SELECT time, contract || ', ' || currency AS metric, credit_money AS value
            FROM bellwether_views.guarantee_credits_daily
            WHERE {parts.DAYS} AND {parts.OF_CUSTOMER} ORDER BY time
            """,
        ),
    ]  # fmt: skip


def _course(title: str, unit: str, column: str, description: str) -> Panel:
    return series(
        title,
        description,
        unit,
        f"""
        SELECT time, customer || ', ' || contract AS metric, {column} AS value
        FROM bellwether_views.guarantees_daily
        WHERE {parts.DAYS} AND {parts.OF_CUSTOMER} ORDER BY time
        """,
    )
