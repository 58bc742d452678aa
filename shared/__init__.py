"""What two or more services use: tables, migrations, database, settings, errors, logs, metrics."""
