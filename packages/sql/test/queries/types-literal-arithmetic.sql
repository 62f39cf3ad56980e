-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT i + 1.5 AS c0,
       p + 1 AS c1,
       b + 1 AS c2,
       p * 100 AS c3,
       p / 3 AS c4,
       i / 2 AS c5,
       7 / 2 AS c6,
       7 DIV 2 AS c7,
       i * 1.0 AS c8,
       1.5 + 2 AS c9,
       f + 1 AS c10,
       f * 1.5 AS c11,
       b * 1.5 AS c12,
       1 - p AS c13,
       100000 * p AS c14,
       3000000000 + p AS c15,
       p % 3 AS c16,
       b + 99999999999999999999 AS c17,
       -p AS c18,
       -i AS c19,
       +i AS c20,
       -body AS c21,
       -(-5) AS c22,
       - 2147483648 AS c23,
       i + NULL AS c24,
       p + NULL AS c25,
       p = 1 AS c26,
       i = 1.5 AS c27
FROM STREAM s
