"""What is found about accounts is kept a month and at the newest midnight, whatever the order in which rows came."""

from datetime import timedelta

from .plant import DAY, START
from .story import batches, told_by

KEPT = "SELECT DISTINCT day FROM account_findings WHERE customer_id = %s ORDER BY day"


def test_findings_are_kept_of_each_months_first_day_and_of_the_newest_midnight(plant, run_health):
    customer = plant.customer("alpha")
    told = told_by(customer)
    for part in batches(told, timedelta(days=21)):
        plant.deliver(customer, part)
        run_health()
    days = [day for (day,) in plant.rows(KEPT.replace("%s", str(customer.customer_id)))]
    newest = (START + 59 * DAY).date()
    assert days[-1] == newest
    assert all(day.day == 1 for day in days[:-1])
    assert len(days) == 3


def test_a_customer_of_whom_nobody_has_heard_is_looked_at_on_the_fleets_day(plant, run_health):
    silent, customer = plant.customer("silent"), plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=3))
    run_health()
    found = plant.rows(f"SELECT kind, day FROM account_findings WHERE customer_id = {silent.customer_id}")
    assert ("onboarding", (START + 2 * DAY).date()) in found
