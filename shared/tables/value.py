"""Value since the start, its outlook, and what software releases did; value by month is in `assessment`."""

from sqlalchemy import Column, Date, Double, ForeignKey, Integer, String, Table

from shared.tables.metadata import metadata

# Value since the start up to the end of a month, of a line of business or of all of them (`*`), low and high being the
# 5 % and 95 % points. money: gross of the money_months in which it is known of all lines that ran, net: less fees and
# maintenance; where one is null, *_unknown says why. ratio: realized over promised, of the months in which both are
# known, by ratio_of.
value_cumulated = Table(
    "value_cumulated",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("line_of_business", String, primary_key=True),
    Column("rung", String, nullable=False),
    Column("counterfactual", String, nullable=False),
    Column("months", Integer, nullable=False),
    Column("money_months", Integer),
    Column("hours_avoided", Double),
    Column("hours_low", Double),
    Column("hours_high", Double),
    Column("good_units_gained", Double),
    Column("units_low", Double),
    Column("units_high", Double),
    Column("money", Double),
    Column("money_low", Double),
    Column("money_high", Double),
    Column("money_unknown", String),
    Column("net", Double),
    Column("net_low", Double),
    Column("net_high", Double),
    Column("net_unknown", String),
    Column("currency", String(3)),
    Column("basis", String, nullable=False),
    Column("author", String),
    Column("said_on", Date),
    Column("promised_money", Double),
    Column("ratio", Double),
    Column("ratio_low", Double),
    Column("ratio_high", Double),
    Column("ratio_of", String),
    Column("coverage", Double, nullable=False),
)

# What value since the start will come to on a day, as foretold at the end of `month`; horizon: renewal, 1_year,
# 3_years, 5_years, 15_years. promised: what will have been promised by then.
value_outlooks = Table(
    "value_outlooks",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("line_of_business", String, primary_key=True),
    Column("horizon", String, primary_key=True),
    Column("at", Date, nullable=False),
    Column("hours_avoided", Double),
    Column("hours_low", Double),
    Column("hours_high", Double),
    Column("money", Double),
    Column("money_low", Double),
    Column("money_high", Double),
    Column("net", Double),
    Column("net_low", Double),
    Column("net_high", Double),
    Column("currency", String(3)),
    Column("basis", String, nullable=False),
    Column("promised_money", Double),
    Column("ratio", Double),
    Column("ratio_low", Double),
    Column("ratio_high", Double),
    Column("ratio_of", String),
)

# What a software release did to a customer's machines of a type, against those that did not get it, as it is known at
# the end of the day `as_of`: uptime as a share of known planned time, rate as a share of the good units an hour of
# production before; more is better, null where `unknown` says why.
update_effects = Table(
    "update_effects",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("asset_type", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("released_on", Date, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("days", Integer, nullable=False),
    Column("machines", Integer, nullable=False),
    Column("controls", Integer, nullable=False),
    Column("uptime", Double),
    Column("uptime_low", Double),
    Column("uptime_high", Double),
    Column("rate", Double),
    Column("rate_low", Double),
    Column("rate_high", Double),
    Column("unknown", String),
)
