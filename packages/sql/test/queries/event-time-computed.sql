-- plan
-- column s v BIGINT
INSERT INTO t
SELECT sum(v) AS total, window.start AS start
FROM STREAM s WATERMARK to_timestamp(get_json_object(body, '$.at')) AS ts DELAY OF INTERVAL 1 MINUTE 30 SECONDS
GROUP BY window(ts, '5 minutes')
