"""Every kind of record that comes as CSV: file, columns, and what must hold among them. Pure."""

from shared.records import fields
from shared.records.event_attributes import attributes_say_what_the_kind_asks
from shared.records.fields import ALWAYS, ALWAYS_INSTANT
from shared.records.rows import Field, RecordKind
from shared.records.rules import (
    cause_is_known,
    contained_shifts,
    in_order,
    moves_have_a_day,
    needs,
    nested_prefixes,
    one_per_id,
    order_ends_after_it_began,
    same_said_twice,
)
from shared.records.vocabulary import (
    EVENT_KINDS,
    GUARANTEE_EXCLUSIONS,
    GUARANTEE_WINDOWS,
    KPIS,
    MONEY_BASES,
    OWNER_ROLES,
    SCOPE_TYPES,
)

_share = fields.number(0, 1, "write a share from 0 to 1: 97.5 % is 0.975")
_amount = fields.money(2)


def _id() -> Field:
    return Field(name="id", required=True, column="external_id")


def _reference(noun: str, *, required: bool = True) -> Field:
    return Field(name=noun, refers_to=noun, required=required)


def _valid_from() -> Field:
    return Field(name="valid_from", parse=fields.day, empty=ALWAYS)


_of_customer = (
    "SELECT external_id, customer_id FROM {table}"
    " WHERE record_source = %(record_source)s AND external_id = ANY(%(keys)s)"
)
_of_site = (
    "SELECT {table}.external_id, sites.customer_id FROM {table} JOIN sites USING (site_id)"
    " WHERE {table}.record_source = %(record_source)s AND {table}.external_id = ANY(%(keys)s)"
)
_of_asset = (
    "SELECT assets.external_id, sites.customer_id"
    " FROM assets JOIN placements USING (asset_id) JOIN sites USING (site_id)"
    " WHERE assets.record_source = %(record_source)s AND assets.external_id = ANY(%(keys)s)"
)
_of_event = """
SELECT events.external_id, coalesce(customers.customer_id, sites.customer_id)
FROM events
LEFT JOIN assets ON scope_type = 'asset' AND assets.asset_id = scope_id
LEFT JOIN placements ON placements.asset_id = assets.asset_id
LEFT JOIN lines ON scope_type = 'line' AND lines.line_id = scope_id
LEFT JOIN sites ON sites.site_id = CASE scope_type
    WHEN 'site' THEN scope_id WHEN 'line' THEN lines.site_id WHEN 'asset' THEN placements.site_id END
LEFT JOIN customers ON scope_type = 'customer' AND customers.customer_id = scope_id
WHERE events.record_source = %(record_source)s AND events.external_id = ANY(%(keys)s)
"""

