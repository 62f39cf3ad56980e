-- plan
-- column s ts TIMESTAMP
INSERT INTO t SELECT ts AS first, count(*) AS n
FROM STREAM s WATERMARK ts DELAY OF INTERVAL 10 SECONDS GROUP BY window(ts, '1 minute'), ts
