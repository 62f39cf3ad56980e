-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT i = b AS c0,
       i <> body AS c1,
       i != 1 AS c2,
       i == 1 AS c3,
       i <=> NULL AS c4,
       f < d AS c5,
       p >= p2 AS c6,
       body = 'x' AS c7,
       body > 1 AS c8,
       time > '2020-01-01' AS c9,
       durable = true AS c10,
       body_bytes = body AS c11,
       durable > false AS c12,
       1 < 2 < true AS c13,
       NOT i = 1 AS c14,
       NULL = 1 AS c15
FROM STREAM s
