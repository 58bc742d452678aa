#!/bin/sh
# Starts mosquitto with ingest's password from the environment, and with TLS where there is a certificate.
# A plant's user is added with
#   docker compose exec broker mosquitto_passwd /mosquitto/secrets/passwords PLANT
# its topics are granted, once its records are imported, with
#   docker compose run --rm broker-acl
# and both are taken up by: docker compose kill -s HUP broker
set -eu
umask 077
passwords=/mosquitto/secrets/passwords
listeners=/mosquitto/secrets/listeners
[ -f "$passwords" ] || : > "$passwords"
mosquitto_passwd -b "$passwords" ingest "$BELLWETHER_BROKER_PASSWORD"
mkdir -p "$listeners"
rm -f "$listeners/tls.conf"
if [ -f /mosquitto/certificates/server.pem ]; then
    cp /mosquitto/config/listener-tls.conf "$listeners/tls.conf"
fi
exec mosquitto -c /mosquitto/config/mosquitto.conf
