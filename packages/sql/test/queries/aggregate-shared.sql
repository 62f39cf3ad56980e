-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT sum(i) AS a, sum(i) + 1 AS b, SUM( i ) * count(*) AS c FROM STREAM s GROUP BY window(time, '5 seconds')
