-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT CAST(i AS DECIMAL(38, 10)) + CAST(i AS DECIMAL(38, 2)) AS c0,
       CAST(i AS DECIMAL(38, 10)) * CAST(i AS DECIMAL(38, 2)) AS c1,
       CAST(i AS DECIMAL(38, 10)) / CAST(i AS DECIMAL(38, 2)) AS c2,
       CAST(i AS DECIMAL(38, 38)) % CAST(i AS DECIMAL(38, 2)) AS c3,
       coalesce(CAST(i AS DECIMAL(38, 0)), CAST(i AS DECIMAL(38, 38))) AS c4,
       coalesce(CAST(i AS DECIMAL(38, 20)), CAST(i AS DECIMAL(30, 2))) AS c5,
       CAST(i AS DECIMAL(20, 18)) * CAST(i AS DECIMAL(20, 18)) AS c6,
       CAST(i AS DECIMAL) AS c7,
       CAST(i AS DEC(3)) AS c8,
       CAST(i AS NUMERIC(5, 5)) AS c9
FROM STREAM s
