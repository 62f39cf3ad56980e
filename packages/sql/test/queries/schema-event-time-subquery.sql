-- plan
-- column s measured TIMESTAMP
-- format s json
-- event-time s measured 0
INSERT INTO t SELECT window.start AS start, count(*) AS n
FROM (SELECT measured AS at FROM STREAM s WHERE body IS NOT NULL) GROUP BY window(at, '1 minute')
