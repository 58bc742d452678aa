"""The closed sets of words that records may use, and the suggestion for a word that is none of them."""

from collections.abc import Collection
from difflib import get_close_matches

METRIC_ROLES = (
    "condition",
    "state",
    "production_count",
    "good_count",
    "energy",
    "usage",
    "operating_point",
    "version",
    "fault",
    "mode",
    "scrap_count",
    "rework_count",
    "inspected_count",
    "first_pass_count",
)
SAMPLINGS = ("periodic", "on_change")
STATES = (
    "production",
    "idle",
    "down",
    "held",
    "suspended",
    "setup",
    "planned",
    "off",
    "unknown",
    "maintenance",
    "repair",
)
"""Health keeps states and causes by their place here: a new one goes to the end."""
STOPS = ("idle", "down", "repair", "held", "suspended")
"""States in which a machine stands for somebody's cause."""
MODES = ("production", "maintenance", "manual")
DECODER_KINDS = ("text", "codes", "packml", "limits")
NUMBERINGS = ("tr88", "opc30060")
CAUSES = ("supplier", "customer", "external", "operator", "unknown")
"""Who caused a stop; a guarantee may exclude any of them, or `planned` stops."""
GUARANTEE_EXCLUSIONS = (*CAUSES, "planned")
GUARANTEE_WINDOWS = ("fixed", "rolling")
"""Windows one after the other from the contract's start, or on every day the days up to it."""
MONEY_BASES = ("assumed", "supplier", "agreed")
OWNER_ROLES = (
    "account_manager",
    "customer_success",
    "service_manager",
    "field_service",
    "application_engineer",
    "product_manager",
    "sales",
    "executive",
)
KPIS = (
    "availability",
    "effectiveness",
    "quality",
    "oee",
    "mtbf",
    "mttr",
    "throughput",
    "energy_per_good_unit",
    "value_realized",
)
EVENT_KINDS = (
    "failure",
    "stop",
    "repair",
    "work_order",
    "part",
    "software_release",
    "order",
    "survey",
    "touchpoint",
    "commitment",
    "renewal",
    "baseline",
    "improvement",
    "training",
    "retrofit",
    "capability_adopted",
    "milestone",
)
ADOPTIONS = ("retrofit", "training", "capability_adopted")
"""Kinds of events by which a customer takes something on, beside improvements."""
IMPROVEMENT_STATUSES = ("proposed", "accepted", "realized", "declined")
"""An improvement is one `id` in several events: what the newest says holds, and its time is when it came to that."""
RENEWAL_OUTCOMES = ("renewed", "not_renewed")
"""How a contract ended, whatever its successors look like."""
PAYERS = ("customer", "supplier")
"""Who paid for an hour of service: what we paid is our cost to serve."""
BENCHMARKING = "benchmarking"
"""The data use by which a customer is compared with others, and others with it, without names."""
BUSINESS_TREND = "business_trend"
"""The data use by which we may conclude from a customer's machines how its business goes."""
CORRECTION = "correction"
"""The kind of event that is a person's word on the cause of a stop; it comes through the API alone."""
SCOPE_TYPES = ("customer", "site", "line", "asset")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CURRENCIES = frozenset({
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
    "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC",
    "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS",
    "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD",
    "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
    "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD",
    "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD",
    "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP",
    "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED",
    "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
})  # fmt: skip
"""ISO 4217 codes of circulating currencies."""


def suggestion(word: str, known: Collection[str], otherwise: str | None = None) -> str:
    """What to write instead of `word`: the nearest of `known`, else `otherwise`, else all of them (at most 12)."""
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.6) or get_close_matches(
        word.lower(), sorted(known), n=1, cutoff=0.6
    )
    if near:
        return f"did you mean '{near[0]}'?"
    if otherwise is not None:
        return otherwise
    listed = [*known][:12]
    return "write one of " + ", ".join(listed) + (", …" if len(known) > len(listed) else "")
