"""The record of one alert kind as of an instant: precision, recall, lead time, calibration and skill. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from services.health.advisory_generation.alert_kinds import OutcomeTest
from services.health.block import Floats
from services.health.track_record.histories import KindHistory
from services.health.track_record.judging import DAY_S, HOUR_S, JUDGED, Verdict, leads, scored, verdicts
from services.health.track_record.scores import Calibration, calibration
from services.health.track_record.skill import Skill, cautious_base_rate, needed, ready_on, skill


@dataclass(frozen=True, kw_only=True)
class Record:
    """Row of `track_records` without its kind. A figure is None while it is not known: no share of nothing.

    alerts = came_true + too_early + false_alarms + averted + unjudged + standing; too_early: the outcome came, but
    after the horizon. precision = came_true / (came_true + too_early + false_alarms). base_rate: how often the outcome
    comes within the horizon of any moment. needed: judged alerts after which skill shows. lead times: from an alert to
    its outcome, of outcomes that were caught in time.
    """

    as_of: datetime
    horizon_days: int
    alerts: int
    came_true: int
    too_early: int
    false_alarms: int
    averted: int
    unjudged: int
    standing: int
    outcomes: int
    caught: int
    precision: float | None
    recall: float | None
    base_rate: float | None
    lead_median_h: float | None
    lead_p10_h: float | None
    skill: Skill
    needed: int | None
    ready_on: date | None
    calibration: tuple[Calibration, ...]


def record(
    test: OutcomeTest, horizons: tuple[int, ...], whole: KindHistory, as_of: datetime, since: float = -np.inf
) -> Record:
    """The record as it stood at an instant: the same whether reckoned then or from a longer history.

    since: alerts that opened, outcomes that came and forecasts that were told earlier (Unix seconds) do not count.
    """
    now = as_of.timestamp()
    history = whole.as_of(now)
    lead = leads(test, history, since)
    history = history.since(since)
    told = verdicts(test, history)
    count = {verdict: int((told == verdict).sum()) for verdict in Verdict}
    right, judged = count[Verdict.RIGHT], sum(count[verdict] for verdict in JUDGED)
    caught = lead[~np.isnan(lead)]
    happened, windows = _windows(test, history)
    base = cautious_base_rate(happened, windows)
    known = skill(right, judged, len(lead), base)
    enough = needed(base)
    return Record(
        as_of=as_of,
        horizon_days=test.horizon_days,
        alerts=len(told),
        came_true=right,
        too_early=count[Verdict.EARLY],
        false_alarms=count[Verdict.FALSE],
        averted=count[Verdict.AVERTED],
        unjudged=count[Verdict.UNJUDGED],
        standing=count[Verdict.STANDING],
        outcomes=len(lead),
        caught=len(caught),
        precision=right / judged if judged and len(lead) else None,
        recall=len(caught) / len(lead) if len(lead) else None,
        base_rate=happened / windows if happened else None,
        lead_median_h=_hours(caught, 50),
        lead_p10_h=_hours(caught, 10),
        skill=known,
        needed=enough,
        ready_on=_ready_on(test, history, told, enough, now) if known is Skill.NOT_KNOWN_YET else None,
        calibration=tuple(calibration(scored(test, history, days), days) for days in horizons),
    )


def _windows(test: OutcomeTest, history: KindHistory) -> tuple[int, int]:
    """In how many spans of one horizon the outcome came, and how many there were."""
    if test.decided:
        return int(history.outcomes.happened.sum()), len(history.outcomes.at)
    found = scored(test, history, test.horizon_days).happened
    return int(found.sum()), len(found)


def _hours(leads_s: Floats, percentile: float) -> float | None:
    return float(np.percentile(leads_s, percentile)) / HOUR_S if len(leads_s) else None


def _ready_on(test: OutcomeTest, history: KindHistory, told: np.ndarray, enough: int | None, now: float) -> date | None:
    if enough is None:
        return None
    due = np.sort(history.alerts.opened[told == Verdict.STANDING]) + test.horizon_days * DAY_S
    first = min([*history.forecasts.at.tolist(), *history.alerts.opened.tolist()], default=now)
    return ready_on(
        datetime.fromtimestamp(now, UTC).date(),
        len(told),
        int(history.outcomes.happened.sum()),
        max(1, enough - int(np.isin(told, JUDGED).sum())),
        np.maximum(0.0, due - now) / DAY_S,
        days=(now - first) / DAY_S,
        horizon_days=test.horizon_days,
    )
