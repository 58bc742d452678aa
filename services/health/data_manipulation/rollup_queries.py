"""The SQL of rollups, the same on both engines. `runs` are stretches [start, end) of a series, by number.

What is read comes as one binary array a column, in no order: an array a series takes longer to unpack than to sort.
"""

# What the samples of a series mean, from when on: by what the device was bound to at that time. A counter that is not
# said to roll over does so nowhere, and one of no greatest speed is as fast as it likes.
MEANINGS = """
SELECT series.series_id, array_send(array_agg(coalesce(bindings.valid_from, '-infinity') ORDER BY bindings.valid_from)),
       array_send(array_agg(coalesce(metrics.max_hold_s, 2 * metrics.interval_s, %(unassigned_hold_s)s)
                            ORDER BY bindings.valid_from)),
       array_send(array_agg(coalesce(metrics.rollover_at, 'NaN') ORDER BY bindings.valid_from)),
       array_send(array_agg(coalesce(metrics.max_per_hour, 'Infinity') ORDER BY bindings.valid_from))
FROM series
LEFT JOIN bindings USING (device_id)
LEFT JOIN assets USING (asset_id)
LEFT JOIN metrics ON metrics.asset_type_id = assets.asset_type_id AND metrics.name = series.metric
WHERE series.series_id = ANY(%(series)s)
GROUP BY series.series_id
"""

# For each changed range: the next sample after it, and the last stored bucket that its samples' hold had covered.
AFTER_CHANGES = """
SELECT array_send(array_agg(coalesce(following.at, 'infinity') ORDER BY number)),
       array_send(array_agg(coalesce(held.bucket, '-infinity') ORDER BY number))
FROM unnest(%(series)s, %(through)s) WITH ORDINALITY AS changes (series_id, through, number)
LEFT JOIN LATERAL (
    SELECT observed_at AS at FROM samples
    WHERE samples.series_id = changes.series_id AND observed_at > changes.through
    ORDER BY observed_at LIMIT 1
) AS following ON true
LEFT JOIN LATERAL (
    SELECT bucket FROM rollups_1h
    WHERE rollups_1h.series_id = changes.series_id AND bucket > changes.through
        AND bucket < coalesce(following.at, 'infinity') AND last_observed_at <= changes.through
    ORDER BY bucket DESC LIMIT 1
) AS held ON true
"""

# OFFSET 0 keeps the planner from joining the runs to a scan of all partitions; the bounds of all runs together let
# it leave out partitions beforehand.
SAMPLES = """
SELECT array_send(array_agg(number::int4)), array_send(array_agg(observed_at)),
       array_send(array_agg(CASE WHEN quality = 0 THEN 'NaN' ELSE coalesce(value, 'NaN') END))
FROM unnest(%(series)s, %(start)s, %(end)s) WITH ORDINALITY AS runs (series_id, start_at, end_at, number)
CROSS JOIN LATERAL (
    SELECT observed_at, value, quality FROM samples
    WHERE samples.series_id = runs.series_id AND observed_at >= start_at AND observed_at < end_at
        AND observed_at >= %(least)s AND observed_at < %(greatest)s
    OFFSET 0
) AS inside
"""

# How things stood when a run starts: the newest sample before it. What is older than `since`, the first change of this
# refresh, is in the rollups already, and may be there only.
STANDING = """
SELECT array_send(array_agg(number::int4)), array_send(array_agg(newest.at)), array_send(array_agg(newest.value))
FROM unnest(%(series)s, %(start)s, %(since)s) WITH ORDINALITY AS runs (series_id, start_at, since, number)
CROSS JOIN LATERAL (
    SELECT at, value FROM (
        (SELECT observed_at AS at, CASE WHEN quality = 0 THEN 'NaN' ELSE coalesce(value, 'NaN') END AS value
         FROM samples
         WHERE samples.series_id = runs.series_id AND observed_at >= since AND observed_at < start_at
             AND observed_at >= %(least_since)s AND observed_at < %(greatest)s
         ORDER BY observed_at DESC LIMIT 1)
        UNION ALL
        (SELECT last_observed_at, coalesce(last_value, 'NaN') FROM rollups_1h
         WHERE rollups_1h.series_id = runs.series_id AND bucket < start_at ORDER BY bucket DESC LIMIT 1)
    ) AS candidates ORDER BY at DESC LIMIT 1
) AS newest
"""