CUSTOMERS = RecordKind(
    file="customers.csv",
    noun="customer",
    table="customers",
    fields=(
        _id(),
        Field(name="name", required=True),
        Field(name="segment"),
        Field(name="data_use", parse=fields.list_of(fields.word), empty=[]),
    ),
)
SITES = RecordKind(
    file="sites.csv",
    noun="site",
    table="sites",
    fields=(
        _id(),
        _reference("customer"),
        Field(name="name", required=True),
        Field(name="timezone", parse=fields.timezone, required=True),
    ),
    customers=_of_customer.format(table="sites"),
)
CONTRACTS = RecordKind(
    file="contracts.csv",
    noun="contract",
    table="contracts",
    key=("id", "valid_from"),
    fields=(
        _id(),
        _reference("customer"),
        _valid_from(),
        Field(name="signed_on", parse=fields.day),
        Field(name="starts_on", parse=fields.day, required=True),
        Field(name="ends_on", parse=fields.day),
        Field(name="annual_value", parse=_amount),
        Field(name="currency", parse=fields.currency),
        Field(name="guaranteed_availability", parse=_share),
        Field(name="guarantee_window_days", parse=fields.whole(1, 3660)),
        Field(name="guarantee_window", parse=fields.one_of("window", GUARANTEE_WINDOWS), empty="fixed"),
        Field(
            name="guarantee_exclusions",
            parse=fields.list_of(fields.one_of("exclusion", GUARANTEE_EXCLUSIONS)),
            empty=[],
        ),
        Field(name="credit_per_point", parse=_amount),
        Field(name="credit_cap", parse=_amount),
        Field(name="bonus_per_point", parse=_amount),
        Field(name="promised_annual_value", parse=_amount),
        Field(name="promised_availability", parse=_share),
        Field(name="promise_basis"),
    ),
    row_rules=(
        in_order("starts_on", "ends_on"),
        needs("annual_value", "currency"),
        needs("promised_annual_value", "currency"),
        needs("guaranteed_availability", "guarantee_window_days"),
        needs("credit_per_point", "currency", "guaranteed_availability"),
        needs("credit_cap", "credit_per_point"),
        needs("bonus_per_point", "currency", "guaranteed_availability"),
    ),
    file_rules=(one_per_id("customer"),),
    customers=_of_customer.format(table="contracts"),
    since="valid_from",
)
LINES = RecordKind(
    file="lines.csv",
    noun="line",
    table="lines",
    fields=(_id(), _reference("site"), Field(name="name", required=True), Field(name="line_of_business")),
    customers=_of_site.format(table="lines"),
)
SHIFTS = RecordKind(
    file="shifts.csv",
    noun="shift",
    table="shifts",
    key=("id", "valid_from"),
    fields=(
        _id(),
        _reference("site"),
        _valid_from(),
        Field(name="weekdays", parse=fields.weekdays, required=True),
        Field(name="starts_at", parse=fields.clock, required=True),
        Field(name="ends_at", parse=fields.clock, required=True),
    ),
    file_rules=(one_per_id("site"), contained_shifts),
    customers=_of_site.format(table="shifts"),
    since="valid_from",
)
PLANNED_STOPS = RecordKind(
    file="planned_stops.csv",
    noun="planned stop",
    table="planned_stops",
    fields=(
        _id(),
        _reference("site"),
        _reference("line", required=False),
        Field(name="starts_at", parse=fields.instant, required=True),
        Field(name="ends_at", parse=fields.instant, required=True),
        Field(name="reason"),
    ),
    row_rules=(in_order("starts_at", "ends_at", strictly=True),),
    customers=_of_site.format(table="planned_stops"),
    since="starts_at",
)
ECONOMICS = RecordKind(
    file="economics.csv",
    noun="row of economics",
    table="economics",
    key=("id", "valid_from"),
    fields=(
        _id(),
        _reference("site"),
        Field(name="line_of_business", required=True),
        _valid_from(),
        Field(name="margin_per_good_unit", parse=fields.money(4)),
        Field(name="downtime_cost_per_hour", parse=_amount),
        Field(name="currency", parse=fields.currency, required=True),
        Field(name="basis", parse=fields.one_of("basis", MONEY_BASES), required=True),
        Field(name="author"),
    ),
    file_rules=(
        one_per_id("site", "line_of_business"),
        same_said_twice("the economics of this site and line of business", "site", "line_of_business", "valid_from"),
    ),
    customers=_of_site.format(table="economics"),
    since="valid_from",
)
ASSETS = RecordKind(
    file="assets.csv",
    noun="asset",
    table="assets",
    fields=(
        _id(),
        _reference("asset_type"),
        Field(name="name", required=True),
        Field(name="serial"),
        Field(name="commissioned_on", parse=fields.day),
        _reference("site"),
        _reference("line", required=False),
    ),
    customers=_of_asset,
)
PLACEMENTS = RecordKind(
    file="placements.csv",
    noun="placement",
    table="placements",
    key=("asset", "valid_from"),
    of_record_source=False,
    fields=(_reference("asset"), _valid_from(), _reference("site"), _reference("line", required=False)),
    file_rules=(moves_have_a_day,),
    customers=_of_asset,
    since="valid_from",
)
OWNERS = RecordKind(
    file="owners.csv",
    noun="owner",
    table="owners",
    key=("id", "valid_from"),
    fields=(
        _id(),
        _reference("customer"),
        Field(name="role", parse=fields.one_of("role", OWNER_ROLES), required=True),
        Field(name="person", required=True),
        Field(name="email", parse=fields.email),
        _valid_from(),
    ),
    file_rules=(one_per_id("customer"),),
)
OBJECTIVES = RecordKind(
    file="objectives.csv",
    noun="objective",
    table="objectives",
    fields=(
        _id(),
        _reference("customer"),
        Field(name="kpi", parse=fields.one_of("kpi", KPIS), required=True),
        Field(name="target", parse=fields.number(), required=True),
        Field(name="due_on", parse=fields.day),
        Field(name="description"),
    ),
    customers=_of_customer.format(table="objectives"),
)
ENTITLEMENTS = RecordKind(
    file="entitlements.csv",
    noun="entitlement",
    table="entitlements",
    fields=(
        _id(),
        _reference("customer"),
        _reference("asset", required=False),
        Field(name="capability", parse=fields.word, required=True),
        Field(name="starts_on", parse=fields.day, required=True),
        Field(name="ends_on", parse=fields.day),
        Field(name="annual_fee", parse=_amount),
        Field(name="currency", parse=fields.currency),
    ),
    row_rules=(in_order("starts_on", "ends_on"), needs("annual_fee", "currency")),
    customers=_of_customer.format(table="entitlements"),
    since="starts_on",
)
SOURCES = RecordKind(
    file="sources.csv",
    noun="source",
    table="sources",
    key=("topic_prefix",),
    of_record_source=False,
    fields=(
        Field(name="topic_prefix", parse=fields.topic_prefix, required=True),
        _reference("site"),
        Field(name="credential", parse=fields.credential),
    ),
    file_rules=(nested_prefixes,),
)
BINDINGS = RecordKind(
    file="bindings.csv",
    noun="binding",
    table="bindings",
    key=("topic_prefix", "device", "valid_from"),
    of_record_source=False,
    fields=(
        Field(name="topic_prefix", required=True, refers_to="source"),
        Field(name="device", required=True),
        _reference("asset"),
        Field(name="valid_from", parse=fields.instant_or_day, empty=ALWAYS_INSTANT),
    ),
)
EVENTS = RecordKind(
    file="events.csv",
    noun="event",
    table="events",
    fields=(
        _id(),
        Field(name="scope_type", parse=fields.one_of("scope_type", SCOPE_TYPES), required=True),
        Field(name="scope", refers_to="@scope_type", column="scope_id", required=True),
        Field(name="at", parse=fields.instant, required=True),
        Field(name="kind", parse=fields.one_of("kind", EVENT_KINDS), required=True),
        Field(name="attributes", parse=fields.json_object, empty={}),
    ),
    row_rules=(cause_is_known, order_ends_after_it_began, attributes_say_what_the_kind_asks),
    customers=_of_event,
    since="at",
)
