"""What changed at a machine within hours or days, and whether the machine or one of its sensors did.

Wear that takes weeks is judged elsewhere (`condition`), once a day. Here every bucket counts, whatever its length:

1. `reference`        what is normal, by operating regime: centre, scatter, memory, how metrics hang together, limits
2. `sensor_runs`      readings that stand still or stay away, told from the raw values alone
3. `statistics`       smoothed deviations against their limits: each metric, T2, Q, one metric against its peers
4. `judged_buckets`   the level that is followed, what was found, since when; up to the next turning point
5. `change`           from bucket to bucket: learn, judge, settle after a repair
"""
