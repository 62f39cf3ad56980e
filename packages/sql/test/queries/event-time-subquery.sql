-- plan
-- column s v DECIMAL(5,2)
-- column s ms BIGINT
SELECT q.v, count(*) AS n
FROM (SELECT timestamp_millis(ms) AS ts, v FROM STREAM s) WATERMARK ts DELAY OF INTERVAL '5' SECOND AS q
GROUP BY window(q.ts, '5 seconds'), q.v
