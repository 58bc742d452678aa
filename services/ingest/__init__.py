"""Ingest: receive MQTT, decode it, store it in one transaction a batch, and only then acknowledge.

    receiver ──envelopes──▶ decoding ──decoded──▶ store ──committed──▶ receiver.acknowledge
    (paho threads)          (pure)                (psycopg)            (in order of receipt)

What cannot be decoded becomes a dead letter, committed and acknowledged like everything else.
"""
