"""What the demo's customers pay, were promised and guaranteed, and what an hour is worth to them."""

from dataclasses import dataclass

OWNERS = (
    ("account_manager", "Account manager", "account-manager@supplier.example"),
    ("customer_success", "Customer success lead", "success-lead@supplier.example"),
    ("service_manager", "Service lead", "service-lead@supplier.example"),
)
"""Role, who it is (roles, not people), and the role's mailbox."""


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """Availability guaranteed over a window, and the credit for each point below it."""

    availability: float
    window_days: int
    credit_per_point: float


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The business case of the sale: availability, and money a year."""

    availability: float
    annual_value: float


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a good unit and an hour of downtime are worth, and who says so (basis and author)."""

    margin_per_good_unit: float | None
    downtime_cost_per_hour: float
    basis: str
    author: str


@dataclass(frozen=True, kw_only=True)
class Business:
    """One customer's contract; all figures in `currency`, None where nobody told us. `ends_in_days` from the start.

    survey: score of the newest satisfaction survey, 0..10.
    """

    ends_in_days: int
    survey: int
    currency: str | None = None
    annual_value: float | None = None
    guarantee: Guarantee | None = None
    promise: Promise | None = None
    worth: Worth | None = None
    capability_fee: float | None = None


BUSINESS: dict[str, Business] = {
    "marisol-bay": Business(
        ends_in_days=510,
        survey=8,
        currency="EUR",
        annual_value=240_000,
        guarantee=Guarantee(availability=0.95, window_days=365, credit_per_point=8_000),
        worth=Worth(
            margin_per_good_unit=None,
            downtime_cost_per_hour=1_800,
            basis="agreed",
            author="value review with the plant",
        ),
    ),
    "northfield": Business(
        ends_in_days=640,
        survey=9,
        currency="EUR",
        annual_value=380_000,
        promise=Promise(availability=0.9, annual_value=60_000),
        worth=Worth(margin_per_good_unit=0.03, downtime_cost_per_hour=900, basis="agreed", author="plant controlling"),
        capability_fee=48_000,
    ),
    "hollowmere": Business(
        ends_in_days=190,
        survey=8,
        currency="EUR",
        annual_value=210_000,
        promise=Promise(availability=0.9, annual_value=45_000),
        worth=Worth(
            margin_per_good_unit=0.025, downtime_cost_per_hour=750, basis="supplier", author="sales engineering"
        ),
        capability_fee=36_000,
    ),
    "quillon": Business(ends_in_days=420, survey=7),
    "kestrel-moor": Business(
        ends_in_days=260,
        survey=9,
        currency="EUR",
        annual_value=150_000,
        worth=Worth(
            margin_per_good_unit=None, downtime_cost_per_hour=1_200, basis="assumed", author="industry average"
        ),
    ),
    "stellan-ridge": Business(
        ends_in_days=700,
        survey=8,
        currency="USD",
        annual_value=520_000,
        worth=Worth(
            margin_per_good_unit=None, downtime_cost_per_hour=2_600, basis="supplier", author="sales engineering"
        ),
        capability_fee=40_000,
    ),
    "brackwater": Business(
        ends_in_days=330,
        survey=6,
        currency="GBP",
        annual_value=300_000,
        guarantee=Guarantee(availability=0.97, window_days=90, credit_per_point=15_000),
        worth=Worth(margin_per_good_unit=0.02, downtime_cost_per_hour=1_100, basis="agreed", author="contract annex"),
    ),
    "larkfield": Business(ends_in_days=400, survey=7, currency="EUR", annual_value=90_000),
    "tarnwick": Business(
        ends_in_days=380,
        survey=7,
        currency="EUR",
        annual_value=190_000,
        worth=Worth(
            margin_per_good_unit=None, downtime_cost_per_hour=1_500, basis="assumed", author="industry average"
        ),
    ),
}
