-- plan
-- column s measured TIMESTAMP
-- format s json
-- event-time s measured 10
INSERT INTO t SELECT max(measured) AS last FROM STREAM s GROUP BY window(time, '1 minute')
