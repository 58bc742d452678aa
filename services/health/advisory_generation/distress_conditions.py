"""When a customer's own business seems to shrink, told from trouble with its machines and from our silence. Pure.

Only of customers whose data use names BUSINESS_TREND: of others nothing of it is reckoned or kept.
"""

from math import isfinite

import numpy as np

from services.health.advisory_generation.alert_facts import content, percent, quantity, stake_of
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition
from services.health.assessment import AlertContent
from services.health.block import CustomerBlock
from services.health.health_assessment.customer_work import CustomerWork
from services.health.health_assessment.daily_history import hourly
from services.health.value_assessment.activity import ActivityMonth
from services.health.value_assessment.operating_mode import LASTING, YEAR, Outlook, outlook
from shared.months import month_number
from shared.records.vocabulary import BUSINESS_TREND


def may_tell_business(block: CustomerBlock) -> bool:
    """Whether the customer agreed that we conclude from its machines how its business goes."""
    return BUSINESS_TREND in block.data_use


def customer_distress(work: CustomerWork) -> Condition:
    """For three months in a row it asks its machines for surely less than in the same months a year or two before."""
    days = len(work.days.table) - work.days.kept
    numbers = [month_number(work.days.day(work.days.kept + day)) - 1 for day in range(days)]
    told = {number: outlook(work.activity, number) for number in set(numbers)}
    flags = np.array(
        [(told[n].is_distress, told[n].is_over, isfinite(told[n].of_a_year_ago)) for n in numbers], dtype=np.bool_
    ).reshape(days, 3)

    def describe(hour: int) -> AlertContent:
        return _content(work, _last_known(work, told[numbers[hour // 24]]), hour)

    return Condition(
        kind=KINDS["customer_distress"],
        scope_id=work.block.customer_id,
        raised=hourly(flags[:, 0], work.hours),
        cleared=hourly(flags[:, 1], work.hours),
        known=hourly(flags[:, 2], work.hours),
        describe=describe,
    )


def _last_known(work: CustomerWork, said: Outlook) -> Outlook:
    """What the last month up to this one says that can be compared with the year before; this one where none can."""
    for month in reversed(work.activity):
        if month.number <= said.month:
            found = outlook(work.activity, month.number)
            if isfinite(found.of_a_year_ago):
                return found
    return said


def _content(work: CustomerWork, said: Outlook, hour: int) -> AlertContent:
    fallen = 1 - said.share if isfinite(said.share) else float("nan")
    day = work.days.day(work.days.kept + hour // 24)
    return content(
        KINDS["customer_distress"],
        work.block,
        {
            "customer": work.block.name,
            "less": "less" if not isfinite(fallen) else f"{percent(fallen, 0)} less",
            "ago": "a year ago" if said.compared == YEAR else "two years ago",
            "months": LASTING,
        },
        evidence_of(work.activity, said),
        stake_of(work.block, work.block.assets, day, hours=None, cases=0),
    )


def evidence_of(activity: tuple[ActivityMonth, ...], said: Outlook) -> dict[str, object]:
    """What the last three months and the same ones of the time they are compared with were like."""
    by_number = {month.number: month for month in activity}
    found: dict[str, object] = {
        "asked": quantity(100 * said.share, "% of the same months before", 0),
        "compared_with": quantity(said.compared, "months before", 0),
        "by_chance": quantity(100 * said.spread, "% up or down", 0),
    }
    for name, back in (("now", 0), ("before", said.compared)):
        months = [m for n in range(LASTING) if (m := by_number.get(said.month - back - n)) is not None]
        planned, known = sum(m.planned_h for m in months), sum(m.known_h for m in months)
        asked, trouble = sum(m.asked_h for m in months), sum(m.trouble_h for m in months)
        days = sum(m.days for m in months)
        found |= {
            f"planned_time_{name}": quantity(planned / days if days else None, "machine hours a day"),
            f"without_work_{name}": quantity(100 * (1 - asked / known) if known else None, "% of planned time"),
            f"machine_trouble_{name}": quantity(100 * trouble / known if known else None, "% of planned time"),
            f"coverage_{name}": quantity(100 * known / planned if planned else None, "%", 0),
        }
    return found
