-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT max(CASE WHEN i > 0 THEN d ELSE 0 END) AS a, sum(i * 2) AS b FROM STREAM s GROUP BY window(time, '5 seconds')
