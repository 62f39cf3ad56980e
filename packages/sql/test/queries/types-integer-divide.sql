-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT i DIV i AS c0,
       i DIV b AS c1,
       b DIV 2 AS c2,
       p DIV p2 AS c3,
       i DIV p AS c4,
       p DIV 3 AS c5,
       body DIV 2 AS c6
FROM STREAM s