STORED = """
SELECT array_send(array_agg(number::int4)), array_send(array_agg(bucket)), array_send(array_agg(sample_count)),
       array_send(array_agg(last_observed_at)), array_send(array_agg(coalesce(last_value, 'NaN')))
FROM unnest(%(series)s, %(start)s, %(end)s) WITH ORDINALITY AS runs (series_id, start_at, end_at, number)
CROSS JOIN LATERAL (
    SELECT bucket, sample_count, last_observed_at, last_value FROM rollups_1h
    WHERE rollups_1h.series_id = runs.series_id AND bucket >= start_at AND bucket < end_at
    OFFSET 0
) AS inside
"""

_COLUMNS = "series_id, bucket, mean, minimum, maximum, last_value, last_observed_at, increase, sample_count, covered_s"

_ON_CONFLICT = """
ON CONFLICT (series_id, bucket) DO UPDATE SET
    mean = EXCLUDED.mean, minimum = EXCLUDED.minimum, maximum = EXCLUDED.maximum,
    last_value = EXCLUDED.last_value, last_observed_at = EXCLUDED.last_observed_at,
    increase = EXCLUDED.increase, sample_count = EXCLUDED.sample_count, covered_s = EXCLUDED.covered_s
"""

INSERT = f"""
INSERT INTO {{table}} ({_COLUMNS})
SELECT series_id, bucket, nullif(mean, 'NaN'), nullif(minimum, 'NaN'), nullif(maximum, 'NaN'),
       nullif(last_value, 'NaN'), last_observed_at, nullif(increase, 'NaN'), sample_count, covered_s
FROM unnest(%(series_id)s, %(bucket)s, %(mean)s, %(minimum)s, %(maximum)s, %(last_value)s, %(last_observed_at)s,
            %(increase)s, %(sample_count)s, %(covered_s)s) AS new ({_COLUMNS})
"""

UPSERT = INSERT + _ON_CONFLICT

DELETE_HOURS = """
DELETE FROM rollups_1h USING unnest(%(series)s, %(bucket)s) AS stale (series_id, bucket)
WHERE rollups_1h.series_id = stale.series_id AND rollups_1h.bucket = stale.bucket
"""

# All columns of stored rollups.
BUCKETS = """
SELECT array_send(array_agg(number::int4)), array_send(array_agg(bucket)),
       array_send(array_agg(coalesce(mean, 'NaN'))), array_send(array_agg(coalesce(minimum, 'NaN'))),
       array_send(array_agg(coalesce(maximum, 'NaN'))), array_send(array_agg(coalesce(last_value, 'NaN'))),
       array_send(array_agg(last_observed_at)), array_send(array_agg(coalesce(increase, 'NaN'))),
       array_send(array_agg(sample_count)), array_send(array_agg(covered_s))
FROM unnest(%(series)s, %(start)s, %(end)s) WITH ORDINALITY AS runs (series_id, start_at, end_at, number)
CROSS JOIN LATERAL (
    SELECT * FROM rollups_1h
    WHERE rollups_1h.series_id = runs.series_id AND bucket >= start_at AND bucket < end_at
    OFFSET 0
) AS inside
"""

STORED_DAYS = """
SELECT array_send(array_agg(number::int4)), array_send(array_agg(bucket)), array_send(array_agg(sample_count))
FROM unnest(%(series)s, %(start)s, %(end)s) WITH ORDINALITY AS runs (series_id, start_at, end_at, number)
CROSS JOIN LATERAL (
    SELECT bucket, sample_count FROM rollups_1d
    WHERE rollups_1d.series_id = runs.series_id AND bucket >= start_at AND bucket < end_at
    OFFSET 0
) AS inside
"""

DELETE_DAYS = """
DELETE FROM rollups_1d USING unnest(%(series)s, %(bucket)s) AS stale (series_id, bucket)
WHERE rollups_1d.series_id = stale.series_id AND rollups_1d.bucket = stale.bucket
"""
