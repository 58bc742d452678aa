"""The broker's access rules, made from the records: who may publish what, and who may read what.

read (adapter) → grants (pure) → mosquitto_file or nats_block (pure)
"""
