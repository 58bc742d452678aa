"""Answers what account teams and their systems ask; it reads what health concluded and never computes it.

A router parses, calls one query and returns; all SQL is in `queries`; every error becomes an RFC 9457 problem in
`problems`. People's actions on alerts are the only writes.
"""
