"""Queries of PostgreSQL for the dashboard builders, which have none of their own."""

from typing import Literal

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

Format = Literal["time_series", "table"]
SOURCE_TYPE = "grafana-postgresql-datasource"
PROVISIONED = "bellwether-postgres"
"""Uid of the data source in provisioning/datasources, which dashboards use unless somebody chooses another."""
SOURCE = DataSourceRef(type_val=SOURCE_TYPE, uid="${datasource}")


class PostgresQuery(Dataquery):
    """One query as Grafana's PostgreSQL data source takes it."""

    def __init__(self, sql: str, form: Format, ref_id: str = "A") -> None:
        self.sql = sql
        self.form = form
        self.ref_id = ref_id

    def to_json(self) -> dict[str, object]:
        """The body of a panel's target."""
        return {
            "refId": self.ref_id,
            "datasource": SOURCE.to_json(),
            "editorMode": "code",
            "format": self.form,
            "rawQuery": True,
            "rawSql": self.sql,
        }


class Query(Builder[PostgresQuery]):
    """Builds a query from SQL that may be indented as the code around it is."""

    def __init__(self, sql: str, form: Format = "table") -> None:
        self._query = PostgresQuery("\n".join(line.strip() for line in sql.strip().splitlines()), form)

    def build(self) -> PostgresQuery:
        """The query."""
        return self._query
