#!/bin/sh
# Starts mosquitto with ingest's password from the environment. A plant's user is added with
#   docker compose exec broker mosquitto_passwd /mosquitto/secrets/passwords PLANT
# and taken up by: docker compose kill -s HUP broker
set -eu
umask 077
passwords=/mosquitto/secrets/passwords
[ -f "$passwords" ] || : > "$passwords"
mosquitto_passwd -b "$passwords" ingest "$BELLWETHER_BROKER_PASSWORD"
exec mosquitto -c /mosquitto/config/mosquitto.conf
