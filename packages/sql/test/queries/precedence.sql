-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT 1 + 2 * 3 - 4 AS c0,
       -i * b AS c1,
       NOT durable AND durable OR NOT i = 1 AS c2,
       i + 1 > b * 2 AS c3,
       i BETWEEN 1 + 1 AND 2 * 3 AND durable AS c4,
       'a' || 'b' = 'ab' AS c5,
       2 - 1 - 1 AS c6,
       8 / 4 / 2 AS c7
FROM STREAM s
