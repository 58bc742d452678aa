"""What is found about accounts is kept a month and at the newest midnight, whatever the order in which rows came."""

from datetime import date, timedelta

from psycopg.types.json import Jsonb

from services.health.data_acquisition.account_reading import read_account
from services.health.saving.account_saving import note_account, waiting_accounts
from services.health.saving.play_saving import save_plays

from .plant import DAY, START
from .story import batches, told_by

KEPT = "SELECT DISTINCT day FROM account_findings WHERE customer_id = %s ORDER BY day"


def test_findings_are_kept_of_each_months_first_day_and_of_the_newest_midnight(plant, run_health):
    customer = plant.customer("alpha")
    told = told_by(customer, days=32)
    for part in batches(told, timedelta(days=21)):
        plant.deliver(customer, part)
        run_health()
    days = [day for (day,) in plant.rows(KEPT.replace("%s", str(customer.customer_id)))]
    newest = (START + 31 * DAY).date()
    assert days[-1] == newest
    assert all(day.day == 1 for day in days[:-1])
    assert len(days) == 2


def test_a_customer_of_whom_nobody_has_heard_is_looked_at_on_the_fleets_day(plant, run_health):
    silent, customer = plant.customer("silent"), plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=3))
    run_health()
    found = plant.rows(f"SELECT kind, day FROM account_findings WHERE customer_id = {silent.customer_id}")
    assert ("onboarding", (START + 2 * DAY).date()) in found


def test_who_waits_longest_is_looked_at_first_however_far_back_and_however_often_noted(plant):
    first, second = (plant.customer(name).customer_id for name in ("alpha", "beta"))
    for customer_id, since in ((second, START), (first, START + DAY), (second, START + 2 * DAY)):
        note_account(plant.conn, customer_id, since)
        plant.conn.commit()
    assert waiting_accounts(plant.conn) == [second, first]


def test_every_account_has_one_next_improvement_and_both_answers(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=4))
    run_health()
    asked = ("next_improvement", "question_backs", "question_competitive", "expansion")
    found = plant.rows(
        "SELECT kind, count(*) FROM account_findings WHERE day = (SELECT max(day) FROM account_findings)"
        f" AND kind IN {asked} GROUP BY kind"
    )
    assert dict(found) == dict.fromkeys(asked, 1)


def test_the_score_of_plays_is_kept_and_what_rests_on_it_is_reckoned_again(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=4))
    run_health()
    plant.conn.execute("DELETE FROM accounts_due")
    changes = Jsonb({"changes": {"pump": {"acted": [9.0] * 5, "left_alone": [float(n) for n in range(5)]}}})
    plant.conn.execute(
        "INSERT INTO account_findings (customer_id, kind, subject, day, verdict, basis, evidence)"
        " VALUES (%s, 'play', 'wear', '2024-04-01', 'acted', 'measured', %s)",
        [customer.customer_id, changes],
    )
    plant.conn.commit()
    plant.conn.autocommit = True
    assert save_plays(plant.conn, date(2024, 1, 1)) == date(2024, 4, 1)
    assert plant.rows("SELECT play, verdict, effect FROM play_scores") == [("wear", "works", 7.0)]
    assert plant.rows("SELECT count(*) FROM accounts_due") == [(1,)]
    assert save_plays(plant.conn, date(2024, 1, 1)) is None


def test_an_alert_is_acted_on_by_who_takes_it_on_and_by_nobody_who_snoozes_or_takes_it_back(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer))
    run_health()
    through = (START + 59 * DAY).date()
    first, *_ = read_account(plant.conn, customer.customer_id, through).alerts
    acted = {}
    for action, day in (("snooze", 52), ("acknowledge", 55), ("unacknowledge", 56)):
        plant.conn.execute(
            "INSERT INTO alert_actions (alert_id, at, effective_at, actor, action) VALUES (%s, now(), %s, 'crm', %s)",
            [first.alert_id, START + day * DAY, action],
        )
        acted[action] = read_account(plant.conn, customer.customer_id, through).alerts[0].acted_at
    assert acted == {"snooze": None, "acknowledge": START + 55 * DAY, "unacknowledge": None}
