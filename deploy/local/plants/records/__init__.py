"""The demo's records and events, as the files that `bellwether import` reads."""

from deploy.local.plants.records.files import record_files, write_records

__all__ = ["record_files", "write_records"]
