-- plan
-- column s measured TIMESTAMP
-- format s json
-- event-time s measured 10
INSERT INTO t SELECT count(*) AS n
FROM STREAM s WATERMARK measured DELAY OF INTERVAL 1 SECOND GROUP BY window(measured, '1 minute')
