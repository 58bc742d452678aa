"""Ingest: receive MQTT, decode it, store it in one transaction a batch, and only then acknowledge.

    persistent lane  session ──envelopes──▶ decoding ──decoded──▶ store ──committed──▶ session.acknowledge
                     (network thread)       (pure)                (psycopg)            (in order of receipt)

    Sparkplug lane   host ──envelopes──▶ decoding ──decoded──▶ backlog ──oldest first──▶ store
                     (network thread)    (pure)                (memory or spool)         (psycopg)

What cannot be decoded becomes a dead letter, committed and acknowledged like everything else.

| room | what |
| --- | --- |
| `messages` | an envelope as it came, readings as they were understood |
| `decoding`, `sparkplug` | bytes and topic in, readings or a reason out; pure |
| `batch` | many messages as the arrays and decisions of one transaction; pure |
| `mqtt` | sessions with the broker, and the queue behind them |
| `spool` | what waits for the database |
| `store` | what is written to the database and read from it |
| `monitoring` | Prometheus metrics and logs |
| `lanes` | the two ways from broker to database |
| `checking`, `commands` | `bellwether ingest --check`, and what operators list, replay and delete |
"""
