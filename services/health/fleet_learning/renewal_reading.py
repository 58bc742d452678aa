"""Read what is known of contracts that came due: records, and the signs that were kept shortly before their ends."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import psycopg
from psycopg.rows import class_row

from services.health.data_acquisition.portfolio_reading import read_contracts, read_told
from services.health.portfolio.contract_lives import NEAR, ended_terms
from services.health.portfolio.past_renewals import FRESH, LEAD, Judged, past_renewals
from services.health.portfolio.portfolio_rows import ContractVersion, Told
from services.health.prognostic_assessment.renewal_learning import PastRenewal

# A contract's signals hang on the first row of its versions.
_JUDGED = """
SELECT s.customer_id, k.external_id AS contract, s.day, s.evidence -> 'signs' AS signs
FROM signals s JOIN contracts k ON s.scope_type = 'contract' AND k.contract_id = s.scope_id
WHERE s.kind = 'renewal_risk' AND EXISTS (
    SELECT FROM contracts v WHERE v.record_source = k.record_source AND v.external_id = k.external_id
      AND s.day > v.ends_on - %(oldest)s AND s.day <= v.ends_on - %(newest)s)
ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, kw_only=True)
class RenewalRecords:
    """All that may teach of renewals."""

    contracts: list[ContractVersion]
    told: list[Told]
    judged: list[Judged]

    def before(self, through: datetime) -> list[PastRenewal]:
        """The contracts that came due of which is known at a UTC midnight what became of them."""
        return past_renewals(self.contracts, self.told, self.judged, through.date())

    def known_on(self, day: date) -> Counter[date]:
        """Days on which it came to be known what became of contracts, up to one."""
        terms = ended_terms(self.contracts, self.told, day)
        return Counter(term.ended_on + timedelta(days=1) + NEAR for term in terms)


def read_renewal_records(conn: psycopg.Connection) -> RenewalRecords:
    """Records of all customers, and the signs of months in which a contract was soon due."""
    window = {"oldest": (LEAD + FRESH).days, "newest": LEAD.days}
    judged = conn.cursor(row_factory=class_row(Judged)).execute(_JUDGED, window).fetchall()
    return RenewalRecords(contracts=read_contracts(conn), told=read_told(conn), judged=judged)
