-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT i IN (1, 2.5) AS c0,
       i IN ('1') AS c1,
       body IN (1, 2) AS c2,
       body IN ('a', NULL) AS c3,
       i NOT IN (1L) AS c4,
       i BETWEEN 1 AND '5' AS c5,
       body NOT BETWEEN 'a' AND 'b' AS c6,
       time BETWEEN '2020-01-01' AND time AS c7,
       i LIKE '1%' AS c8,
       body NOT LIKE 'a!%' ESCAPE '!' AS c9,
       body LIKE 'a\\%' AS c10,
       body RLIKE '[0-9]+' AS c11,
       body NOT REGEXP 'a' AS c12,
       body IS NULL AS c13,
       i IS NOT NULL AS c14,
       durable IS TRUE AS c15,
       durable IS NOT FALSE AS c16,
       durable IS UNKNOWN AS c17,
       durable IS NOT UNKNOWN AS c18,
       NOT durable AS c19,
       !durable AS c20,
       durable AND NULL OR i > 1 AS c21,
       i = 1 IS TRUE AS c22
FROM STREAM s WHERE NOT durable OR i > 1 AND b < 2
