#!/bin/sh
# Makes Grafana's read-only role, or brings its rights up to date, and sets its password.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --file /grafana/role.sql
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$BELLWETHER_GRAFANA_DATABASE_PASSWORD" <<'SQL'
ALTER ROLE bellwether_grafana PASSWORD :'password';
SQL
