"""The few kinds of panels that the dashboards are made of; each has a title, a description and a unit."""

from collections.abc import Mapping, Sequence
from typing import Literal

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from deploy.grafana.query import SOURCE, Query

Panel = Stat | Table | TimeSeries
Column = Sequence[tuple[str, object]]


def stat(title: str, description: str, unit: str, sql: str, *, width: int = 4) -> Stat:
    """One number; the query answers one row of one column."""
    return (
        Stat()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .no_value("not known")
        .color_mode(common.BigValueColorMode.NONE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]).fields("/.*/"))
        .with_target(Query(sql))
        .span(width)
        .height(4)
    )


def table(
    title: str, description: str, sql: str, *, columns: Mapping[str, Column] | None = None, width: int = 24
) -> Table:
    """Rows; `columns` says of a column what is other than a plain number or word: its unit, link, or that it is hidden.

    Ids that links need are selected and hidden.
    """
    panel = (
        Table()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit("none")
        .with_target(Query(sql))
        .span(width)
        .height(9)
    )
    for name, properties in (columns or {}).items():
        panel.override_by_name(name, [DynamicConfigValue(key, value) for key, value in properties])
    return panel


def series(
    title: str,
    description: str,
    unit: str,
    sql: str,
    *,
    width: int = 12,
    limits: tuple[float, float] | None = None,
    drawn: Literal["lines", "bars"] = "lines",
    band: tuple[str, str] | None = None,
) -> TimeSeries:
    """Courses over time; what is not known leaves a gap. band: names of the columns of its lower and upper edge."""
    panel = (
        TimeSeries()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .span_nulls(False)
        .with_target(Query(sql, "time_series"))
        .span(width)
        .height(9)
    )
    if limits is not None:
        panel.min(limits[0]).max(limits[1])
    if drawn == "bars":
        panel.draw_style(common.GraphDrawStyle.BARS).fill_opacity(60)
        panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if band is not None:
        low, high = band
        faint = [DynamicConfigValue("custom.lineWidth", 0)]
        panel.override_by_name(low, faint)
        panel.override_by_name(
            high, [*faint, DynamicConfigValue("custom.fillBelowTo", low), DynamicConfigValue("custom.fillOpacity", 20)]
        )
    return panel
