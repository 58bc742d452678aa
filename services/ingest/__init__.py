"""Ingest: receive MQTT, decode it, store it in one transaction a batch, and only then acknowledge.

    kept lane       session ──envelopes──▶ decoding ──decoded──▶ store ──committed──▶ session.acknowledge
                    (network thread)       (pure)                (psycopg)            (in order of receipt)

    Sparkplug lane  host ──envelopes──▶ decoding ──decoded──▶ backlog ──oldest first──▶ store
                    (network thread)    (pure)                (memory or spool)         (psycopg)

What cannot be decoded becomes a dead letter, committed and acknowledged like everything else.
"""
