"""From signature to first data to first value, against the plan. Pure.

The plan is what events `milestone` say (`first_data` and `first_value` are found in the data, others are done when
their `done_on` says so). Without a plan the machines' commissioning is the day by which data should come, and
for first value there is none: then the answer is how long it takes, and no verdict before it is there.
"""

from dataclasses import dataclass
from datetime import date

from services.health.account_assessment.account import Account, Finding, fact
from services.health.account_assessment.calendar_months import next_month
from shared.records.said_dates import date_said

FIRST_DATA, FIRST_VALUE = "first_data", "first_value"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the start: when it is due by plan and when it was done, None where nobody said or it was not."""

    name: str
    due_on: date | None
    done_on: date | None

    def is_late(self, day: date) -> bool:
        """Whether it should have been done before `day` and is not."""
        return self.done_on is None and self.due_on is not None and self.due_on < day


def onboarding(account: Account, day: date) -> Finding:
    """Done, on plan, slipping or not known; value: days from signature to first value, so far while there is none."""
    signed = min((c.signed_on for c in account.contracts if c.signed_on is not None), default=None)
    steps = planned_steps(account, day)
    value_on = next(step.done_on for step in steps if step.name == FIRST_VALUE)
    facts = [] if signed is None or signed >= day else [fact("contract signed", on=signed)]
    facts += [_told(step, day) for step in steps]
    took = None if signed is None or signed >= day else float(((value_on or day) - signed).days)
    return Finding(
        kind="onboarding",
        day=day,
        verdict=_verdict(steps, day),
        value=took,
        unit=None if took is None else "d",
        evidence={"facts": facts, "steps": [_row(step) for step in steps]},
    )


def planned_steps(account: Account, day: date) -> list[Step]:
    """First data and first value, then the plan's other milestones by their due date."""
    plan = {str(e.attributes["name"]): e.attributes for e in account.events_of(day, "milestone")}
    due = {name: date_said(said, "due_on") for name, said in plan.items()}
    if FIRST_DATA not in due:
        due[FIRST_DATA] = min((a.commissioned_on for a in account.assets if a.commissioned_on), default=None)
    done = {name: date_said(said, "done_on") for name, said in plan.items()}
    done |= {FIRST_DATA: account.first_data, FIRST_VALUE: first_value(account)}
    others = sorted(set(due) - {FIRST_DATA, FIRST_VALUE}, key=lambda name: (str(due[name]), name))
    return [
        Step(name=name, due_on=due.get(name), done_on=_before(done.get(name), day))
        for name in (FIRST_DATA, FIRST_VALUE, *others)
    ]


def first_value(account: Account) -> date | None:
    """The day after the first whole month in which hours were surely avoided or units gained, over all lines of
    business: by the lower end of their intervals, where these are known."""
    months = sorted({row.month for row in account.values})
    for month in months:
        rows = [row for row in account.values if row.month == month]
        hours = sum(_surely(row.hours_low, row.hours_avoided) for row in rows)
        units = sum(_surely(row.units_low, row.good_units_gained) for row in rows)
        if hours > 0 or units > 0:
            return next_month(month)
    return None


def _surely(low: float | None, value: float | None) -> float:
    return low if low is not None else value or 0.0


def _before(done_on: date | None, day: date) -> date | None:
    """What was done later was not done yet."""
    return done_on if done_on is not None and done_on <= day else None


def _verdict(steps: list[Step], day: date) -> str:
    if any(step.is_late(day) for step in steps):
        return "slipping"
    open_steps = [step for step in steps if step.done_on is None]
    if not open_steps:
        return "done"
    return "on_plan" if all(step.due_on is not None for step in open_steps) else "not_known"


def _told(step: Step, day: date) -> dict[str, object]:
    name = step.name.replace("_", " ")
    if step.done_on is not None:
        late = None if step.due_on is None else float((step.done_on - step.due_on).days)
        return fact(name, on=step.done_on, value=late, unit=None if late is None else "d after plan")
    if step.due_on is None:
        return fact(f"{name}: not yet, and no plan says by when")
    overdue = float((day - step.due_on).days)
    return fact(f"{name}: not yet", on=step.due_on, value=overdue, unit="d after plan")


def _row(step: Step) -> dict[str, object]:
    due, done = step.due_on, step.done_on
    return {"name": step.name, "due_on": due and due.isoformat(), "done_on": done and done.isoformat()}
