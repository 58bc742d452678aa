"""The registry of alert kinds: what each says to people who sell, who owns it, what to do, and how patient it is.

A kind earns its place by being worth a call; everything else is a figure on a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.alerts import Tier

HOURS_A_DAY = 24


ASSET_FAILURE, ASSET_WORK, GUARANTEE_WINDOW = "asset_failure", "asset_work", "guarantee_window"


@dataclass(frozen=True, kw_only=True)
class OutcomeTest:
    """What makes an alert of a kind right: this outcome in its scope, within so many days of its opening.

    in_time_h: an alert later than so many hours before the outcome helped nobody. decided: the outcome comes on a day
    that is known beforehand and then says yes or no; else it is no when nothing came until the horizon. dated: only
    an alert that named a date is a forecast; without one it states what is so already.
    """

    outcome: str
    horizon_days: int
    in_time_h: int
    decided: bool = False
    dated: bool = False


@dataclass(frozen=True, kw_only=True)
class AlertKind:
    """One kind of alert.

    sentence: template for people who sell, filled from the episode's facts. owner_roles: who owns it, the first one
    that the customer has. pending_h: how long the condition must hold before anyone hears of it. minimum_hold_h: how
    long an open alert stays at least. gap_h: hours without evidence after which it is closed as a data gap.
    outcome_test: what would make it right; None for a kind that states what was measured, which people can only
    dismiss. forecast_days: for which horizons its probabilities are kept and scored.
    """

    name: str
    scope_type: str
    tier: Tier
    owner_roles: tuple[str, ...]
    sentence: str
    play: str
    pending_h: int
    minimum_hold_h: int
    gap_h: int
    outcome_test: OutcomeTest | None = None
    forecast_days: tuple[int, ...] = ()

    def owner_role(self, present: Sequence[str]) -> str:
        """The role that owns an alert of a customer who has these roles; never nobody."""
        return next((role for role in self.owner_roles if role in present), self.owner_roles[0])


_SERVICE = ("service_manager", "customer_success", "account_manager")
_ACCOUNT = ("account_manager", "customer_success", "service_manager")
_SUCCESS = ("customer_success", "account_manager", "service_manager")

KINDS = {
    kind.name: kind
    for kind in (
        AlertKind(
            name="wear",
            scope_type="asset",
            tier=Tier.WATCH,
            owner_roles=_SERVICE,
            sentence="{asset} at {site} is drifting away from its own normal behaviour{forecast}.",
            play="Call the plant, show them what changed, and agree on an inspection before the expected date.",
            pending_h=6,
            minimum_hold_h=HOURS_A_DAY,
            gap_h=7 * HOURS_A_DAY,
            outcome_test=OutcomeTest(outcome=ASSET_FAILURE, horizon_days=90, in_time_h=HOURS_A_DAY),
            forecast_days=(90,),
        ),
        AlertKind(
            name="condition_change",
            scope_type="asset",
            tier=Tier.WATCH,
            owner_roles=_SERVICE,
            sentence="{asset} at {site} runs otherwise than it used to{since}{moved}.",
            play="Ask the plant what was done to it then; if nothing was, have it looked at.",
            pending_h=1,
            minimum_hold_h=HOURS_A_DAY,
            gap_h=7 * HOURS_A_DAY,
            outcome_test=OutcomeTest(outcome=ASSET_FAILURE, horizon_days=14, in_time_h=HOURS_A_DAY),
            forecast_days=(14,),
        ),
        AlertKind(
            name="failure_risk",
            scope_type="asset",
            tier=Tier.ACT,
            owner_roles=_SERVICE,
            sentence="{asset} at {site} is likely to fail within {horizon}; {fleet}.",
            play="Call the plant today: what was told of the machine before, others failed of within days.",
            pending_h=1,
            minimum_hold_h=HOURS_A_DAY,
            gap_h=7 * HOURS_A_DAY,
            outcome_test=OutcomeTest(outcome=ASSET_FAILURE, horizon_days=7, in_time_h=8),
            forecast_days=(7,),
        ),
        AlertKind(
            name="repeated_failures",
            scope_type="asset",
            tier=Tier.ACT,
            owner_roles=_SERVICE,
            sentence="{asset} at {site} failed {failures} times in 30 days; {usual}.",
            play="Open one root-cause case for all of these failures instead of one more repair.",
            pending_h=1,
            minimum_hold_h=7 * HOURS_A_DAY,
            gap_h=14 * HOURS_A_DAY,
        ),
        AlertKind(
            name="regression_after_update",
            scope_type="asset",
            tier=Tier.ACT,
            owner_roles=_SERVICE,
            sentence="Since the update to {version} on {date}, {asset} at {site} {change}.",
            play="Offer to roll the software back, and hold it from the machines that do not have it yet.",
            pending_h=1,
            minimum_hold_h=3 * HOURS_A_DAY,
            gap_h=14 * HOURS_A_DAY,
        ),
        AlertKind(
            name="silent_source",
            scope_type="site",
            tier=Tier.ACT,
            owner_roles=_SERVICE,
            sentence="We have heard nothing from {sources} of {site} for {silent}; we cannot see those machines.",
            play="Ask the plant whether the gateway or its network is down before anything else is concluded.",
            pending_h=1,
            minimum_hold_h=1,
            gap_h=365 * HOURS_A_DAY,
        ),
        AlertKind(
            name="guarantee_breach",
            scope_type="contract",
            tier=Tier.WATCH,
            owner_roles=_ACCOUNT,
            sentence="{customer} is guaranteed {guaranteed} availability; {said}.",
            play="Send service to the machines that cost most of the budget, and tell the customer before they ask.",
            pending_h=1,
            minimum_hold_h=3 * HOURS_A_DAY,
            gap_h=30 * HOURS_A_DAY,
            outcome_test=OutcomeTest(
                outcome=GUARANTEE_WINDOW, horizon_days=367, in_time_h=7 * HOURS_A_DAY, decided=True, dated=True
            ),
            forecast_days=(30, 90),
        ),
        AlertKind(
            name="stagnation",
            scope_type="customer",
            tier=Tier.ACT,
            owner_roles=_SUCCESS,
            sentence="{customer} has got no better for {months} months, though there is room: {uptime} against {bar}.",
            play="Propose one improvement with a date and a figure; we are becoming the status quo here.",
            pending_h=1,
            minimum_hold_h=28 * HOURS_A_DAY,
            gap_h=60 * HOURS_A_DAY,
        ),
        AlertKind(
            name="decline",
            scope_type="customer",
            tier=Tier.ACT,
            owner_roles=_SUCCESS,
            sentence="{customer}'s machines get worse month by month: {slope} points a year over {months} months.",
            play="Review the machines that lose most with the customer, and agree on a plan to turn the trend.",
            pending_h=1,
            minimum_hold_h=28 * HOURS_A_DAY,
            gap_h=60 * HOURS_A_DAY,
        ),
        AlertKind(
            name="promise_gap",
            scope_type="customer",
            tier=Tier.ACT,
            owner_roles=_ACCOUNT,
            sentence="{customer} was promised {promised} availability at the sale and has had {uptime} for 90 days.",
            play="Bring the gap up first, with what closes it and by when.",
            pending_h=1,
            minimum_hold_h=14 * HOURS_A_DAY,
            gap_h=30 * HOURS_A_DAY,
        ),
        AlertKind(
            name="unused_capability",
            scope_type="customer",
            tier=Tier.ACT,
            owner_roles=_SUCCESS,
            sentence="{customer} pays for {capabilities} and hardly uses it: {share} of running time in 60 days.",
            play="Find out who at the plant should use it, and train them on their own machine.",
            pending_h=1,
            minimum_hold_h=14 * HOURS_A_DAY,
            gap_h=30 * HOURS_A_DAY,
        ),
        AlertKind(
            name="customer_distress",
            scope_type="customer",
            tier=Tier.ACT,
            owner_roles=_ACCOUNT,
            sentence="{customer} has run {less} than {ago} for {months} months, and its machines are not why.",
            play="Ask how business goes before anything is offered, and bring what would lower their cost.",
            pending_h=1,
            minimum_hold_h=28 * HOURS_A_DAY,
            gap_h=100 * HOURS_A_DAY,
        ),
    )
}
