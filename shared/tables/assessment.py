"""What health concludes: intervals, times, signals, customer health, value, alerts and the change feed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.tables.metadata import Instant, metadata

# How far each customer is assessed, and the state to go on from. `state` is msgpack of arrays, with the
# version of the code's layout; another version means: start again from the rollups.
model_states = Table(
    "model_states",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("assessed_through", Instant, nullable=False, index=True),
    Column("assessed_at", Instant, nullable=False),
    Column("state_version", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

# Customers whose rollups changed since they were last assessed, written with those rollups and deleted with the
# assessment: from when on data changed (event time), and when that was first and last received.
assessments_due = Table(
    "assessments_due",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("changed_from", Instant, nullable=False),
    Column("due_since", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
)

# state: production, idle, down, held, suspended, setup, planned, off, unknown, maintenance, repair. cause: supplier,
# customer, external, operator, unknown; null where the state is no stop. cause_basis: what it was concluded from:
# default, rule, history, event, person; cause_why: in words. `ended_at` null: still so at the watermark.
state_intervals = Table(
    "state_intervals",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("started_at", Instant, primary_key=True),
    Column("ended_at", Instant),
    Column("state", String, nullable=False),
    Column("cause", String),
    Column("failure", Boolean, nullable=False),
    Column("cause_basis", String),
    Column("cause_why", String),
)

_LATER_TIMES = (
    "stopped_s",
    "asut_s",
    "customer_down_s",
    "external_down_s",
    "operator_down_s",
    "unknown_down_s",
    "failed_s",
    "waiting_s",
)
_LATER_INPUTS = (
    "pmt_s",
    "cmt_s",
    "aubt_s",
    "aoet_s",
    "scrapped",
    "reworked",
    "inspected",
    "first_pass",
    "planned_run_s",
    "capacity",
    "counted_apt_s",
)

# ISO 22400-2 times of an asset on one UTC day, in seconds; they add up over days, machines and sites.
# pot_s = pbt_s + planned_s; pbt_s = apt_s + asut_s + adet_s + adot_s + unknown_s; stopped_s = the five *_down_s.
# waiting_s: ready, and waiting for other machines.
# coverage = 1 - unknown_s / pbt_s. Null where the input is not declared or not sent: maintenance (pmt_s, cmt_s),
# orders (aubt_s, aoet_s), counts, planned_run_s (planned run time of what was produced), capacity (the most units),
# counted_apt_s (what of apt_s the counts are of: units of other hours are left out of them).
times_daily = Table(
    "times_daily",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("pot_s", Double, nullable=False),
    Column("planned_s", Double, nullable=False),
    Column("pbt_s", Double, nullable=False),
    Column("apt_s", Double, nullable=False),
    Column("adet_s", Double, nullable=False),
    Column("adot_s", Double, nullable=False),
    Column("unknown_s", Double, nullable=False),
    Column("supplier_down_s", Double, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("repair_s", Double, nullable=False),
    Column("produced", Double),
    Column("good", Double),
    *(Column(name, Double, nullable=False, server_default=text("0")) for name in _LATER_TIMES),
    *(Column(name, Double) for name in _LATER_INPUTS),
)

# One finding: newest value a (scope, kind), with its history a day.
signals = Table(
    "signals",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("scope_type", String, primary_key=True),
    Column("scope_id", Integer, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("value", Double),
    Column("confidence", Double),
    Column("expected_at", Instant),
    Column("expected_low", Instant),
    Column("expected_high", Instant),
    Column("evidence", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)

# health 0-100, high is good; null below the coverage floor. contributions: measure to points lost; with what is not
# known and what exceptions take they sum to 100 - health. groups: group to weight, coverage, points and measures.
# change: points against the day before, and parts that sum to them; null on the first day.
customer_health = Table(
    "customer_health",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("health", Double),
    Column("coverage", Double, nullable=False),
    Column("contributions", JSONB, nullable=False),
    Column("groups", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("exceptions", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("change", JSONB),
)

# Value realized in a calendar month against the counterfactual named with it. Money is null, never zero, where
# it is unknown; `basis` says how it is known: measured, assumed, supplier, agreed; author, said_on: by whom and when.
# money: gross; net: less fees and maintenance, null where net_unknown says why. low and high: 5 % and 95 % points.
value_monthly = Table(
    "value_monthly",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("line_of_business", String, primary_key=True),
    Column("rung", String, nullable=False),
    Column("counterfactual", String, nullable=False),
    Column("hours_avoided", Double),
    Column("good_units_gained", Double),
    Column("money", Double),
    Column("money_low", Double),
    Column("money_high", Double),
    Column("currency", String(3)),
    Column("basis", String, nullable=False),
    Column("promised_money", Double),
    Column("coverage", Double, nullable=False),
    Column("hours_low", Double),
    Column("hours_high", Double),
    Column("units_low", Double),
    Column("units_high", Double),
    Column("author", String),
    Column("said_on", Date),
    Column("maintenance", Double),
    Column("maintenance_currency", String(3)),
    Column("fees", Double),
    Column("fees_currency", String(3)),
    Column("net", Double),
    Column("net_low", Double),
    Column("net_high", Double),
    Column("net_unknown", String),
)

# Orders of alert lists, as PostgreSQL prints them, to be compared with it. stake_group: money 1, contract value 2,
# hours 3, unknown 4, times 2^24, and the letters of the currency.
_LETTERS = "COALESCE(((ascii(currency) * 65536) + (ascii(substr(currency, 2)) * 256)) + ascii(substr(currency, 3)), 0)"
_GROUP = f"""
CASE
    WHEN stake_money IS NOT NULL THEN 16777216 + {_LETTERS}
    WHEN stake_contract_value IS NOT NULL THEN 33554432 + {_LETTERS}
    WHEN stake_hours IS NOT NULL THEN 50331648
    ELSE 67108864
