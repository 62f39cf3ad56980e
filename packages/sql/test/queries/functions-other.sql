-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT typeof(i) AS c0,
       typeof(p) AS c1,
       typeof(properties) AS c2,
       isnull(body) AS c3,
       isnotnull(body) AS c4,
       properties IS NULL AS c5
FROM STREAM s
