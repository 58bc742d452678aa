"""The big charts, each a pure function from what the API answers to one SVG."""

import itertools
from collections.abc import Sequence
from datetime import date, timedelta

from services.api.bodies.assets import AssetSignal
from services.api.bodies.lists import Expected, MoneyRange
from services.api.bodies.value import CustomerValue, Figure, Outlook, SinceStart
from services.api.page import plot, words
from services.api.page.plot import Plot

_HEIGHT = 190
Course = list[tuple[date, float]]


def _month_end(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _realized(row: SinceStart | Outlook) -> MoneyRange | None:
    return row.gross


def value_chart(value: CustomerValue) -> str:
    """Value since the start against the promise, and where both come to by the renewal; hours where money is not
    known; nothing where neither is."""
    rows = [row for row in value.since_start if row.line_of_business == "*"]
    ahead = [row for row in value.outlook if row.line_of_business == "*" and row.horizon in ("renewal", "1_year")]
    outlook = ahead[0] if ahead else None
    if sum(row.gross is not None for row in rows) > 1:
        return _money_chart([row for row in rows if row.gross is not None], outlook)
    if sum(row.hours_avoided is not None for row in rows) > 1:
        return _hours_chart([row for row in rows if row.hours_avoided is not None], outlook)
    return ""


def _money_chart(rows: Sequence[SinceStart], outlook: Outlook | None) -> str:
    found = [(_month_end(row.month), row.gross) for row in rows if row.gross is not None]
    figures = [(on, Figure(value=money.amount, low=money.low, high=money.high)) for on, money in found]
    promised = [(_month_end(row.month), row.promised.amount) for row in rows if row.promised is not None]
    ahead = None
    if outlook is not None and outlook.gross is not None:
        gross = outlook.gross
        ahead = (outlook.at, Figure(value=gross.amount, low=gross.low, high=gross.high))
        if promised and outlook.promised is not None:
            promised.append((outlook.at, outlook.promised.amount))
    sign = words.currency(found[0][1].currency)
    return _value_drawing(figures, promised, ahead, f"{sign}{words.NBSP}", "")


def _hours_chart(rows: Sequence[SinceStart], outlook: Outlook | None) -> str:
    figures = [(_month_end(row.month), row.hours_avoided) for row in rows if row.hours_avoided is not None]
    ahead = None
    if outlook is not None and outlook.hours_avoided is not None:
        ahead = (outlook.at, outlook.hours_avoided)
    return _value_drawing(figures, [], ahead, "", f"{words.NBSP}h")


def _value_drawing(
    found: Sequence[tuple[date, Figure]], promised: Course, ahead: tuple[date, Figure] | None, sign: str, unit: str
) -> str:
    reach = [*found, *([ahead] if ahead else [])]
    values = [v for _, f in reach for v in (f.value, f.low, f.high) if v is not None] + [v for _, v in promised]
    paper = plot.plot_of(_begin(found[0][0]), reach[-1][0], [*values, 0.0], height=_HEIGHT, from_zero=True)
    today, now = found[-1]
    course = [(on, figure.value) for on, figure in found]
    drawn = _band(paper, found, "near") + plot.line(paper, course, "past")
    if ahead is not None:
        drawn = _band(paper, [found[-1], ahead], "far") + drawn
        drawn += plot.line(paper, [(today, now.value), (ahead[0], ahead[1].value)], "future")
    drawn += plot.line(paper, promised, "promised")

    def told(value: float) -> str:
        return f"{sign}{words.number(value)}{unit}"

    plain = plot.today_line(paper, today) + plot.dot(paper, today, now.value)
    plain += plot.label(paper.x(today), paper.y(now.value) + 18, f"Realized {told(now.value)}", "data", "start", 8)
    sentence = f"Realized {told(now.value)} so far"
    if ahead is not None:
        plain += plot.label(100, paper.y(ahead[1].value) + 4, f"Forecast {told(ahead[1].value)}", "data wide", nudge=8)
        sentence += f", foretold {told(ahead[1].value)} by {ahead[0].day} {ahead[0]:%B %Y}"
    if promised:
        y = paper.y(promised[-1][1]) - (0 if ahead is None else 8)
        plain += plot.label(paper.x(promised[-1][0]), y, f"Promised {told(promised[-1][1])}", "strong wide", nudge=8)
        sentence += f"; promised {told(promised[-1][1])}"
    ticks = [(v, told(v) if v else "0") for v in plot.values_of(paper)]
    return plot.drawing(paper, drawn, plain, told=f"{sentence}.", ticks=ticks)


def _begin(month_end: date) -> date:
    return (month_end - timedelta(days=1)).replace(day=1)


def _band(paper: Plot, found: Sequence[tuple[date, Figure]], kind: str) -> str:
    known = [(on, f.low, f.high) for on, f in found if f.low is not None and f.high is not None]
    low = [(on, low) for on, low, _ in known if low is not None]
    high = [(on, high) for on, _, high in known if high is not None]
    return plot.band(paper, low, high, kind)


def evidence_chart(signal: AssetSignal, expected: Expected | None, *, today: date, unit: str) -> str:
    """How a finding about a machine went, and when it is expected to come to its limit; nothing for two days."""
    course = [(each.day, each.value) for each in signal.history if each.value is not None]
    if len(course) < 3:
        return ""
    ends = [course[-1][0]]
    if expected is not None:
        ends += [each.date() for each in (expected.at, expected.high) if each is not None]
    last = min(max(ends), course[-1][0] + timedelta(days=180)) + timedelta(days=3)
    paper = plot.plot_of(course[0][0], last, [v for _, v in course], height=_HEIGHT, from_zero=True)
    plain = plot.today_line(paper, course[-1][0]) + plot.dot(paper, *course[-1])
    told = f"From {course[0][1]:.1f} to {course[-1][1]:.1f} {unit}"
    if expected is not None and expected.at.date() <= last:
        plain += _expected(paper, expected)
        told += f"; expected {words.day(expected.at, today)}"
    ticks = [(v, f"{v:g}") for v in plot.values_of(paper)]
    return plot.drawing(paper, _pieces(paper, course), plain, told=f"{told}.", ticks=ticks)


def _pieces(paper: Plot, course: Course) -> str:
    """The line, broken where a day is missing: nothing is interpolated."""
    pieces: list[Course] = [[course[0]]]
    for before, after in itertools.pairwise(course):
        if (after[0] - before[0]).days > 1:
            pieces.append([])
        pieces[-1].append(after)
    return "".join(plot.line(paper, piece, "past") for piece in pieces)


def _expected(paper: Plot, expected: Expected) -> str:
    low = paper.x((expected.low or expected.at).date())
    high = min(paper.x((expected.high or expected.at).date()), 100.0)
    y = paper.height - 8
    at = paper.x(expected.at.date())
    return (
        f'<line class="range act" x1="{low:.1f}%" x2="{high:.1f}%" y1="{y}" y2="{y}"/>'
        f'<circle class="dot act" cx="{at:.1f}%" cy="{y}" r="4"/>'
        + plot.label(at, y - 10, f"{expected.at.day} {expected.at:%b}", "act", "middle")
    )


def budget_chart(course: Sequence[tuple[date, float, float]], *, first: date, last: date) -> str:
    """Hours that a guarantee leaves, from the whole budget down; course: day, spent and budget as judged that day."""
    left = [(on, budget - spent) for on, spent, budget in course]
    if len(left) < 2:
        return ""
    whole = course[-1][2]
    reach = [whole, 0.0, *(v for _, v in left)]
    paper = plot.plot_of(first, max(last, left[-1][0]), reach, height=_HEIGHT, from_zero=True)
    drawn = plot.line(paper, [(first, whole), (last, 0.0)], "even") + plot.steps(paper, left, "past")
    zero = paper.y(0.0)
    plain = f'<line class="limit" x1="0" x2="100%" y1="{zero:.1f}" y2="{zero:.1f}"/>'
    plain += plot.label(100, zero - 6, "breach", "act", "end")
    plain += plot.today_line(paper, left[-1][0]) + plot.dot(paper, *left[-1])
    told = f"{words.hours(left[-1][1])} left"
    plain += plot.label(paper.x(left[-1][0]), paper.y(left[-1][1]) + 18, told, "data", "end", -6)
    ticks = [(v, words.hours(v)) for v in plot.values_of(paper)]
    return plot.drawing(paper, drawn, plain, told=f"{told} of {words.hours(whole)}.", ticks=ticks)
