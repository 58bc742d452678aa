"""Machines of an account in rows, and one machine's finding as a chart. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.api.bodies.alerts import Alert
from services.api.bodies.assets import AssetDetail
from services.api.page import words
from services.api.page.charts import evidence_chart
from services.api.page.numbers import Chart

_CHARTED = {
    "deviation": ("Deviation from its own normal behaviour", "baseline sigmas", "wear"),
    "failure_risk": ("Risk of failure", "probability", "failure_risk"),
}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine in the list of its account."""

    asset: AssetDetail
    glyph: str
    condition: str
    state: str
    availability: str
    coverage: str


def machine_row(asset: AssetDetail, alerts: Sequence[Alert]) -> Machine:
    """A row; alerts: the open ones of the account."""
    own = [a for a in alerts if a.scope.type == "asset" and a.scope.id == asset.id]
    known = asset.kpis.availability is not None
    glyph = own[0].tier if own else ("quiet" if known else "unknown")
    state = "not known" if asset.state is None else words.title(asset.state.state)
    return Machine(
        asset=asset,
        glyph=glyph,
        condition=words.title(own[0].kind) if own else ("Nothing open" if known else "Not known"),
        state=state,
        availability=f"{100 * asset.kpis.availability:.1f} %" if asset.kpis.availability is not None else "Not known",
        coverage="" if asset.kpis.coverage is None else words.share(asset.kpis.coverage),
    )


def finding_chart(asset: AssetDetail, alert: Alert | None, today: date) -> Chart | None:
    """The finding that says most about the machine, for an alert of its kind or, without one, of its wear."""
    for signal in asset.signals:
        if signal.kind not in _CHARTED:
            continue
        title, unit, kind = _CHARTED[signal.kind]
        if alert is not None and alert.kind != kind:
            continue
        expected = signal.expected if alert is None else alert.expected
        svg = evidence_chart(signal, expected, today=today, unit=unit)
        if svg:
            newest = [(f"{each.day}", f"{each.value:.2f}") for each in signal.history if each.value is not None]
            at = "" if expected is None else f" Its limit is expected on {words.day(expected.at, today)}."
            sentence = f"{title}: {newest[-1][1]} {unit} on {words.day(signal.history[-1].day, today)}.{at}"
            return Chart(title=title, unit=unit, sentence=sentence, svg=svg, head=["Day", unit], rows=newest[-30:])
    return None
