-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT sum(i) FILTER (WHERE i > 0) AS a, count(*) FILTER (WHERE durable AND body IS NOT NULL) AS b, sum(i) AS c FROM STREAM s GROUP BY window(time, '5 seconds')
