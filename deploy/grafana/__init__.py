"""Grafana's dashboards as code, and the login that Grafana reads the database with.

boards/     a module a dashboard: what it shows
write.py    writes all of them to dashboards/*.json, which Grafana is provisioned with
rules.py    what every dashboard has to keep to
login.py    makes the login, with nothing but the views
"""