END"""
_STAKE = ("stake_group", "stake_below_zero", "alert_id")
_URGENCY = (
    """(
CASE
    WHEN expected_at IS NULL THEN 'infinity'
    ELSE expected_at
END)""",
    *_STAKE,
)
_LIVE = text("state <> 'resolved'")

# One row an episode of (customer, kind, scope). *_at of the episode are event time; what people promise each
# other (acknowledged_at, snoozed_until) is wall time. `version` counts changes, for If-Match. issued_*: what the alert
# said when it opened, by which it is judged. tier: as people are shown it, assessed_tier: as health says. shown_at:
# since when (event time); withheld: why not, null for what is shown: no_skill, flapping, budget.
alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Uuid, primary_key=True),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("scope_type", String, nullable=False),
    Column("scope_id", Integer, nullable=False),
    Column("tier", String, nullable=False),
    Column("state", String, nullable=False),
    Column("resolution", String),
    Column("pending_since", Instant, nullable=False),
    Column("opened_at", Instant),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", String),
    Column("resolved_at", Instant),
    Column("snoozed_until", Instant),
    Column("snooze_reason", String),
    Column("assigned_to", String),
    Column("sentence", String, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("stake_hours", Double),
    Column("stake_contract_value", Double),
    Column("stake_money", Double),
    Column("stake_money_low", Double),
    Column("stake_money_high", Double),
    Column("stake_group", Integer, Computed(_GROUP, persisted=True)),
    Column(
        "stake_below_zero",
        Double,
        Computed("- COALESCE(stake_money, stake_contract_value, stake_hours, 0)", persisted=True),
    ),
    Column("currency", String(3)),
    Column("basis", String, nullable=False),
    Column("expected_at", Instant),
    Column("expected_low", Instant),
    Column("expected_high", Instant),
    Column("confidence", Double),
    Column("assessed_tier", String),
    Column("shown_at", Instant),
    Column("withheld", String),
    Column("issued_tier", String),
    Column("issued_expected_at", Instant),
    Column("issued_expected_low", Instant),
    Column("issued_expected_high", Instant),
    Column("issued_confidence", Double),
    Column("owner_role", String, nullable=False),
    Column("play", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(
        "uq_alerts_live_episode",
        "customer_id",
        "kind",
        "scope_type",
        "scope_id",
        unique=True,
        postgresql_where=text("state <> 'resolved'"),
    ),
    Index("ix_alerts_list", text("pending_since DESC"), text("alert_id DESC")),
    Index("ix_alerts_customer", "customer_id", text("pending_since DESC")),
    Index("ix_alerts_urgency", *map(text, _URGENCY)),
    Index("ix_alerts_stake", *map(text, _STAKE)),
    Index("ix_alerts_snoozed_until", "snoozed_until", postgresql_where=text("snoozed_until IS NOT NULL")),
    Index("ix_alerts_live_list", text("pending_since DESC"), text("alert_id DESC"), postgresql_where=_LIVE),
    Index("ix_alerts_live_urgency", *map(text, _URGENCY), postgresql_where=_LIVE),
    Index("ix_alerts_live_stake", *map(text, _STAKE), postgresql_where=_LIVE),
)

# What people did to an alert, in wall time; health reads it when it re-assesses. `effective_at` is the event time up
# to which the customer was assessed then; health writes it when it first sees the action.
alert_actions = Table(
    "alert_actions",
    metadata,
    Column("action_id", BigInteger, Identity(), primary_key=True),
    Column("alert_id", ForeignKey("alerts.alert_id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("effective_at", Instant),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("until", Instant),
    Column("reason", String),
    Column("assigned_to", String),
)

# What happened to a scope that alerts are judged by: asset_failure and asset_work as they came, guarantee_window at
# every window's end, `happened` where it closed overspent.
outcomes = Table(
    "outcomes",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("scope_type", String, primary_key=True),
    Column("scope_id", Integer, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("happened", Boolean, nullable=False),
    Index("ix_outcomes_at", "at"),
)

# Probabilities as they were told at `at`, of a kind's outcome until `until`, on a grid of days that leaves no two
# spans of one scope and horizon overlapping. Null probability: it could have happened, and nobody said how likely.
forecasts = Table(
    "forecasts",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("scope_type", String, primary_key=True),
    Column("scope_id", Integer, primary_key=True),
    Column("horizon_days", Integer, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("until", Instant, nullable=False),
    Column("probability", Double),
    Index("ix_forecasts_at", "at"),
)

# The record of one alert kind over all customers as of a UTC midnight; a figure is null while it is not known.
# skill: demonstrated, none, not_known_yet. calibration: a list by horizon of Brier score, skill and reliability.
track_records = Table(
    "track_records",
    metadata,
    Column("kind", String, primary_key=True),
    Column("as_of", Instant, primary_key=True),
    Column("horizon_days", Integer, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("came_true", Integer, nullable=False),
    Column("too_early", Integer, nullable=False),
    Column("false_alarms", Integer, nullable=False),
    Column("averted", Integer, nullable=False),
    Column("unjudged", Integer, nullable=False),
    Column("standing", Integer, nullable=False),
    Column("outcomes", Integer, nullable=False),
    Column("caught", Integer, nullable=False),
    Column("precision", Double),
    Column("recall", Double),
    Column("base_rate", Double),
    Column("lead_median_h", Double),
    Column("lead_p10_h", Double),
    Column("skill", String, nullable=False),
    Column("needed", Integer),
    Column("ready_on", Date),
    Column("calibration", JSONB, nullable=False),
)

# From when on (event time) the record has to be reckoned again; one row, written with what changed.
track_record_due = Table(
    "track_record_due",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("changed_from", Instant, nullable=False),
    CheckConstraint("only_row", name="only_row"),
)

# What remaining life is learned from: an asset's judged days. readings, terms: name to the day's mean, of its metrics
# and of its operating points with their products; deviation: from its own baseline, in sigmas; confidence: probability
# of a failure as condition alone foretold it; renewed: a repair has changed it, a new life begins.
life_days = Table(
    "life_days",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("readings", JSONB, nullable=False),
    Column("terms", JSONB, nullable=False),
    Column("deviation", Double),
    Column("confidence", Double),
    Column("renewed", Boolean, nullable=False),
)

# What the risk of failure is learned from: what a machine told from a UTC midnight up to `at`, the next midnight or the
# end of an hour with a fault. told: hours known, and what there was of marks, faults, stops, repairs, readings.
risk_steps = Table(
    "risk_steps",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("told", JSONB, nullable=False),
)

# What the fleet's failures, peers and renewals up to `learned_through` (event time) taught; asset_type is empty where
# customers taught it. `body` is msgpack in the layout of that version of the code; null where they were too few.
# `skill`: what it showed, and under `known` how much was known of the time before: where that grows, because a history
# is filled in, it is learned again.
models = Table(
    "models",
    metadata,
    Column("kind", String, primary_key=True),
    Column("asset_type", String, primary_key=True),
    Column("learned_through", Instant, primary_key=True),
    Column("layout_version", Integer, primary_key=True),
    Column("body", LargeBinary),
    Column("skill", JSONB, nullable=False),
)

# The one change feed. `sequence` is taken under a global advisory lock, last before the insert: its order is the
# order of commit.
changes = Table(
    "changes",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("customer_id", Integer, nullable=False, index=True),
    Column("subject", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("transition", String, nullable=False),
    Column("body", JSONB, nullable=False),
)
