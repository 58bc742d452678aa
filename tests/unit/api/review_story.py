"""Made-up rows that a review is made from."""

from datetime import UTC, date, datetime

from services.api.review.review_rows import (
    EventRow,
    HoursRow,
    PromiseRow,
    ReviewRows,
    SinceStartRow,
    SuggestionRow,
    ValueRow,
    WindowRow,
)

FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)


def promise(**columns):
    said = {
        "contract": "K-2023-07",
        "starts_on": date(2023, 7, 1),
        "currency": "EUR",
        "promised_annual_value": 310000.0,
        "promised_availability": 0.96,
        "promise_basis": "business case signed with the offer",
        "guaranteed_availability": 0.965,
        "attributed_availability": 0.971,
    }
    return PromiseRow(**said | columns)


def value(month, amount=20000.0, **columns):
    said = {
        "month": month,
        "line_of_business": "sauces",
        "counterfactual": "acceptance_window",
        "hours_avoided": 12.5,
        "good_units_gained": 340.0,
        "money": amount,
        "money_low": None if amount is None else 0.8 * amount,
        "money_high": None if amount is None else 1.2 * amount,
        "currency": "EUR",
        "basis": "agreed",
        "maintenance": 1000.0,
        "fees": 2000.0,
        "net": None if amount is None else amount - 3000.0,
        "said_on": date(2024, 3, 1),
        "promised_money": 25833.0,
    }
    return ValueRow(**said | columns)


def hours(month, **columns):
    said = {
        "month": month,
        "planned_h": 700.0,
        "known_h": 690.0,
        "supplier_h": 9.0,
        "customer_h": 4.0,
        "operator_h": 3.0,
        "external_h": 2.0,
        "unknown_h": 1.0,
    }
    return HoursRow(**said | columns)


def event(kind, day, where=None, **attributes):
    names = set(EventRow.__dataclass_fields__) - {"at", "kind", "where"}
    at = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return EventRow(at=at, kind=kind, where=where, **dict.fromkeys(names) | attributes)


def story(**columns):
    months = [date(2026, n, 1) for n in range(1, 7)]
    said = {
        "customer": "Northfield Foods",
        "demo": False,
        "first": FIRST,
        "last": LAST,
        "promises": [promise()],
        "values": [value(month, 15000.0 + 2500 * n) for n, month in enumerate(months)],
        "since_start": [
            SinceStartRow(
                months=36,
                money_months=34,
                hours_avoided=410.0,
                money=720000.0,
                net=610000.0,
                currency="EUR",
                promised_money=930000.0,
                ratio=0.656,
                ratio_of="net",
            )
        ],
        "suggestions": [
            SuggestionRow(
                day=date(2026, 6, 30), title="Find the one cause", hours=22.0, objective=None, others=6, saved=3.1
            )
        ],
        "hours": [hours(month, supplier_h=12.0 - n) for n, month in enumerate(months)],
        "windows": [WindowRow(contract="K-2023-07", ended_on=date(2026, 3, 31), kept=True)],
        "events": [
            event("software_release", "2026-02-11", "Filler 2", version="4.3.0"),
            event("software_release", "2026-02-11", "Filler 3", version="4.3.0"),
            event("training", "2026-03-04", title="Change-over in under an hour"),
            event("commitment", "2025-12-01", id="c1", what="Spare drive on site", due_on="2026-02-28"),
            event("commitment", "2026-02-20", id="c1", what="Spare drive on site", kept_on="2026-02-20"),
            event(
                "improvement",
                "2026-05-20",
                "Line 2",
                id="i1",
                title="Let the filler slow down instead of stopping",
                status="accepted",
                expected_hours=40.0,
                expected_money=24000.0,
                currency="EUR",
                objective="OEE of 75 % by the end of the year",
            ),
            event("improvement", "2026-06-02", id="i2", title="Second shift on the palletizer", status="proposed"),
        ],
        "commissioned": [(date(2026, 4, 14), "Palletizer 1")],
    }
    return ReviewRows(**said | columns)
