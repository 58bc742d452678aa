"""The SQL of rollups, the same on both engines. `runs` are stretches [start, end) of a series, by number."""

# Seconds that a sample of a series holds, from when on: by what the device was bound to at that time.
HOLDS = """
SELECT series.series_id, array_send(array_agg(coalesce(bindings.valid_from, '-infinity') ORDER BY bindings.valid_from)),
       array_send(array_agg(coalesce(metrics.max_hold_s, 2 * metrics.interval_s, %(unassigned_hold_s)s)
                            ORDER BY bindings.valid_from))
FROM series
LEFT JOIN bindings USING (device_id)
LEFT JOIN assets USING (asset_id)
LEFT JOIN metrics ON metrics.asset_type_id = assets.asset_type_id AND metrics.name = series.metric
WHERE series.series_id = ANY(%(series)s)
GROUP BY series.series_id
"""

# For each changed range: the next sample after it, the next good one, and the last stored bucket that its samples'
# hold had covered.
AFTER_CHANGES = """
SELECT array_send(array_agg(coalesce(following.at, 'infinity') ORDER BY number)),
       array_send(array_agg(coalesce(good.at, 'infinity') ORDER BY number)),
       array_send(array_agg(coalesce(held.bucket, '-infinity') ORDER BY number))
FROM unnest(%(series)s, %(through)s) WITH ORDINALITY AS changes (series_id, through, number)
LEFT JOIN LATERAL (
    SELECT observed_at AS at FROM samples
    WHERE samples.series_id = changes.series_id AND observed_at > changes.through
    ORDER BY observed_at LIMIT 1
) AS following ON true
LEFT JOIN LATERAL (
    SELECT observed_at AS at FROM samples
    WHERE samples.series_id = changes.series_id AND observed_at > changes.through
        AND quality <> 0 AND value IS NOT NULL
    ORDER BY observed_at LIMIT 1
) AS good ON true
LEFT JOIN LATERAL (
    SELECT bucket FROM rollups_1h
    WHERE rollups_1h.series_id = changes.series_id AND bucket > changes.through
        AND bucket < coalesce(following.at, 'infinity') AND last_observed_at <= changes.through
    ORDER BY bucket DESC LIMIT 1
) AS held ON true
"""

SAMPLES = """
SELECT number::int4, array_send(array_agg(observed_at ORDER BY observed_at)),
       array_send(array_agg(CASE WHEN quality = 0 THEN 'NaN' ELSE coalesce(value, 'NaN') END ORDER BY observed_at))
FROM unnest(%(series)s, %(start)s, %(end)s) WITH ORDINALITY AS runs (series_id, start_at, end_at, number)
CROSS JOIN LATERAL (
    SELECT observed_at, value, quality FROM samples
    WHERE samples.series_id = runs.series_id AND observed_at >= start_at AND observed_at < end_at
) AS inside
GROUP BY number ORDER BY number
"""

# How things stood when a run starts: the newest sample before it, and the newest good one. From the raw rows or,
# where these are gone, from the last rollup before it.
STANDING = """
SELECT array_send(array_agg(number::int4)), array_send(array_agg(observed_at)), array_send(array_agg(value))
FROM unnest(%(series)s, %(start)s) WITH ORDINALITY AS runs (series_id, start_at, number)
CROSS JOIN LATERAL (
    (SELECT observed_at, CASE WHEN quality = 0 THEN 'NaN' ELSE coalesce(value, 'NaN') END AS value FROM samples
     WHERE samples.series_id = runs.series_id AND observed_at < start_at ORDER BY observed_at DESC LIMIT 1)
    UNION
    (SELECT observed_at, value FROM samples
     WHERE samples.series_id = runs.series_id AND observed_at < start_at AND quality <> 0 AND value IS NOT NULL
     ORDER BY observed_at DESC LIMIT 1)
    UNION
    (SELECT last_observed_at, coalesce(last_value, 'NaN') FROM rollups_1h
     WHERE rollups_1h.series_id = runs.series_id AND bucket < start_at ORDER BY bucket DESC LIMIT 1)
) AS standing
"""

STORED = """
SELECT number::int4, array_send(array_agg(bucket ORDER BY bucket)),
       array_send(array_agg(sample_count ORDER BY bucket)),
       array_send(array_agg(last_observed_at ORDER BY bucket)),
       array_send(array_agg(coalesce(last_value, 'NaN') ORDER BY bucket))
FROM unnest(%(series)s, %(start)s, %(end)s) WITH ORDINALITY AS runs (series_id, start_at, end_at, number)
JOIN rollups_1h ON rollups_1h.series_id = runs.series_id AND bucket >= start_at AND bucket < end_at
GROUP BY number ORDER BY number
"""

_COLUMNS = "series_id, bucket, mean, minimum, maximum, last_value, last_observed_at, increase, sample_count, covered_s"

_ON_CONFLICT = """
ON CONFLICT (series_id, bucket) DO UPDATE SET
    mean = EXCLUDED.mean, minimum = EXCLUDED.minimum, maximum = EXCLUDED.maximum,
    last_value = EXCLUDED.last_value, last_observed_at = EXCLUDED.last_observed_at,
    increase = EXCLUDED.increase, sample_count = EXCLUDED.sample_count, covered_s = EXCLUDED.covered_s
"""

UPSERT = f"""
INSERT INTO {{table}} ({_COLUMNS})
SELECT series_id, bucket, nullif(mean, 'NaN'), nullif(minimum, 'NaN'), nullif(maximum, 'NaN'),
       nullif(last_value, 'NaN'), last_observed_at, nullif(increase, 'NaN'), sample_count, covered_s
FROM unnest(%(series_id)s, %(bucket)s, %(mean)s, %(minimum)s, %(maximum)s, %(last_value)s, %(last_observed_at)s,
            %(increase)s, %(sample_count)s, %(covered_s)s) AS new ({_COLUMNS})
{_ON_CONFLICT}
"""

DELETE_HOURS = """
DELETE FROM rollups_1h USING unnest(%(series)s, %(bucket)s) AS stale (series_id, bucket)
WHERE rollups_1h.series_id = stale.series_id AND rollups_1h.bucket = stale.bucket
"""

# Days come from hours, which are kept for good: so they are right whatever has become of the raw rows.
UPSERT_DAYS = f"""
INSERT INTO rollups_1d ({_COLUMNS})
SELECT rollups_1h.series_id, date_bin('1 day', bucket, '2000-01-01Z') AS day,
       least(greatest(sum(mean * covered_s) / nullif(sum(covered_s), 0), min(minimum)), max(maximum)),
       min(minimum), max(maximum), (array_agg(last_value ORDER BY bucket DESC))[1], max(last_observed_at),
       sum(increase), sum(sample_count), sum(covered_s)
FROM unnest(%(series)s, %(start)s, %(end)s) AS days (series_id, start_at, end_at)
JOIN rollups_1h ON rollups_1h.series_id = days.series_id AND bucket >= start_at AND bucket < end_at
GROUP BY rollups_1h.series_id, day
{_ON_CONFLICT}
"""

DELETE_DAYS = """
DELETE FROM rollups_1d USING unnest(%(series)s, %(bucket)s) AS stale (series_id, bucket)
WHERE rollups_1d.series_id = stale.series_id AND rollups_1d.bucket = stale.bucket
    AND NOT EXISTS (SELECT FROM rollups_1h WHERE rollups_1h.series_id = stale.series_id
                    AND rollups_1h.bucket >= stale.bucket AND rollups_1h.bucket < stale.bucket + interval '1 day')
"""
